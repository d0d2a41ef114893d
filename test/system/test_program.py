# test_program: start, rest and end of the process.
# SPDX-License-Identifier: MIT

import os
import pathlib
import pty
import signal
import subprocess
import sys
import threading
import time

import pytest

import captures
from captures import ether, udp
from conftest import Report, read_records
from running import PATIENCE, Running, wait_for

START_LIMIT = 0.100  # seconds
IDLE_LIMIT = 20  # MiB

LINES = captures.frames([ether() / udp(sport=p) for p in range(1000, 1050)])


@pytest.fixture
def start(offline, tmp_path):
    """Start a kelvin that goes on after its files, with -v 2."""
    started = []

    def run(*arguments):
        command = offline("-F", "file;-", "-v", "2", *arguments)
        started.append(Running(command, tmp_path))
        return started[-1]

    yield run
    for one in started:
        one.kill()


@pytest.fixture
def staying(start, tmp_path):
    """A kelvin that has read a file and stays, with its flows active."""
    kelvin = start("-i", captures.save(tmp_path / "stay.pcap", LINES))

    # Signals have their handlers once it has said something.
    kelvin.wait_said("stay.pcap")
    wait_for(
        lambda: Report(kelvin.report()).number("packets") == len(LINES),
        kelvin.said,
    )
    return kelvin


def test_start_and_end_take_less_than_100_ms(offline, is_asan, tmp_path):
    if is_asan:
        pytest.skip("skipped: sanitizers are slow")
    path = captures.save(tmp_path / "empty.pcap", [])
    times = []
    for _ in range(10):
        begin = time.monotonic()
        subprocess.run(
            offline("-i", path, "-F", "file;-", "--shutdown-when-done"),
            check=True,
            capture_output=True,
        )
        times.append(time.monotonic() - begin)
    assert min(times) < START_LIMIT, times


def resident_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    line = next(l for l in status.splitlines() if l.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def test_idle_memory_is_small(staying, is_asan):
    if is_asan:
        pytest.skip("skipped: sanitizers are large")
    assert resident_mib(staying.pid) <= IDLE_LIMIT


def test_idle_process_uses_no_processor(staying):
    def spent():
        fields = pathlib.Path(f"/proc/{staying.pid}/stat").read_text()
        return sum(map(int, fields.rsplit(")", 1)[1].split()[11:13]))

    before = spent()
    time.sleep(1)
    assert spent() - before <= 0.05 * os.sysconf("SC_CLK_TCK")


def test_state_of_a_file_stays_until_the_end(staying):
    assert staying.process.poll() is None
    assert staying.records() == []
    assert staying.end() == 0
    assert sum(
        r["IN_PKTS"] + r["OUT_PKTS"] for r in staying.records()
    ) == len(LINES)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_with_all_active_flows_written(number, staying):
    assert staying.end(number) == 0
    assert len(staying.records()) == len(LINES)


def test_second_signal_does_no_harm(staying):
    staying.send(signal.SIGTERM)
    staying.send(signal.SIGTERM)
    assert staying.process.wait(PATIENCE) in (0, -signal.SIGTERM)
    staying.records()


def test_report_comes_on_signal(staying):
    for _ in range(2):
        report = Report(staying.report())
        assert report.number("packets") == len(LINES)
        assert "stay.pcap" in report.text
    assert staying.end() == 0


def test_signals_at_any_moment(offline, tmp_path):
    """Whatever has been read, output is whole lines of valid JSON."""
    lines = [
        captures.Frame(line.when + i * 10**6, line.data, line.wire_len)
        for i in range(400)
        for line in LINES
    ]
    path = captures.save(tmp_path / "long.pcap", lines)
    for delay in range(10):
        kelvin = Running(offline("-i", path, "-F", "file;-"), tmp_path)
        time.sleep(0.004 * delay)
        assert kelvin.end() in (0, -signal.SIGTERM), kelvin.said()
        for record in kelvin.records():
            assert record["IN_PKTS"] <= 400


CLOSED = """
import os, sys
for fd in range(3):
    os.close(fd)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_closed_descriptors_are_not_taken_by_files(offline, tmp_path):
    """Else records and the report would be in one file."""
    path = captures.save(tmp_path / "in.pcap", LINES)
    out = tmp_path / "out.json"
    command = offline("-i", path, "-s", "-F", f"file;{out}")
    done = subprocess.run(
        [sys.executable, "-c", CLOSED, *command, "--shutdown-when-done"],
        timeout=60,
    )
    assert done.returncode == 0
    assert len(read_records(out.read_text())) == len(LINES)


def test_report_waits_for_no_reader(offline, tmp_path):
    path = captures.save(tmp_path / "in.pcap", LINES)
    reader, writer = os.pipe()
    kelvin = subprocess.Popen(offline("-i", path, "-s"), stderr=writer)
    os.close(writer)
    try:
        os.read(reader, 1)
        for _ in range(100):
            kelvin.send_signal(signal.SIGUSR1)
            time.sleep(0.01)
        kelvin.send_signal(signal.SIGTERM)
        assert kelvin.wait(PATIENCE) == 0
    finally:
        kelvin.kill()
        kelvin.wait()
        os.close(reader)


def on_terminal(command, send_after=0):
    """Run on a terminal; @return what that showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stderr=theirs)
    os.close(theirs)
    shown = b""
    if send_after:
        time.sleep(send_after)
        process.send_signal(signal.SIGINT)
    try:
        while more := os.read(ours, 4096):
            shown += more
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    assert process.wait(PATIENCE) == 0
    return shown.decode()


