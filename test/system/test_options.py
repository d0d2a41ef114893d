# test_options: how kelvin is asked, and how it lives.
# SPDX-License-Identifier: MIT
"""Words, configuration files, the daemon and its rights, from outside.

What a value may be is in test/unit/test_options.c; here it is about messages,
exit statuses and what the process does.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

import captures
from conftest import quiet_environment

CAP_NET_RAW = 1 << 13

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="skipped: only root can open interfaces"
)


def run(kelvin, *words, stdout=subprocess.PIPE, **more):
    return subprocess.run(
        [str(kelvin), *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=quiet_environment(),
        timeout=20,
        **more,
    )


def check_refused(done, status, *parts):
    """One clear line, nothing on standard output."""
    assert done.returncode == status, done.stderr
    assert not done.stdout
    assert re.fullmatch(r"kelvin: [^\n]+\n", done.stderr), done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.fixture
def folder():
    """A directory that other users can reach, unlike those of pytest."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="kelvin."))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


# --- words ---------------------------------------------------------------

BAD_WORDS = [
    (["--nonsense-at-all"], "--nonsense-at-all: there is no such option"),
    (["--interfcae", "lo"], "did you mean --interface?"),
    (["--max", "1"], "--max-num-flows or --max-num-hosts"),
    (["-y"], "-y: there is no such option"),
    (["-i"], "--interface: needs a value"),
    (["-i", ""], "must name an interface or a file"),
    (["-i", "tcp://127.0.0.1:5556"], "kelvin has no tcp:// interfaces"),
    (["-I", "tcp://*:5556"], "kelvin has no publishing over ZMQ"),
    (["--community"], "kelvin has no editions"),
    (["-u", "eth0"], "'eth0' is not an option"),
    (["-u", "\x1b[2J"], "'?[2J' is not an option"),
    (["-v", "7"], "--verbose '7': must be a number from 0 to 6"),
    (["-X", "1e6"], "--max-num-flows '1e6': must be a number from 1024"),
    (["--snaplen=63"], "from 64 to 262144 bytes"),
    (["--flow-timeout", "tcp=3"], "tcp-opening, tcp-established"),
    (["-D", "some"], "must be all, local, remote or none"),
    (["-g", "0-"], "must be core numbers"),
    (["-e", "-i", "-"], "a daemon has no standard input"),
    (["-i", "-", "-i", "-;tcp"], "standard input can be read once"),
    (["--log-file=/x", "--syslog"], "choose one of them"),
    (["--daemon=yes"], "takes no value"),
    (["-e=yes"], "--daemon 'yes': takes no value"),
    (["nowhere.conf"], "configuration file nowhere.conf: No such file"),
    (["/"], "configuration file /: Is a directory"),
    (["-m", "10.0.0.0/99"], "-m: network"),
    (["-F", "nonsense;x"], "no such kind of export"),
    (["-F", "file"], 'must be like "file;PATH"'),
    (["-F", "file;a", "-F", "file;a"], "given twice"),
]


@pytest.mark.parametrize("words,part", BAD_WORDS, ids=lambda w: str(w)[:30])
def test_bad_words(words, part, kelvin):
    check_refused(run(kelvin, *words), 2, part)


@pytest.mark.parametrize("word", ["-h", "--help", "--he"])
def test_help(word, kelvin):
    done = run(kelvin, word)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: kelvin ")
    assert max(map(len, done.stdout.splitlines())) < 80
    for name in ("--interface", "--dump-flows", "--run SCRIPT", "--geoip"):
        assert name in done.stdout


@pytest.mark.parametrize("word", ["-V", "--version"])
def test_version(word, kelvin):
    done = run(kelvin, word)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"kelvin \d+\.\d+\.\d+\n", done.stdout)


def test_help_that_nobody_gets_is_a_failure(kelvin):
    with open("/dev/full", "w") as full:
        done = run(kelvin, "-h", stdout=full)
    assert done.returncode == 1
    assert "No space left" in done.stderr


def test_fields_are_listed_with_their_keys(kelvin):
    done = run(kelvin, "--print-fields")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert {len(row) for row in rows} == {6}
    keys = [(entity, key) for entity, key, *_ in rows if key != "-"]
    assert len(keys) == len(set(keys))
    told = {(row[0], row[1]): row[2:] for row in rows}
    assert told["flow", "cli2srv.bytes"][:3] == ["IN_BYTES", "number", "bytes"]
    assert told["flow", "tls.version"][:2] == ["TLS_VERSION", "text"]
    assert told["flow", "tcp.nw_latency.client"][1:3] == ["decimal", "ms"]
    assert told["host", "localhost"][:2] == ["-", "yes or no"]
    assert ("vlan", "vlan_id") in told
    assert any(row[2] == "FLOW_ID" for row in rows)


@pytest.mark.parametrize("option", ["--print-ndpi-protocols", "--print-fields"])
def test_lists_that_nobody_gets_are_a_failure(option, kelvin):
    with open("/dev/full", "w") as full:
        done = run(kelvin, option, stdout=full)
    assert done.returncode == 1
    assert "No space left" in done.stderr


