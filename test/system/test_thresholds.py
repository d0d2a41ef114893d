# test_thresholds: alerts of minutes, by thresholds in Redis.
# SPDX-License-Identifier: MIT
"""Over captures, whose clock the callbacks follow, with the redis-server of
test_redis; and over the cable of test_live, by the wall clock."""

import json

import pytest

import captures
from captures import ether, udp
from running import wait_for
from test_alerts import kept, read, run, watch  # noqa: F401
from test_alerts import CLOSED, SUPPRESSED
from test_redis import folder, needs_root, redis  # noqa: F401

pytestmark = needs_root

OWN = "ntopng.prefs.alerts_{}.ifid_0"
COMMON = "ntopng.prefs.alerts_global.{}.{}"
HOST, OTHER = "10.1.0.1", "10.1.0.9"


def traffic(path, minutes):
    """So many packets in each minute from 12:27:00 on (the first ones are
    what is there before), and one to end the last; @return bytes of each."""
    frames = []
    size = len(ether() / udp(src=HOST))
    for minute, count in enumerate(minutes):
        begin = 20 - 60 + minute * 60 + (41 if minute == 0 else 0)
        for i in range(count):
            frames.append(
                captures.frame(ether() / udp(src=HOST), begin + i * 0.01)
            )
    end = 20 + 60 * (len(minutes) - 1) + 1
    frames.append(captures.frame(ether() / udp(src=OTHER), end))
    captures.save(path, frames)
    return size


def errors(one):
    """A slow turn, on a machine that has much to do, is none."""
    return [
        line
        for line in one.said().splitlines()
        if "alert_thresholds.lua:" in line and "a turn of" not in line
    ]


def ids(kept):  # noqa: F811
    return {key: row["alert_json"] for key, row in kept.engaged().items()}


def test_minute_thresholds_begin_and_end(
    read, redis, kept, tmp_path  # noqa: F811
):
    """10, 100, 100, 10 packets: the growth of the second and third minute is
    too much, and that of the fourth is not."""
    redis.start()
    path = tmp_path / "in.pcap"
    size = traffic(path, [10, 100, 100, 10])
    redis.cli("hset", OWN.format("min"), f"{HOST}@0", "packets;gt;50")
    one = read(path)
    closed = kept.stream(CLOSED)
    assert [row["alert_entity_val"] for row in closed] == [f"{HOST}@0"]
    row = closed[0]
    assert row["alert_type"] == "2"
    assert "100 packets in the last minute, more than 50" in row["alert_json"]
    # 12:28:00 is the end of the first minute that is known whole.
    start = captures.START + 20 + 60
    assert int(row["alert_tstamp"]) == start
    assert int(row["alert_tstamp_end"]) == start + 120
    assert not kept.engaged()
    assert size > 0
    assert one.end() == 0


def test_every_kind_and_metric(read, redis, kept, tmp_path):  # noqa: F811
    redis.start()
    path = tmp_path / "in.pcap"
    size = traffic(path, [10, 100])
    # Both ends of the flow are local.
    redis.cli("hset", COMMON.format("min", "local_hosts"), "thresholds",
              f"bytes;gt;{100 * size - 1},packets;eq;100,flows;lt;1000")
    redis.cli("hset", COMMON.format("min", "interfaces"), "thresholds",
              f"bytes;gt;{100 * size},throughput;gt;0.0001,idle;lt;600")
    redis.cli("hset", OWN.format("min"), "10.0.0.0/8",
              f"inner;gt;{100 * size - 1},ingress;gt;0")
    redis.cli("hset", OWN.format("min"), "iface_0", "packets;lt;1000")
    read(path)
    kept.wait_engaged("min_bytes")
    engaged = ids(kept)
    rate = 100 * size * 8 / 60 / 1e6
    wanted = {
        ("min_bytes", f"{HOST}@0"),
        ("min_packets_eq", f"{HOST}@0"),
        ("min_flows_lt", f"{HOST}@0"),
        ("min_throughput", "iface_0"),
        ("min_idle_lt", "iface_0"),
        ("min_packets_lt", "iface_0"),
        ("min_inner", "10.0.0.0/8"),
    }
    assert wanted <= set(engaged)
    assert not {("min_bytes", "iface_0"), ("min_ingress", "10.0.0.0/8")} & set(
        engaged
    )
    told = float(engaged["min_throughput", "iface_0"].split()[0])
    assert told == pytest.approx(rate, rel=0.01)