def test_progress_is_gone_when_all_is_read(offline, tmp_path):
    """A file that waits for its writer is none that is read."""
    path = captures.save(tmp_path / "in.pcap", LINES)
    shown = on_terminal(offline("-i", path, "-s", "--progress"), 2.5)
    assert "% read" not in shown.split("all files are read")[1]


def test_progress_of_a_pipe_counts_packets(offline, tmp_path):
    """Nobody knows how much will come."""
    path = tmp_path / "fifo"
    os.mkfifo(path)

    def write_slowly():
        with path.open("wb") as fifo:
            fifo.write(captures.pcap(LINES))
            fifo.flush()
            time.sleep(2.5)

    writer = threading.Thread(target=write_slowly)
    writer.start()
    shown = on_terminal(
        offline("-i", path, "-s", "--progress", "--shutdown-when-done")
    )
    writer.join()
    assert f"\r{len(LINES)} packets read" in shown
    assert shown.rindex("packets read") < shown.rindex("  \r")


def test_two_files_of_records_get_the_same(run_kelvin, tmp_path):
    """The files belong to the user that kelvin becomes."""
    tmp_path.chmod(0o777)
    path = captures.save(tmp_path / "in.pcap", LINES)
    out = [tmp_path / "a.json", tmp_path / "b.json"]
    run_kelvin(path, "-s", "-F", f"file;{out[0]}", "-F", f"file;{out[1]}")
    first, second = (read_records(name.read_text()) for name in out)
    assert first == second
    assert len(first) == len(LINES)


def test_records_are_added_to_a_file(run_kelvin, tmp_path):
    path = captures.save(tmp_path / "in.pcap", LINES)
    for _ in range(2):
        run_kelvin(path, "-s", "-F", f"file;{tmp_path}/all.json")
    records = read_records((tmp_path / "all.json").read_text())
    assert len(records) == 2 * len(LINES)


@pytest.mark.parametrize(
    "spec", ["file", "file;", "nonsense;x", ";", "file;/nowhere/at/all.json"]
)
def test_bad_export_is_refused(spec, run_kelvin, tmp_path):
    path = captures.save(tmp_path / "in.pcap", LINES)
    result = run_kelvin(path, "-F", spec, expect=(1, 2))
    assert spec.split(";")[0] in result.stderr


