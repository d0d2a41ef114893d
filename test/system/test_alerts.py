# test_alerts: what is told, kept and forgotten.
# SPDX-License-Identifier: MIT
"""A cable between two namespaces, as in test_live, and a redis-server of the
test's own on a socket. Captures of floods have a clock of their own, so that
minutes of silence take no time."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import captures
from captures import IP, TCP, ether, udp
from running import Running, wait_for
from test_live import cable  # noqa: F401
from test_redis import folder, is_ready, needs_root, redis  # noqa: F401

ENGAGED = "ntopng.alerts.ifid_0.engaged"
CLOSED = "ntopng.alerts.ifid_0.closed"
FLOWS = "ntopng.alerts.ifid_0.flows"
OFF = "ntopng.prefs.disable_alerts_generation"
PROBING = "ntopng.prefs.probing_alerts"
GLOBAL = "ntopng.prefs.alerts_global.min.local_hosts"
SUPPRESSED = "ntopng.prefs.alerts.ifid_0"

ATTACKER, VICTIM = "10.77.0.66", "10.77.0.1"

# Frames from standard input again and again, so many a second.
PACED = """
import socket, sys, time
rate, seconds = int(sys.argv[1]), float(sys.argv[2])
data = sys.stdin.buffer.read()
frames = []
while data:
    size = int.from_bytes(data[:4], "little")
    frames.append(data[4:4 + size])
    data = data[4 + size:]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("peer0", 0))
start = time.monotonic()
sent = 0
while time.monotonic() - start < seconds:
    while sent < (time.monotonic() - start) * rate:
        out.send(frames[sent % len(frames)])
        sent += 1
    time.sleep(0.01)