def test_periods_are_apart(read, redis, kept, tmp_path):  # noqa: F811
    redis.start()
    frames = [
        captures.frame(ether() / udp(src=HOST), at) for at in range(0, 8000, 5)
    ]
    path = captures.save(tmp_path / "in.pcap", frames)
    redis.cli("hset", OWN.format("5mins"), f"{HOST}@0", "packets;eq;60")
    redis.cli("hset", OWN.format("hour"), f"{HOST}@0", "packets;eq;720")
    redis.cli("hset", OWN.format("day"), f"{HOST}@0", "packets;gt;1")
    read(path)
    kept.wait_engaged("5mins_packets_eq", "hour_packets_eq")
    rows = kept.engaged()
    assert {key[0] for key in rows} == {"5mins_packets_eq", "hour_packets_eq"}
    engines = {row["alert_id"]: row["alert_engine"] for row in rows.values()}
    assert engines == {"5mins_packets_eq": 1, "hour_packets_eq": 2}


def test_threshold_that_is_removed_releases(
    read, redis, kept, folder, tmp_path  # noqa: F811
):
    """And what is suppressed is not told; what is remembered may be garbage."""
    redis.start()
    path = tmp_path / "in.pcap"
    traffic(path, [10, 100, 100])
    redis.cli("hset", OWN.format("min"), f"{HOST}@0", "packets;gt;50",
              "10.2.0.2@0", "packets;gt;50")
    redis.cli("hset", SUPPRESSED, "10.2.0.2@0", "false")
    one = read(path)
    kept.wait_engaged("min_packets")
    assert {key[1] for key in kept.engaged()} == {f"{HOST}@0"}
    assert one.end() == 0
    remembered = folder / "data/0/alerts/min.json"
    assert json.loads(remembered.read_text())["engaged"]
    redis.cli("del", OWN.format("min"))
    one = read(path)
    assert not kept.engaged()
    assert one.end() == 0
    for garbage in ("", "{", "[1]", '{"before": 7, "engaged": [[]], "when":{}}',
                    '{"engaged": {"a": ["host"], "b": 3}}'):
        remembered.write_text(garbage)
        one = read(path)
        assert one.end() == 0
        assert not errors(one)


def test_bad_thresholds_are_told_once(
    read, redis, kept, tmp_path  # noqa: F811
):
    redis.start()
    path = tmp_path / "in.pcap"
    traffic(path, [10, 100, 100, 100])
    redis.cli("hset", OWN.format("min"), f"{HOST}@0", "packets;gt;50;x",
              "10.2.0.2@0", "packets;gt;50", "nobody", "packets;gt;1",
              "10.1.0.0/16", "bytes;gt;1", "iface_0", "bytes;ge;1")
    one = read(path)
    kept.wait_engaged("min_packets")
    assert {key[1] for key in kept.engaged()} == {"10.2.0.2@0"}
    for entity in (f"{HOST}@0", "10.1.0.0/16", "iface_0"):
        assert one.said().count(f"thresholds of {entity} are not") == 1
    assert one.end() == 0


def test_thousands_of_hosts_in_time(read, redis, kept, tmp_path):  # noqa: F811
    """2000 local hosts, all beyond."""
    redis.start()
    redis.cli("hset", COMMON.format("min", "local_hosts"), "thresholds",
              "packets;gt;1")
    frames = []
    for round_ in range(3):
        frames += [
            captures.frame(
                ether()
                / udp(src=f"10.9.{i // 250}.{i % 250 + 1}", dst="192.0.2.1"),
                30 * round_ + i * 0.01,
            )
            for i in range(2000)
        ]
    frames.append(captures.frame(ether() / udp(), 85))
    frames.sort(key=lambda frame: frame.when)
    one = read(captures.save(tmp_path / "in.pcap", frames))
    wait_for(
        lambda: [key[0] for key in kept.engaged()].count("min_packets") >= 2000,
        lambda: f"{len(kept.engaged())} are on: {one.said()[-2000:]}",
    )
    assert not errors(one)
    assert one.end() == 0