def test_name_with_control_characters_is_masked(kelvin):
    done = run(kelvin, "-i", "a\nb\x1b[31m")
    check_refused(done, 1, "a?b?[31m: no such interface")


# --- configuration files -------------------------------------------------

BAD_FILES = [
    ("-v=1\n\n-y=3\n", "k.conf:3: -y: there is no such option"),
    ("# fine\nverbos3=1\n", "k.conf:2: --verbos3: there is no such option"),
    ("-v = many\n", "k.conf:1: --verbose 'many': must be a number"),
    ("-i\n", "k.conf:1: --interface: needs a value"),
    ("--daemon=yes\n", "k.conf:1: --daemon 'yes': takes no value"),
    ("--community\n", "k.conf:1: --community: kelvin has no editions"),
    ("-h\n", "k.conf:1: --help: is for the command line only"),
    ("a\0b\n", "k.conf:1: this is not a text file"),
    ("\x1b[2J\n", "k.conf:1: --?[2J: there is no such option"),
    ("#" * (2 << 20), "k.conf: is larger than 1 MiB"),
]


@pytest.mark.parametrize("text,part", BAD_FILES, ids=lambda w: repr(w)[:30])
def test_bad_files(text, part, kelvin, tmp_path):
    path = tmp_path / "k.conf"
    path.write_text(text)
    check_refused(run(kelvin, path), 2, part)


def test_file_and_words(kelvin, folder):
    """The file is read first, the words after it win."""
    capture = folder / "a b.pcap"
    captures.save(capture, captures.frames([captures.udp()]))
    config = folder / "k.conf"
    config.write_text(
        "# a test\n\n"
        f'-i = "{capture}"\n'
        "--redis=none\n"
        "-w 0\n"
        f"data-dir={folder}/nowhere/at/all\n"
        "shutdown-when-done\n"
        "-v=0\n"
    )
    done = run(kelvin, config, "-d", folder / "data", "-v", "2")
    assert done.returncode == 0, done.stderr
    assert (folder / "data").is_dir()
    assert not (folder / "nowhere").exists()


# --- a daemon ------------------------------------------------------------