"""


def syn(sport, dport, src=ATTACKER, dst=VICTIM, flags="S"):
    return (
        ether()
        / IP(src=src, dst=dst)
        / TCP(sport=sport, dport=dport, flags=flags, seq=1000)
    )


def pour(cable, packets, rate, seconds):  # noqa: F811
    """Send them from the far end of the cable, in the background."""
    data = b""
    for packet in map(bytes, packets):
        data += len(packet).to_bytes(4, "little") + packet
    process = subprocess.Popen(
        cable.command(
            sys.executable, "-c", PACED, str(rate), str(seconds), far=True
        ),
        stdin=subprocess.PIPE,
    )
    process.stdin.write(data)
    process.stdin.close()
    return process


class Kept:
    """What Redis has of alerts."""

    def __init__(self, redis):  # noqa: F811
        self.redis = redis

    def ask(self, *words):
        return json.loads(self.redis.cli("--json", *words))

    def engaged(self):
        """By id and entity."""
        found = {}
        for key, text in self.ask("hgetall", ENGAGED).items():
            row = json.loads(text)
            assert key.split("|")[2:] == [row["alert_entity_val"],
                                          row["alert_id"]]
            found[row["alert_id"], row["alert_entity_val"]] = row
        return found

    def stream(self, key):
        return [
            dict(zip(fields[::2], fields[1::2]))
            for _, fields in self.ask("xrange", key, "-", "+")
        ]

    def wait_engaged(self, *wanted):
        wait_for(
            lambda: {key[0] for key in self.engaged()} >= set(wanted),
            lambda: f"{wanted}, there is {self.engaged()}",
        )


@pytest.fixture
def kept(redis):  # noqa: F811
    return Kept(redis)


@pytest.fixture
def run(kelvin, folder, redis):  # noqa: F811
    """Start kelvin, in a namespace or not."""
    started = []

    def start(*words, prefix=()):
        place = folder / f"kelvin{len(started)}"
        place.mkdir()
        command = [str(kelvin), "-w", "0", "-s", "-v", "3"]
        command += ["-r", f"unix:{redis.path}"]
        command += ["-d", str(folder / "data"), *map(str, words)]
        one = Running([*prefix, *command], place)
        started.append(one)
        wait_for(lambda: is_ready(one), one.said)
        return one

    yield start
    for one in started:
        one.kill()
        said = one.said()
        assert "Sanitizer" not in said and "runtime error" not in said, said


@pytest.fixture
def read(run, folder):  # noqa: F811
    """Start kelvin with a capture that comes once it has asked Redis."""
    fifo = folder / "capture.pcap"

    def start(path, *words):
        if not fifo.exists():
            os.mkfifo(fifo)
        one = run("-i", fifo, *words)
        one.wait_said("connected to")
        time.sleep(0.5)
        fifo.write_bytes(path.read_bytes())
        one.wait_said("all files are read")
        return one

    return start


@pytest.fixture
def watch(run, cable):  # noqa: F811
    def start(*words, **more):
        # `ip netns exec` is replaced by kelvin.
        one = run(
            "-i", "probe0", *words, prefix=cable.command(), **more
        )
        one.wait_said("watching probe0")
        return one

    return start


def save_flood(path, seconds=6, quiet=0, rate=60, **more):
    """SYNs to one port, then a packet of somebody else each second."""
    frames = [
        captures.frame(syn(1024 + i, 80, **more), i / rate)
        for i in range(seconds * rate)
    ]
    frames += [
        captures.frame(ether() / udp(), seconds + i) for i in range(quiet)
    ]
    return captures.save(path, frames)


@needs_root
def test_floods_of_a_capture_begin_and_end(read, redis, kept, tmp_path):  # noqa
    redis.start()
    redis.cli("hset", GLOBAL, "syn_attacker_threshold", 20)
    read(save_flood(tmp_path / "flood.pcap", quiet=5))
    kept.wait_engaged("syn_flood_attacker", "flow_flood_attacker")
    engaged = kept.engaged()
    row = engaged["syn_flood_attacker", f"{ATTACKER}@0"]
    assert row["alert_type"] == 0
    assert row["alert_severity"] == 2
    assert row["alert_entity"] == 1
    assert row["alert_engine"] == 0
    assert row["alert_origin"] == f"{ATTACKER}@0"
    assert row["alert_target"] == ""
    assert captures.START < row["alert_tstamp"] < captures.START + 6
    assert re.search(r"\b60 SYN/s, the limit is 20", row["alert_json"])
    row = engaged["flow_flood_victim", f"{VICTIM}@0"]
    assert row["alert_type"] == 1
    assert row["alert_target"] == f"{VICTIM}@0"
    assert "the limit is 25" in row["alert_json"]
    assert ("syn_flood_victim", f"{VICTIM}@0") not in engaged  # 8192


@needs_root
def test_what_is_over_goes_to_the_stream(read, redis, kept, tmp_path):  # noqa
    redis.start()
    one = read(save_flood(tmp_path / "flood.pcap", quiet=90))
    wait_for(lambda: len(kept.stream(CLOSED)) == 2, one.said)
    assert not kept.engaged()
    attacker, victim = sorted(
        kept.stream(CLOSED), key=lambda row: row["alert_target"]
    )
    assert attacker["alert_entity_val"] == f"{ATTACKER}@0"
    assert attacker["alert_origin"] == f"{ATTACKER}@0"
    assert victim["alert_entity_val"] == f"{VICTIM}@0"
    lasted = int(victim["alert_tstamp_end"]) - int(victim["alert_tstamp"])
    assert 60 <= lasted <= 70
    assert one.said().count("is over") == 2
    report = one.report()
    assert re.search(r"on +0 now, 2 begun, 2 over, 0 of before", report)


@needs_root
def test_flood_and_scan_over_a_cable(watch, cable, redis, kept):  # noqa: F811
    redis.start()
    redis.cli("hset", GLOBAL, "syn_victim_threshold", 20)
    one = watch("--flow-timeout", "tcp-opening=4")
    packets = []
    for i in range(200):
        packets.append(syn(2000 + i, 80))
        packets.append(syn(3000, i + 1, src="10.77.0.67", dst="10.77.0.9"))
    sender = pour(cable, packets, 150, 12)
    kept.wait_engaged("syn_flood_victim", "port_scan")
    assert ("port_scan", "10.77.0.67@0") in kept.engaged()
    assert sender.wait() == 0
    one.wait_said("tries many ports")
    end = time.monotonic() + 110
    while kept.engaged() and time.monotonic() < end:
        time.sleep(1)
    assert not kept.engaged()
    ids = {row["alert_type"] for row in kept.stream(CLOSED)}
    assert {"0", "10"} <= ids
    assert one.end() == 0


@needs_root
def test_interface_that_goes_down(watch, cable, redis, kept):  # noqa: F811
    redis.start()
    one = watch()
    time.sleep(1.5)
    cable.unplug()
    kept.wait_engaged("interface_down")
    row = kept.engaged()["interface_down", "iface_0"]
    assert (row["alert_type"], row["alert_entity"]) == (13, 0)
    cable.plug()
    wait_for(lambda: not kept.engaged(), one.said)
    assert kept.stream(CLOSED)[0]["alert_entity_val"] == "iface_0"
    assert one.end() == 0


@needs_root
def test_preferences_change_live(watch, cable, redis, kept):  # noqa: F811
    redis.start()
    one = watch()
    one.wait_said("connected to")
    sender = pour(cable, [syn(2000 + i, 80) for i in range(60)], 60, 30)
    redis.cli("hset", GLOBAL, "syn_victim_threshold", 10)
    kept.wait_engaged("syn_flood_victim")
    assert "syn_flood_attacker" not in {key[0] for key in kept.engaged()}
    redis.cli("set", f"ntopng.prefs.{ATTACKER}:0.alerts_config", "||10|")
    kept.wait_engaged("syn_flood_attacker")
    redis.cli("hset", SUPPRESSED, f"{VICTIM}@0", "false")
    wait_for(lambda: len(kept.engaged()) == 1, kept.engaged)
    redis.cli("set", OFF, 1)
    wait_for(lambda: not kept.engaged(), one.said)
    assert len(kept.stream(CLOSED)) == 2
    redis.cli("del", SUPPRESSED)
    redis.cli("set", OFF, 0)
    kept.wait_engaged("syn_flood_victim", "syn_flood_attacker")
    sender.kill()
    sender.wait()
    assert one.end() == 0


@needs_root
def test_bad_limits_are_refused(read, redis, tmp_path):  # noqa: F811
    redis.start()
    key = f"ntopng.prefs.{ATTACKER}:0.alerts_config"
    redis.cli("set", key, "many|few")
    redis.cli("set", "ntopng.prefs.10.0.0.300:0.alerts_config", "1|1|1|1")
    redis.cli("rpush", "ntopng.prefs.10.0.0.3:0.alerts_config", "1")
    redis.cli("hset", GLOBAL, "syn_victim_threshold", "-3")
    one = read(save_flood(tmp_path / "flood.pcap"))
    one.wait_said(f"{key} 'many|few': must be four limits")
    one.wait_said("syn_victim_threshold '-3' is no limit")
    assert one.end() == 0


@needs_root
def test_none_when_disabled(read, redis, kept, tmp_path):  # noqa: F811
    redis.start()
    flood = save_flood(tmp_path / "flood.pcap", quiet=5)
    one = read(flood, "-H")
    assert "alerts off" in one.report()
    assert one.end() == 0
    assert not kept.engaged() and not kept.stream(CLOSED)


@needs_root
def test_flows_are_kept_if_wanted(read, redis, kept, tmp_path):  # noqa: F811
    redis.start()
    redis.cli("set", PROBING, 1)
    redis.cli("set", "ntopng.prefs.max_num_flow_alerts", 5)
    flood = save_flood(tmp_path / "probes.pcap", seconds=1, quiet=600, rate=20)
    one = read(flood)
    wait_for(lambda: kept.stream(FLOWS), one.said)
    rows = kept.stream(FLOWS)
    assert len(rows) <= 5
    for row in rows:
        assert row["cli_addr"] == ATTACKER
        assert row["srv_addr"] == VICTIM
        assert row["srv_port"] == "80"
        assert row["proto"] == "6"
        assert row["alert_type"] == "14"
        assert row["cli2srv_packets"] == "1"
        assert row["srv2cli_packets"] == "0"
        assert row["cli2srv_tcpflags"] == "2"


@needs_root
def test_redis_is_killed_meanwhile(watch, cable, redis, kept):  # noqa: F811
    redis.start()
    redis.cli("hset", GLOBAL, "syn_victim_threshold", 10)
    one = watch()
    one.wait_said("floods are more than")
    sender = pour(cable, [syn(2000 + i, 80) for i in range(60)], 60, 40)
    kept.wait_engaged("syn_flood_victim")
    since = kept.engaged()["syn_flood_victim", f"{VICTIM}@0"]["alert_tstamp"]
    redis.kill()
    one.wait_said("is away")
    redis.start()
    # It forgot all, and gets what is on again.
    kept.wait_engaged("syn_flood_victim")
    row = kept.engaged()["syn_flood_victim", f"{VICTIM}@0"]
    assert row["alert_tstamp"] == since
    sender.kill()
    sender.wait()
    assert one.end() == 0


@needs_root
def test_restart_goes_on(watch, cable, redis, kept):  # noqa: F811
    redis.start()
    redis.cli("hset", GLOBAL, "syn_victim_threshold", 10)
    sender = pour(cable, [syn(2000 + i, 80) for i in range(60)], 60, 60)
    one = watch()
    kept.wait_engaged("syn_flood_victim")
    since = kept.engaged()["syn_flood_victim", f"{VICTIM}@0"]["alert_tstamp"]
    one.send(signal.SIGKILL)
    one.process.wait()
    two = watch()
    wait_for(
        lambda: re.search(r"[1-9]\d* of before", two.report()), two.said
    )
    kept.wait_engaged("syn_flood_victim")
    row = kept.engaged()["syn_flood_victim", f"{VICTIM}@0"]
    assert row["alert_tstamp"] == since
    assert not kept.stream(CLOSED)
    sender.kill()
    sender.wait()
    assert two.end() == 0


@needs_root
def test_garbage_is_survived(read, redis, kept, tmp_path):  # noqa: F811
    redis.start()
    good = {
        "alert_id": "script", "alert_engine": 3, "alert_tstamp": 1500000000,
        "alert_type": 2, "alert_severity": 1, "alert_entity": 1,
        "alert_entity_val": "10.0.0.1@0", "alert_json": "by a \u0007script",
    }
    redis.cli("hset", ENGAGED, "3|1|10.0.0.1@0|script", json.dumps(good))
    for key, text in (
        ("x", "nonsense"),
        ("3|1|10.0.0.2@0|script", json.dumps(good)),
        ("9|1|a|b", json.dumps({**good, "alert_engine": 9})),
        ("3|1|c|script", json.dumps({**good, "alert_entity_val": ["c"]})),
        ("deep", "[" * 5000),
        ("empty", ""),
    ):
        redis.cli("hset", ENGAGED, key, text)
    redis.cli("set", CLOSED, "not a stream")
    one = read(save_flood(tmp_path / "flood.pcap", quiet=90))
    wait_for(lambda: "in Redis" in one.report(), one.said)
    report = one.report()
    assert re.search(r"unreadable +6 in Redis", report)
    assert re.search(r"1 of before", report)
    assert redis.cli("get", CLOSED) == "not a stream"
    assert one.end() == 0
    redis.cli("del", ENGAGED)
    redis.cli("set", ENGAGED, "not a hash")
    two = read(save_flood(tmp_path / "flood.pcap", quiet=5))
    two.wait_said("alerts of before are not known: WRONGTYPE")
    assert two.end() == 0


@needs_root
def test_past_alerts_are_capped(read, redis, kept, tmp_path):  # noqa: F811
    redis.start()
    redis.cli("set", "ntopng.prefs.max_num_alerts_per_entity", 1)
    redis.cli("hset", GLOBAL, "flow_attacker_threshold", 2)
    frames = []
    for second in range(5):
        for host in range(40):
            for port in range(4):
                frames.append(captures.frame(
                    ether() / udp(src=f"10.9.0.{host + 1}", sport=port + 1,
                                  dport=1000 + second), second))
    frames += [captures.frame(ether() / udp(), 5 + i) for i in range(90)]
    one = read(captures.save(tmp_path / "many.pcap", frames))
    wait_for(lambda: one.said().count("is over") >= 41, one.said)
    wait_for(lambda: len(kept.stream(CLOSED)) == 16, kept.ask)
    assert one.end() == 0


def test_without_redis_nothing_waits(run_kelvin, tmp_path):
    path = save_flood(tmp_path / "flood.pcap", quiet=90)
    result = run_kelvin(path, "-v", "3")
    assert re.search(r"on +0 now, 2 begun, 2 over", result.stderr)
    assert "10.77.0.66@0: the host begins a flood of flows" in result.stderr


DELETE = """
print(#interface.queryAlertsRaw(false, "SELECT *"))
local row = interface.queryAlertsRaw(false, "SELECT rowid, alert_entity_val",
  "WHERE alert_entity_val LIKE '10.77.0.66%' LIMIT 1")[1]
print(row.alert_entity_val)
print(#interface.queryAlertsRaw(false, "DELETE",
  ("WHERE rowid = '%s'"):format(row.rowid)))
