# test_series: values over time, in files that rrdtool reads.
# SPDX-License-Identifier: MIT
"""Captures of a day, made here, read on the clock of their packets; what is in
the files is read with Debian's rrdtool and compared with what was sent."""

import os
import random
import re
import signal
import socket
import subprocess
import time

import pytest

import captures
import rrd
from captures import SECOND, Frame, ether, udp
from conftest import quiet_environment, tool
from running import Running, wait_for

DAY = 86400
START = captures.START - captures.START % DAY
MINUTE, FIVE = 60, 300
LOCAL = "10.0.0.0/8"
HOSTS = 5
LAST = b"the end"


@pytest.fixture(scope="module")
def rrdcached():
    tool("rrdtool")
    return tool("rrdcached")


def day_frames(start=START, seconds=DAY, every=20, seed=1):
    """A datagram of a random size now and then, from hosts in turn, and one
    more behind, so that the last slots end."""
    chance = random.Random(seed)
    frames = []
    for i, at in enumerate(range(0, seconds, every)):
        data = bytes(chance.randrange(1, 1200))
        packet = bytes(ether() / udp(src=f"10.1.0.{1 + i % HOSTS}",
                                     dst="192.0.2.1", sport=4000 + i % HOSTS,
                                     dport=9, data=data))
        frames.append(Frame((start + at) * SECOND + chance.randrange(SECOND),
                            packet, len(packet)))
    return frames