def test_own_applications_are_told(run_kelvin, tmp_path):
    """And what nDPI says of other lines is not among the records."""
    path = captures.save(
        tmp_path / "in.pcap", captures.frames([ether() / udp(dport=4711)])
    )
    rules = tmp_path / "protos.txt"
    rules.write_text("bogus line\nudp:4711@Mine\n")
    result = run_kelvin(path, "-p", rules)
    assert [r["L7_PROTO_NAME"] for r in result.records] == ["Mine"]
    assert "bogus line" in result.stderr


def test_missing_applications_are_said(run_kelvin, tmp_path):
    path = captures.save(tmp_path / "in.pcap", LINES)
    result = run_kelvin(path, "-p", tmp_path / "nowhere", expect=1)
    assert f"{tmp_path}/nowhere" in result.stderr
    assert not result.lines


def test_full_disk_is_said_and_counted(offline, tmp_path):
    path = captures.save(tmp_path / "in.pcap", LINES)
    done = subprocess.run(
        offline("-i", path, "-F", "file;/dev/full", "--shutdown-when-done"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "No space left" in done.stderr
    assert "records dropped: 50" in done.stderr.splitlines()[-1]
    assert done.returncode == 1


def test_reader_that_goes_away_does_not_kill(offline, tmp_path):
    path = captures.save(tmp_path / "in.pcap", LINES)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        offline("-i", path, "-F", "file;-", "--shutdown-when-done"),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(writer)
    assert done.returncode == 1, done.stderr
    assert "ipe" in done.stderr


def test_second_signal_ends_the_wait_for_a_reader(offline, tmp_path):
    """One that takes a little now and then would be waited for for ever."""
    lines = captures.frames(
        [ether() / udp(sport=p % 60000 + 1, dport=p // 60000 + 53)
         for p in range(9000)]
    )
    path = captures.save(tmp_path / "in.pcap", lines)
    reader, writer = os.pipe()
    kelvin = subprocess.Popen(
        offline("-i", path, "-F", "file;-"),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    try:
        # It has read all, so it is about the flows that are active.
        wait_for(lambda: "all files are read" in kelvin.stderr.readline(), "")
        kelvin.send_signal(signal.SIGTERM)
        os.read(reader, 1)
        time.sleep(1)
        assert kelvin.poll() is None
        kelvin.send_signal(signal.SIGTERM)
        assert kelvin.wait(4) == 0
        assert "records dropped" in kelvin.stderr.read()
    finally:
        kelvin.kill()
        kelvin.communicate()
        os.close(reader)


def test_one_good_file_is_read_beside_a_bad_one(run_kelvin, tmp_path):
    good = captures.save(tmp_path / "good.pcap", LINES)
    bad = tmp_path / "bad.pcap"
    bad.write_bytes(captures.pcap(LINES)[:-5])
    records = run_kelvin([bad, good], expect=(0, 1)).records
    found = [r for r in records if r["INTERFACE"] == "good.pcap"]
    assert len(found) == len(LINES)


def peak_kib(command):
    """The largest resident size of a process."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


def test_memory_does_not_grow_with_the_capture(offline, is_asan, tmp_path):
    """Ten times the packets of the same flows need the same memory."""
    if is_asan:
        pytest.skip("skipped: sanitizers are large")

    def peak(rounds):
        lines = [
            captures.Frame(line.when + i * 10**6, line.data, line.wire_len)
            for i in range(rounds)
            for line in LINES
        ]
        path = captures.save(tmp_path / f"{rounds}.pcap", lines)
        return peak_kib(offline("-i", path, "--shutdown-when-done"))

    assert peak(2000) <= peak(200) + 2048


def test_without_the_right_to_capture_it_says_what_to_do(kelvin, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("skipped: only root can become nobody")
    done = subprocess.run(
        [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--inh-caps=-all",
            "--bounding-set=-all",
            str(kelvin),
            *["-i", "lo", "-r", "none", "-w", "0", "-d", "/dev/null/none"],
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    for word in (f"setcap cap_net_raw=ep {kelvin}'", "sudo", "-i file.pcap"):
        assert word in done.stderr
