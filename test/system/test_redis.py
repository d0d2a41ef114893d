# test_redis: preferences that change, and a Redis that fails.
# SPDX-License-Identifier: MIT
"""A real redis-server in a directory and on a socket of its own, and a kelvin
that watches packets meanwhile. What kelvin does without -r is tried in a
network namespace, where no Redis of the machine can be meant."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

import captures
from conftest import Report, tool
from running import Running, wait_for

IDLE = "ntopng.prefs.flow_max_idle"
LEVEL = "ntopng.prefs.logging_level"

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="skipped: only root can open interfaces"
)


class Redis:
    """A server that the test can end, stop and start again."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "r.sock"
        self.process = None
        self.conf = []

    def start(self, *conf):
        self.conf = conf or self.conf
        lines = ["port 0", f"unixsocket {self.path}", f"dir {self.folder}"]
        lines += ['save ""', "appendonly no", "enable-debug-command yes"]
        self.process = subprocess.Popen(
            [tool("redis-server"), "-"],
            stdin=subprocess.PIPE,
            stdout=(self.folder / "log").open("ab"),
        )
        text = "\n".join([*lines, *self.conf]) + "\n"
        self.process.stdin.write(text.encode())
        self.process.stdin.close()
        wait_for(
            lambda: re.search("PONG|NOAUTH", self.cli("ping", check=False)),
            "a redis-server",
        )
        return self

    def cli(self, *words, check=True):
        done = subprocess.run(
            [tool("redis-cli"), "-s", self.path, *map(str, words)],
            capture_output=True,
            text=True,
            timeout=30,
            check=check,
        )
        return (done.stdout + done.stderr).strip()

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def folder():
    """With a short name, as sockets need."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="kelvin."))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def redis(folder):
    server = Redis(folder)
    yield server
    server.kill()


class Watching(Running):
    """A kelvin on the loopback that sees what this test sends, alone."""

    def __init__(self, command, folder, port):
        folder.mkdir()
        super().__init__(command, folder)
        self.port = port

    def talk(self, count=10):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            for _ in range(count):
                udp.sendto(b"hello", ("127.0.0.1", self.port))

    def packets(self):
        return Report(self.report()).number("packets")

    def wait_sees(self, talk=10):
        """Packets still come in, whatever Redis does."""
        before = self.packets()
        self.talk(talk)
        wait_for(lambda: self.packets() >= before + talk, "packets")


def is_ready(one):
    """True once it answers SIGUSR1, for which the loop must run."""
    assert one.process.poll() is None, one.said()
    status = pathlib.Path(f"/proc/{one.pid}/status").read_text()
    caught = int(re.search(r"SigCgt:\s+(\w+)", status)[1], 16)
    return caught & 1 << (signal.SIGUSR1 - 1)


@pytest.fixture
def start(kelvin, folder):
    """Start kelvin with these words; it is watching when this returns."""
    started = []

    def run(*words, level="3"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            port = udp.getsockname()[1]
        command = [str(kelvin), "-i", f"lo;udp dst port {port}", "-s"]
        command += ["-w", "0", "-d", str(folder / f"data{len(started)}")]
        command += ["-v", level] if level else []
        one = Watching(
            [*command, "-F", "file;-", *map(str, words)],
            folder / f"kelvin{len(started)}",
            port,
        )
        started.append(one)

        wait_for(lambda: is_ready(one), one.said)
        return one

    yield run
    for one in started:
        one.kill()
        said = one.said()
        assert "Sanitizer" not in said and "runtime error" not in said, said


@pytest.fixture
def connected(start, redis):
    """A kelvin with a plain Redis; it has read its preferences."""
    redis.start()
    one = start("-r", f"unix:{redis.path}")
    one.wait_said("connected to")
    return one


# --- preferences ---------------------------------------------------------


def is_asked_by_event(redis):
    flags = redis.cli("config", "get", "notify-keyspace-events")
    return set("K$g") <= set(flags.split("\n")[-1])


@needs_root
def test_preference_changes_live(connected, redis):
    wait_for(lambda: is_asked_by_event(redis), "events")
    connected.talk(1)
    redis.cli("set", IDLE, 1)
    connected.wait_said(f"{IDLE} is now 1")
    wait_for(lambda: connected.records(), "a flow that ends early")
    redis.cli("del", IDLE)
    connected.wait_said(f"{IDLE} is now 60")
    redis.cli("set", IDLE, 5, "PX", 300)
    connected.wait_said(f"{IDLE} is now 60", 2)


@needs_root
def test_change_takes_less_than_a_second(connected, redis):
    wait_for(lambda: is_asked_by_event(redis), "events")
    for seconds in range(101, 106):
        begin = time.monotonic()
        redis.cli("set", IDLE, seconds)
        connected.wait_said(f"{IDLE} is now {seconds}")
        assert time.monotonic() - begin < 1


@needs_root
def test_bad_value_is_refused_by_name(connected, redis):
    redis.cli("set", IDLE, 70)
    connected.wait_said(f"{IDLE} is now 70")
    redis.cli("set", IDLE, "soon")
    connected.wait_said(
        f"{IDLE} 'soon': must be a number from 1 to 86400 seconds; '70' stays"
    )
    redis.cli("set", IDLE, 71)
    connected.wait_said(f"{IDLE} is now 71")
    assert connected.said().count("'soon'") == 1


@needs_root
def test_values_of_before_are_read_at_the_start(start, redis):
    redis.start().cli("set", IDLE, 77)
    start("-r", f"unix:{redis.path}").wait_said(f"{IDLE} is now 77")


@needs_root
def test_database_is_the_one_of_the_option(start, redis):
    redis.start().cli("-n", 3, "set", IDLE, 33)
    redis.cli("set", IDLE, 44)
    one = start("-r", f"unix:{redis.path}@3")
    one.wait_said(f"{IDLE} is now 33")
    redis.cli("-n", 3, "set", IDLE, 34)
    one.wait_said(f"{IDLE} is now 34")
    assert "is now 44" not in one.said()


@needs_root
def test_log_level_follows_unless_given(start, redis):
    redis.start()
    free = start("-r", f"unix:{redis.path}", level=None)
    given = start("-r", f"unix:{redis.path}", level="1")
    free.wait_said("connected to")
    redis.cli("set", LEVEL, "info")
    wait_for(lambda: f"{LEVEL} is now info" in free.said(), free.said)
    redis.cli("set", IDLE, 50)
    redis.cli("set", IDLE, "bad")
    for one in free, given:
        one.wait_said(f"{IDLE} 'bad'")
    assert "is now" not in given.said()
    assert f"{IDLE} is now 50" in free.said()


@needs_root
def test_command_line_wins_over_idle_time(start, redis):
    redis.start().cli("set", IDLE, 1)
    one = start("-r", f"unix:{redis.path}", "--flow-timeout", "udp=60")
    one.wait_said(f"{IDLE} is now 1")
    time.sleep(3)
    assert not one.records()


@needs_root
def test_events_that_are_on_stay_on(start, redis):
    redis.start('notify-keyspace-events "El"')
    start("-r", f"unix:{redis.path}").wait_said("connected to")
    wait_for(lambda: is_asked_by_event(redis), "events")
    flags = redis.cli("config", "get", "notify-keyspace-events")
    assert set("El") <= set(flags.split("\n")[-1])


@needs_root
@pytest.mark.parametrize(
    "conf",
    [
        'rename-command CONFIG ""',
        "user default on nopass ~* &* +@all -config",
        "user default on nopass ~* resetchannels +@all",
    ],
    ids=["renamed", "forbidden", "no-channels"],
)
def test_without_events_it_asks_each_second(conf, start, redis):
    redis.start(conf)
    one = start("-r", f"unix:{redis.path}")
    one.wait_said("connected to")
    for seconds in (11, 12):
        redis.cli("set", IDLE, seconds)
        one.wait_said(f"{IDLE} is now {seconds}")
    redis.cli("del", IDLE)
    one.wait_said(f"{IDLE} is now 60")


@needs_root
def test_foreign_data_is_left_alone(start, redis):
    redis.start().cli("rpush", IDLE, 5)
    redis.cli("set", "ntopng.prefs.of_another", "x")
    redis.cli("hset", "ntopng.prefs.thpt_content", "a", "b")
    redis.cli("setbit", "ntopng.prefs.host_mask", 77, 1)
    one = start("-r", f"unix:{redis.path}")
    one.wait_said(f"{IDLE}: Redis holds something else")
    one.wait_said("thpt_content: Redis holds something else")
    one.wait_said("ntopng.prefs.host_mask")
    one.wait_sees()
    redis.cli("del", IDLE)
    redis.cli("set", IDLE, 9)
    one.wait_said(f"{IDLE} is now 9")
    assert one.end() == 0
    assert redis.cli("type", "ntopng.prefs.thpt_content") == "hash"
    assert redis.cli("get", "ntopng.prefs.of_another") == "x"
    ours = {"ntopng.prefs.iface_id"} | {
        key for key in redis.cli("keys", "*").split()
        if "serialized" in key or key.startswith("ntopng.user.admin.")
    }
    assert len(set(redis.cli("keys", "*").split()) - ours) == 4


# --- a Redis that fails --------------------------------------------------


@needs_root
def test_killed_under_traffic_and_back(connected, redis):
    for round in (1, 2):
        redis.kill()
        connected.wait_said("is away: closed the connection", round)
        connected.wait_sees()
        redis.start().cli("set", IDLE, 20 + round)
        connected.wait_said("connected to", round + 1)
        connected.wait_said(f"{IDLE} is now {20 + round}")
    report = connected.report()
    assert re.search(r"state +ready, connected 3 times", report)
    assert connected.said().count("is away") == 2


@needs_root
def test_away_at_the_start(start, redis):
    one = start("-r", f"unix:{redis.path}")
    one.wait_said("is away: No such file or directory")
    one.wait_sees()
    redis.start()
    one.wait_said("connected to")
    assert one.end() == 0


@needs_root
@pytest.mark.parametrize("given", ["", ":wrong-one"], ids=["none", "wrong"])
def test_wrong_password(given, start, redis):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    redis.start("bind 127.0.0.1", "requirepass right-one", f"port {port}")
    one = start("-r", f"127.0.0.1:{port}{given}")
    one.wait_said("is away: WRONGPASS" if given else "is away: NOAUTH")
    one.wait_sees()
    if given:
        redis.cli("-a", "right-one", "config", "set", "requirepass", given[1:])
    else:
        redis.cli("-a", "right-one", "config", "set", "requirepass", "")
    one.wait_said("connected to")
    assert one.said().count("is away") == 1
    assert "wrong-one" not in one.said()


@needs_root
def test_password_that_is_not_wanted(start, redis):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    redis.start("bind 127.0.0.1", f"port {port}")
    one = start("-r", f"127.0.0.1:{port}:hush")
    one.wait_said("connected to")
    assert "hush" not in one.said()


@needs_root
def test_slow_answers_are_waited_for(connected, redis):
    redis.cli("debug", "sleep", "2.5")
    redis.cli("set", IDLE, 31)
    connected.wait_said(f"{IDLE} is now 31")
    assert "is away" not in connected.said()


@needs_root
def test_one_that_hangs_is_away(connected, redis):
    redis.send(signal.SIGSTOP)
    connected.wait_said("is away: does not answer")
    connected.wait_sees()
    redis.send(signal.SIGCONT)
    connected.wait_said("connected to", 2)
    redis.cli("set", IDLE, 32)
    connected.wait_said(f"{IDLE} is now 32")


@needs_root
def test_full_memory_and_replicas_only_hurt_writes(connected, redis):
    redis.cli("config", "set", "maxmemory", "1")
    redis.cli("replicaof", "127.0.0.1", "1")
    connected.wait_sees()
    redis.cli("replicaof", "no", "one")
    redis.cli("config", "set", "maxmemory", "0")
    redis.cli("set", IDLE, 41)
    connected.wait_said(f"{IDLE} is now 41")
    assert connected.end() == 0


@needs_root
def test_huge_value_under_a_preference(connected, redis, is_asan):
    redis.cli("eval", f"redis.call('set', '{IDLE}', ('x'):rep(2e8))", "0")
    connected.wait_sees()
    redis.cli("set", IDLE, 51)
    connected.wait_said(f"{IDLE} is now 51")
    status = pathlib.Path(f"/proc/{connected.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1])
    assert is_asan or peak < 100_000  # KiB


@needs_root
def test_thousands_of_foreign_keys_change(connected, redis):
    redis.cli(
        "eval",
        "for i = 1, 50000 do redis.call('set', 'ntopng.prefs.n' .. i, i) end",
        "0",
    )
    redis.cli("set", IDLE, 52)
    connected.wait_said(f"{IDLE} is now 52")
    connected.wait_sees()
    assert "is away" not in connected.said()


def test_name_that_nobody_knows(run_kelvin, tmp_path):
    path = captures.save(tmp_path / "a.pcap", captures.frames([captures.udp()]))
    result = run_kelvin(path, "-s", "-r", "no-such-host.invalid", expect=1)
    assert "kelvin: option -r: no-such-host.invalid: " in result.stderr


# --- a Redis of kelvin's own ---------------------------------------------


class Alone:
    """A namespace without any Redis but what the test starts."""

    def __init__(self, kelvin, folder):
        self.kelvin = str(kelvin)
        self.folder = folder
        self.name = f"kr{os.getpid()}"
        self.started = []
        self.data = folder / "data"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words):
        return subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout.strip()

    def start(self, *words):
        place = self.folder / f"kelvin{len(self.started)}"
        place.mkdir()
        command = [self.kelvin, "-i", "lo", "-w", "0", "-v", "3"]
        command += ["-d", str(self.data)]
        one = Running(self.command(*command, *words), place)
        self.started.append(one)
        return one

    @property
    def socket(self):
        return self.data / "redis" / "redis.sock"

    def cli(self, *words):
        # From inside, as a path may be too long for a socket.
        return subprocess.run(
            [tool("redis-cli"), "-s", "redis.sock", *map(str, words)],
            cwd=self.socket.parent,
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout.strip()

    def server(self):
        """Its process number; None: nobody answers."""
        found = re.search(r"process_id:(\d+)", self.cli("info", "server"))
        return found and int(found[1])

    def close(self):
        for one in self.started:
            one.kill()
        subprocess.run(["ip", "netns", "del", self.name], check=True)


@pytest.fixture
def alone(kelvin, folder):
    if os.geteuid() != 0:
        pytest.skip("skipped: only root can make network namespaces")
    tool("ip")
    place = Alone(kelvin, folder)
    yield place
    place.close()


def is_alive(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return ") Z " not in stat


def test_own_server_keeps_state_and_ends_with_kelvin(alone):
    one = alone.start()
    one.wait_said("connected to unix:")
    pid = alone.server()
    folder = alone.socket.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert alone.socket.stat().st_mode & 0o177 == 0
    assert alone.cli("set", IDLE, 81) == "OK"
    one.wait_said(f"{IDLE} is now 81")
    listening = alone.run("ss", "-Hlnt")
    assert not listening, listening
    assert one.end() == 0
    assert not is_alive(pid)
    two = alone.start()
    two.wait_said(f"{IDLE} is now 81")
    assert two.end() == 0
    assert "lost" not in two.said()


def test_own_server_survives_its_own_death(alone):
    one = alone.start()
    one.wait_said("connected to unix:")
    alone.cli("set", IDLE, 82)
    first = alone.server()
    os.kill(first, signal.SIGKILL)
    one.wait_said("killed by signal 9")
    one.wait_said("connected to unix:", 2)
    assert alone.server() != first
    assert alone.cli("get", IDLE) == "82"


def test_own_server_that_hangs_is_replaced(alone):
    one = alone.start()
    one.wait_said("connected to unix:")
    first = alone.server()
    os.kill(first, signal.SIGSTOP)
    one.wait_said("is away: does not answer")
    one.wait_said("hangs and is killed")
    one.wait_said("connected to unix:", 2)
    assert not is_alive(first)


def test_own_server_dies_when_kelvin_is_killed(alone):
    one = alone.start()
    one.wait_said("connected to unix:")
    alone.cli("set", IDLE, 83)
    pid = alone.server()
    os.kill(pid, signal.SIGSTOP)  # not even then it stays
    one.send(signal.SIGKILL)
    two = alone.start()
    two.wait_said(f"{IDLE} is now 83")
    assert not is_alive(pid)
    assert is_alive(alone.server())


def test_second_kelvin_uses_the_first_ones_server(alone):
    one = alone.start()
    one.wait_said("connected to unix:")
    first = alone.server()
    two = alone.start()
    two.wait_said("connected to unix:")
    assert "started as process" not in two.said()
    assert alone.server() == first
    assert one.end() == 0
    two.wait_said("started as process")
    two.wait_said("connected to unix:", 2)
    assert alone.server() not in (None, first)


def test_one_at_the_usual_place_is_used(alone):
    server = subprocess.Popen(
        alone.command(tool("redis-server"), "--save", "", "--dir", alone.folder)
    )
    try:
        wait_for(
            lambda: alone.run("sh", "-c", "redis-cli ping || :") == "PONG",
            "a redis-server",
        )
        one = alone.start()
        one.wait_said("connected to 127.0.0.1:6379@0")
        assert not alone.socket.parent.exists()
        assert one.end() == 0
        alone.run("redis-cli", "config", "set", "requirepass", "x")
        two = alone.start()
        two.wait_said("connected to unix:")
        two.wait_said("NOAUTH")
    finally:
        server.kill()
        server.wait()


def test_data_directory_with_a_long_name(alone):
    alone.data = alone.folder / ("d" * 120)
    one = alone.start()
    one.wait_said("connected to unix:")
    assert alone.cli("set", IDLE, 84) == "OK"
    one.wait_said(f"{IDLE} is now 84")


def test_files_that_are_done_with_need_no_server(alone):
    path = captures.save(
        alone.folder / "a.pcap", captures.frames([captures.udp()])
    )
    alone.run(
        *[alone.kelvin, "-i", path, "-w", "0", "-d", alone.data],
        "--shutdown-when-done",
    )
    assert not alone.socket.parent.exists()


# --- A name ---


@needs_root
def test_name_that_moves(kelvin, folder):
    """From 127.0.0.2 to 127.0.0.3 while kelvin runs, which finds it there. In
    namespaces of its own, with an /etc/hosts of its own."""
    inside = "redis-server --bind {0} --port 6000 --save '' --daemonize yes"
    script = "\n".join(
        [
            "set -e",
            "ip link set lo up",
            f"mount --bind {folder}/hosts /etc/hosts",
            "cd " + str(folder),
            inside.format("127.0.0.2"),
            f"exec {kelvin} -i lo -s -w 0 -v 4 -d {folder}/data"
            " -r mine.test:6000 --rrdcached none",
        ]
    )
    (folder / "hosts").write_text("127.0.0.2 mine.test\n")
    one = Running(
        ["unshare", "--map-root-user", "--net", "--mount", "--pid", "--fork",
         "--kill-child", "sh", "-c", script],
        folder,
    )  # fmt: skip
    enter = ["nsenter", "--preserve-credentials", "--net", "--mount", "--pid"]

    def inner():
        """kelvin, the first process of the namespace."""
        path = f"/proc/{one.pid}/task/{one.pid}/children"
        return pathlib.Path(path).read_text().split()[0]

    def run(*words):
        where = ["-t", inner(), "-U"]
        return subprocess.run([*enter, *where, *words], check=True,
                              capture_output=True, text=True).stdout

    try:
        one.wait_said("connected to mine.test:6000")
        (folder / "hosts").write_text("127.0.0.3 mine.test\n")
        run("redis-server", "--bind", "127.0.0.3", "--port", "6000", "--save",
            "", "--daemonize", "yes")
        run("redis-cli", "-h", "127.0.0.2", "-p", "6000", "shutdown", "nosave")
        one.wait_said("has other addresses")
        one.wait_said("connected to mine.test:6000", 2)
    finally:
        one.kill()