@pytest.fixture
def read(rrdcached, offline, tmp_path):
    """Read frames to the end, keeping time series; @return its report."""

    def run(frames, *more, name="day.pcap"):
        capture = captures.save(tmp_path / name, frames)
        done = subprocess.run(
            offline("-d", tmp_path / "data", "-s", "-n", "3", "-i", capture,
                    "-m", LOCAL, "--rrdcached", "own",
                    "--shutdown-when-done", *more),
            capture_output=True, encoding="utf-8", timeout=180,
            env=quiet_environment(), check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    run.data = tmp_path / "data"
    return run


def length_between(frames, start, end, host=None):
    """Bytes on the wire of frames in [start, end), those of a host only."""
    address = socket.inet_aton(host) if host else b""
    return sum(
        len(frame.data) for frame in frames
        if start * SECOND <= frame.when < end * SECOND
        and (not host or frame.data[26:30] == address)
    )


def test_a_day_of_a_capture_fills_the_files(read):
    frames = day_frames()
    report = read(frames)
    assert re.search(r"0 too late, 0 refused, 0 lost", report), report
    files = read.data / "0/rrd"
    end = START + DAY

    # Each second: to the last whole second of the capture.
    until = frames[-1].when // SECOND
    step, rows = rrd.fetch(files / "bytes.rrd", START, end - 1)
    assert step == 1
    assert rrd.total(files / "bytes.rrd", START, end - 1) == pytest.approx(
        length_between(frames, START, until), abs=1)
    # A row is of the second before its time.
    known = {when: row[0] for when, row in rows if row[0] is not None}
    for frame in frames[:200]:
        second = frame.when // SECOND
        assert known[second + 1] == pytest.approx(len(frame.data), abs=0.01)
    assert rrd.total(files / "packets.rrd", START, end - 1) == pytest.approx(
        len(frames) - 1, abs=0.01)
    assert rrd.total(files / "drops.rrd", START, end - 1) == 0

    # Every five minutes: each host, and the application of all.
    last = until - until % FIVE
    step, _ = rrd.fetch(files / "10/1/0/1/bytes.rrd", START, end - 1)
    assert step == FIVE
    for i in range(1, HOSTS + 1):
        host = f"10.1.0.{i}"
        path = files / host.replace(".", "/")
        sent = length_between(frames, START, last, host)
        assert rrd.total(path / "bytes.rrd", START, last) == pytest.approx(
            sent, rel=1e-6)
        assert rrd.total(path / "bytes.rrd", START, last, 1) == 0
        assert rrd.total(path / "udp.rrd", START, last) == pytest.approx(
            sent, rel=1e-6)
        assert not (path / "tcp.rrd").exists()
    # It takes a while until it is known that no application is known.
    assert rrd.total(files / "Unknown.rrd", START, last) == pytest.approx(
        length_between(frames, START, last), abs=HOSTS * 1300)

    # Every minute: what there is, and what networks exchange.
    step, rows = rrd.fetch(files / "num_hosts.rrd", START + 600, last)
    assert step == MINUTE
    counts = {row[0] for _, row in rows if row[0] is not None}
    assert counts <= set(range(1, HOSTS + 2)) and max(counts) >= HOSTS
    network = read.data / "0/subnetstats/10/0/0/0/8/bytes.rrd"
    minute = until - until % MINUTE
    assert rrd.total(network, START, minute, 1) == pytest.approx(
        length_between(frames, START, minute), rel=1e-6)


def test_files_are_those_of_ntopng(read):
    read(day_frames(seconds=1200, every=5))

    def made_of(path):
        told = rrd.info(read.data / "0" / path)
        sources = sorted({
            (re.match(r"ds\[(\w+)\]", name)[1])
            for name in told if name.startswith("ds[")
        })
        archives = [
            (int(told[f"rra[{i}].pdp_per_row"]), int(told[f"rra[{i}].rows"]))
            for i in range(8) if f"rra[{i}].rows" in told
        ]
        assert {told[f"rra[{i}].cf"] for i in range(len(archives))} == {
            '"AVERAGE"'}
        assert {float(told[f"rra[{i}].xff"]) for i in range(len(archives))
                } == {0.5}
        kinds = {
            (told[f"ds[{name}].type"].strip('"'),
             int(told[f"ds[{name}].minimal_heartbeat"]),
             told[f"ds[{name}].min"], told[f"ds[{name}].max"])
            for name in sources
        }
        assert len(kinds) == 1
        return int(told["step"]), sources, *kinds, archives

    raw = [(1, 86400), (60, 43200), (3600, 2400), (86400, 365)]
    for name in ("bytes", "packets", "drops"):
        assert made_of(f"rrd/{name}.rrd") == (
            1, [name], ("DERIVE", 5, "NaN", "NaN"), raw)
    gauge = [raw[0], raw[2], raw[3]]
    for name in ("num_hosts", "num_devices", "num_flows"):
        assert made_of(f"rrd/{name}.rrd") == (
            60, [name], ("GAUGE", 300, "0.0000000000e+00", "NaN"), gauge)
    other = [(1, 288), (12, 2400), (288, 365)]
    assert made_of("rrd/Unknown.rrd") == (
        300, ["num"], ("DERIVE", 600, "NaN", "NaN"), other)
    assert made_of("rrd/10/1/0/1/bytes.rrd") == (
        300, ["rcvd", "sent"], ("DERIVE", 600, "NaN", "NaN"), other)
    assert made_of("subnetstats/10/0/0/0/8/bytes.rrd") == (
        60, ["egress", "ingress", "inner"], ("DERIVE", 120, "NaN", "NaN"),
        [(1, 1440), *other[1:]])


def test_a_restart_in_the_middle_is_no_spike(read):
    first = day_frames(seconds=1800, every=3)
    second = day_frames(START + 1802, seconds=1800, every=3, seed=2)
    read(first)
    read(second)
    files = read.data / "0/rrd"
    for name in ("bytes", "packets"):
        most = 1300 if name == "bytes" else 1.01
        _, rows = rrd.fetch(files / f"{name}.rrd", START, START + 3600)
        values = [row[0] for _, row in rows if row[0] is not None]
        assert len(values) > 3500
        assert min(values) >= 0 and max(values) <= most
    end = second[-1].when // SECOND
    assert rrd.total(files / "bytes.rrd", START, end) == pytest.approx(
        length_between(first + second, START, end), abs=3 * 1300)
    for path in ("10/1/0/1/bytes", "Unknown"):
        _, rows = rrd.fetch(files / f"{path}.rrd", START, START + 3600)
        values = [row[0] for _, row in rows if row[0] is not None]
        assert min(values) >= 0 and max(values) <= 1300 / 3


def test_a_clock_that_jumps_leaves_gaps_and_no_spikes(read):
    before = day_frames(seconds=900, every=3)
    ahead = day_frames(START + DAY + 900, seconds=900, every=3, seed=2)
    read(before + ahead)
    back = day_frames(START + DAY, seconds=900, every=3, seed=3)
    report = read(back)
    assert "too late" in report and not re.search(r" 0 too late", report)
    files = read.data / "0/rrd"
    _, rows = rrd.fetch(files / "bytes.rrd", START + 3600, START + 2 * DAY)
    values = [row[0] for _, row in rows if row[0] is not None]
    assert values and min(values) >= 0 and max(values) <= 1300
    # What was written before the clock went back is as it was.
    end = ahead[-1].when // SECOND
    assert rrd.total(files / "bytes.rrd", START + DAY + 900, end
                     ) == pytest.approx(
        length_between(ahead, START + DAY + 900, end), abs=2 * 1300)


# --- A daemon that does not live for ever ---


@pytest.fixture
def live(rrdcached, offline, tmp_path):
    """Watch the loopback; @return the process, with its data directory."""
    started = []

    def begin(*more):
        folder = tmp_path / f"run{len(started)}"
        folder.mkdir()
        one = Running(
            offline("-d", tmp_path / "data", "-s", "-n", "3", "-i", "lo",
                    "-v", "3", *(more or ("--rrdcached", "own"))), folder)
        one.data = tmp_path / "data"
        started.append(one)
        return one

    yield begin
    for one in started:
        one.kill()


def child_of(one):
    """The process number of its rrdcached, as the report has it."""
    found = re.search(r"state +ready, process (\d+)", one.report())
    return int(found[1]) if found else None


def counted(one, what):
    found = re.search(rf"([\d,]+) {what}", one.report())
    return int(found[1].replace(",", ""))


def test_a_killed_rrdcached_comes_back(live):
    one = live()
    one.wait_said("connected to rrdcached")
    wait_for(lambda: counted(one, "written") > 3, one.said)
    os.kill(child_of(one), signal.SIGKILL)
    one.wait_said("is away")
    one.wait_said("connected to rrdcached", times=2)
    before = counted(one, "written")
    wait_for(lambda: counted(one, "written") > before + 20, one.said)
    assert one.said().count("is away") == 1
    assert (counted(one, "lost"), counted(one, "refused")) == (0, 0)
    assert one.end() == 0
    _, rows = rrd.fetch(one.data / "0/rrd/packets.rrd", time.time() - 60,
                        time.time())
    assert sum(1 for _, row in rows if row[0] is not None) > 3


def test_it_ends_with_kelvin_however_that_ends(live):
    one = live()
    one.wait_said("connected to rrdcached")
    child = child_of(one)
    one.kill()
    wait_for(lambda: not os.path.exists(f"/proc/{child}"), "its end")
    again = live()
    again.wait_said("connected to rrdcached")
    wait_for(lambda: counted(again, "written") > 3, again.said)
    assert again.end() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_a_full_disk_costs_values_alone(live, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "none", data],
                   check=True)
    try:
        one = live()
        one.wait_said("connected to rrdcached")
        one.wait_said("is the disk full?")
        wait_for(lambda: counted(one, "refused") > 5, one.said)
        assert one.said().count("is the disk full?") == 1
        assert "packets" in one.report()
        subprocess.run(["mount", "-o", "remount,size=64m", data], check=True)
        one.wait_said("takes values again")
        assert one.end() == 0
    finally:
        subprocess.run(["umount", "-l", data], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_without_rrdcached_there_are_no_series(rrdcached, offline, tmp_path):
    """As it is on a machine that does not have it."""
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    capture = captures.save(tmp_path / "in.pcap", day_frames(seconds=60))
    words = offline("-d", tmp_path / "data", "-s", "-n", "3", "-i", capture)
    words[words.index("--rrdcached"):][:2] = []
    at = words.index("--rrdcached")
    del words[at:at + 2]
    hide = f"mount --bind {empty} {os.path.realpath(rrdcached)} && exec \"$@\""
    one = Running(["unshare", "-m", "sh", "-c", hide, "sh", *words], tmp_path)
    try:
        one.wait_said("rrdcached is not installed: no time series are kept")
        one.wait_said("all files are read")
        assert one.end() == 0
    finally:
        one.kill()
    assert not list((tmp_path / "data").rglob("*.rrd"))


def test_another_rrdcached_is_used_as_it_is(rrdcached, read, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    # Short, as a path of a socket must be.
    place = f"/tmp/kelvin-rrd.{os.getpid()}"
    daemon = subprocess.Popen(
        [rrdcached, "-g", "-l", f"unix:{place}.s", "-p", f"{place}.p",
         "-b", data, "-B", "-F"])
    try:
        wait_for(lambda: os.path.exists(f"{place}.s"), "its socket")
        frames = day_frames(seconds=900, every=3)
        read(frames, "--rrdcached", f"unix:{place}.s")
        end = frames[-1].when // SECOND
        # Values that wait in the daemon are there by way of the daemon.
        step, rows = rrd.fetch(data / "0/rrd/bytes.rrd", START, end,
                               f"{place}.s")
        known = sum(row[0] * step for _, row in rows if row[0] is not None)
        assert known == pytest.approx(length_between(frames, START, end),
                                      abs=1300)
        assert not (data / "rrdcached").exists()
    finally:
        daemon.terminate()
        daemon.wait()


def test_bad_servers_are_refused_by_name(offline):
    for text in ("host", "h:1:password", "unix:relative", "h:99999"):
        done = subprocess.run(
            offline("--rrdcached", text, "-i", "lo"), capture_output=True,
            encoding="utf-8", timeout=30, check=False)
        assert done.returncode == 2 and "rrdcached" in done.stderr, text


# --- What scripts call ---

SCRIPT = """
while ntop.rrd_state() ~= "ready" do end
local T = os.time() // 60 * 60
local file = dirs.workingdir .. "/7/rrd/mine.rrd"
print(ntop.mkdir(dirs.workingdir .. "/7/rrd"))
print(ntop.rrd_create(file, 60, "DS:a:GAUGE:120:0:U", "DS:b:GAUGE:120:0:U",
  "RRA:AVERAGE:0.5:1:100"))
for i, values in ipairs { "1:10", "2:U", "3:30" } do
  ntop.rrd_update(file, ("%d:%s"):format(T + i * 60, values))
end
print(select("#", ntop.rrd_lastupdate(file)))
local last, sources = ntop.rrd_lastupdate(file)
print(last - T, sources)

local start, step, names, rows, stop = ntop.rrd_fetch(file, "AVERAGE",
  T, T + 180)
print(step, #names, names[1], names[2], stop - start == #rows * step)
print(rows[2][1], #rows[2], rows[2][2] ~= rows[2][2], rows[3][2])
local start2, step2, columns, stop2, count = ntop.rrd_fetch_columns(file,
  "AVERAGE", tostring(T), "start+3min")
print(start2 == start, step2, stop2 == stop, count == #rows)
print(columns.a[2] == rows[2][1], columns.b[1] == rows[1][2])
local _, wide, few = ntop.rrd_fetch_columns(file, "AVERAGE", T,
  T + 180, 1)
print(wide, #few.a, few.a[1])

local function wrong(...)
  local done, why = pcall(...)
  print(done, (why:gsub("/.*/", "/")))
end
wrong(ntop.rrd_create, file, 60, "DS:a:GAUGE:120:0:U", "RRA:AVERAGE:0.5:1:1")
wrong(ntop.rrd_create, "8.rrd", 60, "DS:a:GAUGE:120:0:U FLUSHALL")
wrong(ntop.rrd_create, "8.rrd", 60, "nonsense")
wrong(ntop.rrd_update, file, "1:1:1")
wrong(ntop.rrd_update, "9.rrd", "N:1")
wrong(ntop.rrd_fetch, "9.rrd", "AVERAGE", 1, 2)
wrong(ntop.rrd_fetch, file, "AVERAGE", 2, 1)
wrong(ntop.rrd_fetch, file, "AVERAGE", "yesterday", "now")
wrong(ntop.rrd_fetch, file, "NONE", 1, 2)
wrong(ntop.rrd_lastupdate, "/etc/passwd")
wrong(ntop.rrd_lastupdate, dirs.workingdir .. "/../x.rrd")
"""

SAID = """\
true

2
180|2
60|2|a|b|true
2.0|2|true|30.0
true|60|true|true
true|false
180|1|2.5
false|RRD Error: creating '/mine.rrd': File exists
false|ntop.rrd_create: expected rrd_create(file: string, step: number, \
definition: string, ...)
false|Usage: CREATE <filename> [-b start] [-s step] [-O] <DS definitions> \
<RRA definitions>
false|illegal attempt to update using time 1.000000
false|No such file: /9.rrd
false|rrd_fetch_r failed: opening '/9.rrd': No such file or directory
false|ntop.rrd_fetch: expected rrd_fetch(file: string, cf: string, start, \
end, [rows: number])
false|ntop.rrd_fetch: expected rrd_fetch(file: string, cf: string, start, \
end, [rows: number])
false|rrd_fetch_r failed: unknown consolidation function 'NONE'
false|not a file of time series
false|not a file of time series
"""


def test_scripts_have_the_functions_of_ntopng(rrdcached, offline, tmp_path):
    capture = captures.save(tmp_path / "in.pcap", day_frames(seconds=60))
    script = tmp_path / "script.lua"
    script.write_text(SCRIPT)
    done = subprocess.run(
        offline("-d", tmp_path / "data", "-s", "-n", "3", "-i", capture,
                "--rrdcached", "own", "--run", script),
        capture_output=True, encoding="utf-8", timeout=60, check=False,
        env=quiet_environment())
    assert done.returncode == 0, done.stderr
    said = re.sub(r"(using time 1\.000000).*", r"\1", done.stdout)
    assert said.replace("\t", "|").splitlines() == SAID.splitlines()


def test_scripts_are_told_that_there_are_none(offline, tmp_path):
    capture = captures.save(tmp_path / "in.pcap", day_frames(seconds=60))
    script = tmp_path / "script.lua"
    script.write_text('print(ntop.rrd_state())\n'
                      'print(pcall(ntop.rrd_fetch, "a.rrd", "AVERAGE", 1, 2))\n'
                      'print(ntop.rrd_record("a.rrd", "", 1, 1, 1))\n')
    done = subprocess.run(
        offline("-d", tmp_path / "data", "-s", "-n", "3", "-i", capture,
                "--run", script),
        capture_output=True, encoding="utf-8", timeout=60, check=True)
    assert done.stdout == "off\nfalse\tthere are no time series\nfalse\n"