class Daemon:
    """A kelvin in the background; its pid file says which process it is."""

    def __init__(self, kelvin, folder, *words):
        self.pid_file = folder / "k.pid"
        self.log = folder / "data" / "kelvin.log"
        self.words = ["-r", "none", "-w", "0", "-d", folder / "data"]
        self.words += ["-e", "-G", self.pid_file, *words]
        self.kelvin = kelvin
        self.folder = folder
        self.pid = None

    def start(self):
        done = run(self.kelvin, *self.words, cwd=self.folder)
        if done.returncode == 0:
            self.pid = int(self.pid_file.read_text())
        return done

    def status(self):
        """/proc/PID/status as a dictionary."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines())

    def is_alive(self):
        """Not even as a zombie that nobody has waited for."""
        try:
            return not self.status()["State"].startswith("Z")
        except (FileNotFoundError, ProcessLookupError):
            return False

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self):
        if self.pid and self.is_alive():
            self.signal(signal.SIGKILL)


def wait_for(condition, what, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not after {seconds} s"
        time.sleep(0.02)


@pytest.fixture
def daemon(kelvin, folder):
    made = []

    def make(*words):
        made.append(Daemon(kelvin, folder, *words))
        return made[-1]

    yield make
    for one in made:
        one.end()


@needs_root
def test_daemon_lives_and_ends(daemon):
    one = daemon("-i", "lo")
    done = one.start()
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert one.is_alive()
    assert os.getsid(one.pid) == one.pid
    assert os.readlink(f"/proc/{one.pid}/cwd") == "/"
    for fd in range(3):
        assert os.readlink(f"/proc/{one.pid}/fd/{fd}") == "/dev/null"
    assert one.pid_file.stat().st_mode & 0o7777 == 0o644
    one.signal(signal.SIGTERM)
    wait_for(lambda: not one.is_alive(), "end by SIGTERM")
    assert not one.pid_file.exists() or not one.pid_file.read_text()


@needs_root
def test_second_daemon_is_refused(daemon):
    one, two = daemon("-i", "lo"), daemon("-i", "lo")
    assert one.start().returncode == 0
    done = two.start()
    assert done.returncode == 1
    assert f"another kelvin is running as process {one.pid}" in done.stderr
    assert int(one.pid_file.read_text()) == one.pid
    assert one.is_alive()


@needs_root
def test_stale_pid_file_is_replaced(daemon):
    one = daemon("-i", "lo")
    assert one.start().returncode == 0
    killed = one.pid
    one.signal(signal.SIGKILL)
    wait_for(lambda: not one.is_alive(), "end by SIGKILL")
    assert int(one.pid_file.read_text()) == killed
    assert one.start().returncode == 0
    assert one.pid != killed


BAD_STARTS = [
    (["-i", "no-such-if"], "no-such-if"),
    (["-i", "/no/such/file.pcap"], "/no/such/file.pcap"),
    (["-i", "lo", "-U", "no-such-user"], "--user no-such-user"),
    (["-i", "lo", "-d", "/proc/nowhere"], "/proc/nowhere"),
    (["-i", "lo", "-d", "/proc/nowhere"], "choose another with -d"),
    (["-i", "lo", "--log-file", "/nowhere/log"], "/nowhere/log"),
    (["-i", "lo", "-G", "/nowhere/pid"], "/nowhere/pid"),
    (["-i", "lo", "--log-file", "/dev/stdout"], "links are not followed"),
    (["-i", "lo", "-g", "1023"], "none of these processor cores"),
]


@needs_root
@pytest.mark.parametrize("words,part", BAD_STARTS, ids=lambda w: str(w)[:40])
def test_daemon_that_cannot_start_says_so(words, part, daemon):
    one = daemon(*words)
    done = one.start()
    assert done.returncode == 1, done.stderr
    assert part in done.stderr
    assert not one.pid_file.exists()


@needs_root
def test_log_is_reopened(daemon):
    one = daemon("-i", "lo", "-v", "3")
    assert one.start().returncode == 0
    assert one.log.exists()
    old = one.log.with_suffix(".1")
    one.log.rename(old)
    one.signal(signal.SIGHUP)
    wait_for(one.log.exists, "a new log")
    assert one.log.stat().st_mode & 0o137 == 0
    assert one.is_alive()
    for line in old.read_text().splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z [\w.-]+: ", line)


@needs_root
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_no_signal_comes_too_early(number, daemon):
    """Not even at once when the command has returned."""
    for _ in range(5):
        one = daemon("-i", "lo")
        assert one.start().returncode == 0
        one.signal(number)
        time.sleep(0.1)
        assert one.is_alive()
        one.signal(signal.SIGTERM)
        wait_for(lambda: not one.is_alive(), "end by SIGTERM")


@needs_root
def test_records_are_reopened_where_they_were(daemon, folder):
    """A relative name means the directory that the daemon has left."""
    one = daemon("-i", "lo", "-s", "-F", "file;flows.json")
    assert one.start().returncode == 0
    records = folder / "flows.json"
    records.rename(folder / "flows.json.1")
    one.signal(signal.SIGHUP)
    wait_for(records.exists, "new records")
    assert not pathlib.Path("/flows.json").exists()


@needs_root
def test_report_of_a_daemon_is_in_its_log(daemon):
    """Nobody sees its standard error."""
    one = daemon("-i", "lo", "-v", "0")
    assert one.start().returncode == 0
    one.signal(signal.SIGUSR1)
    wait_for(lambda: "captures ran" in one.log.read_text() or
             "processed" in one.log.read_text(), "a report")
    for line in one.log.read_text().splitlines():
        assert "Z report: " in line


@needs_root
def test_rights_are_dropped(daemon, folder):
    one = daemon("-i", "lo", "-U", "nobody")
    assert one.start().returncode == 0
    status = one.status()
    assert "0" not in status["Uid"].split() + status["Gid"].split()
    assert "0" not in status["Groups"].split()
    for name in ("CapPrm", "CapEff"):
        assert int(status[name], 16) & ~CAP_NET_RAW == 0
    for name in ("CapInh", "CapAmb"):
        assert int(status[name], 16) == 0
    assert status["NoNewPrivs"] == "1"
    limits = pathlib.Path(f"/proc/{one.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M)
    owner = (folder / "data").stat()
    assert str(owner.st_uid) == status["Uid"].split()[0]
    assert owner.st_mode & 0o7777 == 0o750


@needs_root
def test_root_stays_when_asked(daemon):
    one = daemon("-i", "lo", "-s")
    assert one.start().returncode == 0
    assert set(one.status()["Uid"].split()) == {"0"}
    assert one.status()["NoNewPrivs"] == "1"


@needs_root
def test_foreign_data_directory_stays_foreign(kelvin, folder):
    (folder / "precious").write_text("mine")
    words = ["-r", "none", "-w", "0", "-i", "lo", "-d", folder]
    done = run(kelvin, *words)
    assert done.returncode == 1
    assert f"{folder}: belongs to user 0" in done.stderr
    assert folder.stat().st_uid == 0


@needs_root
def test_cores(daemon):
    one = daemon("-i", "lo", "-g", "0")
    assert one.start().returncode == 0
    assert os.sched_getaffinity(one.pid) == {0}


@needs_root
def test_secrets_are_not_in_the_process_list(daemon, folder):
    one = daemon("-i", "lo", "-F", f"file;{folder}/data/secret")
    assert one.start().returncode == 0
    words = pathlib.Path(f"/proc/{one.pid}/cmdline").read_bytes()
    assert b"secret" not in words
    assert b"\0lo\0" in words