print(interface.queryAlertsRaw(false, "SELECT COUNT(*)")[1]["COUNT(*)"])
"""


@needs_root
def test_past_alerts_are_deleted(
    read, run, redis, kept, tmp_path  # noqa: F811
):
    """By a script that asks in SQL."""
    redis.start()
    one = read(save_flood(tmp_path / "flood.pcap", quiet=90))
    wait_for(lambda: len(kept.stream(CLOSED)) == 2, one.said)
    assert one.end() == 0
    script = tmp_path / "delete.lua"
    script.write_text(DELETE)
    other = save_flood(tmp_path / "capture.pcap", seconds=1, rate=1)
    one = run("-i", other, "--run-after", "2", "--run", script)
    assert one.process.wait(30) == 0, one.said()
    told = one.out.read_text().split()
    assert told == ["2", f"{ATTACKER}@0", "0", "1"]
    assert [row["alert_target"] for row in kept.stream(CLOSED)] == [
        f"{VICTIM}@0"
    ]


def seconds_later(lines, quiet):
    """A packet a second behind these, so that the clock goes on."""
    begin = max(line.when for line in lines) / captures.SECOND
    begin -= captures.START
    return lines + [
        captures.frame(ether() / udp(), begin + 1 + i) for i in range(quiet)
    ]


def crowd(hosts):
    """A flow of each of so many hosts, in two seconds."""
    return [
        captures.frame(
            ether() / udp(src=f"10.9.{i // 250}.{i % 250 + 1}"), i * 2 / hosts
        )
        for i in range(hosts)
    ]


def broken(count):
    """As many again whose IP header is longer than they are."""
    frame = bytearray(bytes(ether() / udp()))
    frame[14] = 0x4F
    del frame[40:]
    lines = [captures.frame(bytes(frame), i / 100) for i in range(count)]
    lines += [
        captures.frame(ether() / udp(), i / 100 + 0.001) for i in range(count)
    ]
    return sorted(lines, key=lambda line: line.when)


def dawdlers(count):
    """Connections of one client that carry next to nothing."""
    lines = []
    for i in range(count):
        tcp = captures.Tcp(ATTACKER, VICTIM, 2000 + i, 80, 20 + i * 0.02)
        lines += tcp.open().client(b"x").send("c", "RA").frames
    return sorted(lines, key=lambda line: line.when)


HAPPENINGS = {
    "flows_full": (lambda: crowd(3000), ["-X", "1024"]),
    "hosts_full": (lambda: crowd(3000),
                   ["-x", "1024", "--flow-timeout", "udp=1"]),
    "malformed": (lambda: broken(150), []),
    "slow_client": (lambda: dawdlers(150),
                    ["--flow-timeout", "tcp-closed=1"]),
}  # fmt: skip


@needs_root
@pytest.mark.parametrize("kind", HAPPENINGS)
def test_kind_really_happens(
    kind, read, redis, kept, tmp_path  # noqa: F811
):
    """What has no test of its own above: it begins; and once the minute that
    is looked at is good, and another one was, it is over."""
    redis.start()
    lines, options = HAPPENINGS[kind]
    lines = lines()
    one = read(
        captures.save(tmp_path / "now.pcap", seconds_later(lines, 4)), *options
    )
    wait_for(
        lambda: any(key[0].startswith(kind) for key in kept.engaged()),
        lambda: f"{kept.engaged()} {one.said()[-3000:]}",
    )
    assert one.end() == 0
    one = read(
        captures.save(tmp_path / "on.pcap", seconds_later(lines, 140)),
        *options,
    )
    wait_for(lambda: not kept.engaged(), lambda: f"{kept.engaged()}")
    assert one.end() == 0
