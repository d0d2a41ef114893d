# test_kept: what a restart keeps of devices and interfaces.
# SPDX-License-Identifier: MIT
"""With the cable of test_live and the redis-server of test_redis. Scripts ask
a second kelvin what the first one knew; `ip -s link` tells what there was."""

import json
import time

import pytest

from captures import ether, udp
from running import wait_for
from test_alerts import kept, pour, run, watch  # noqa: F401
from test_live import cable  # noqa: F401
from test_redis import folder, needs_root, redis  # noqa: F401

pytestmark = needs_root

MACS = "ntopng.serialized_macs.ifid_0__{}@0"
KNOWN = "ntopng.known_devices.ifid_0"
TOTALS = "ntopng.serialized_ifaces.ifid_0"

TELL = """
local s = interface.getStats()
local devices = {}
for _, mac in ipairs(interface.getMacsInfo("column_mac").macs) do
  devices[mac.mac] = {mac["bytes.sent"], mac["bytes.rcvd"],
    mac["seen.first"], mac["arp_requests.sent"]}
end
print(require("dkjson").encode({
  packets = s.stats.packets, bytes = s.stats.bytes, eth = s.eth,
  sizes = s.pktSizeDistribution, ["local"] = s.localstats.bytes,
  ndpi = s.ndpi, arp = s["arp.requests"], since = s.stats_since_reset,
  devices = devices, zero = interface.getSeries().totals_since}))
"""


@pytest.fixture
def ask(watch, tmp_path):  # noqa: F811
    """Run a kelvin for some seconds; @return what it tells at the end."""

    def run_one(seconds, meanwhile=lambda: None):
        script = tmp_path / "tell.lua"
        script.write_text(TELL)
        one = watch("--run-after", seconds, "--run", script)
        time.sleep(0.7)
        meanwhile()
        assert one.process.wait(60) == 0, one.said()
        return json.loads(one.out.read_text()), one

    return run_one


def frames(number):
    """UDP from ten devices."""
    return [
        ether(src=f"00:1b:21:00:00:{i % 10:02x}", dst="00:1b:21:00:00:ff")
        / udp(src=f"10.77.0.{20 + i % 10}", dst="10.77.0.1")
        for i in range(number)
    ]


def sent(cable, number):  # noqa: F811
    """Send that many, and some more."""
    return lambda: pour(cable, frames(10), number + 20, 1).wait()


def test_totals_of_interfaces_and_devices_go_on(
    ask, cable, redis  # noqa: F811
):
    redis.start()
    first, _ = ask(4, sent(cable, 100))
    assert first["packets"] >= 100
    second, _ = ask(4, sent(cable, 60))
    got = json.loads(redis.cli("get", TOTALS))
    assert (got["v"], got["name"]) == (1, "probe0")
    assert got["all"] == {
        "packets": second["packets"], "bytes": second["bytes"]
    }
    assert second["packets"] >= first["packets"] + 60
    assert second["since"]["packets"] == second["packets"] - first["packets"]
    # Whoever draws growth is told that totals did not begin with 0.
    assert first["zero"] > 1600000000 and second["zero"] == 0
    assert second["eth"]["packets"] == second["packets"]
    assert second["eth"]["IPv4_packets"] >= first["eth"]["IPv4_packets"] + 60
    assert sum(second["sizes"].values()) == second["packets"]
    # Flows of the first were decided at its end.
    assert second["ndpi"]["Unknown"]["packets.sent"] >= 100
    unknown = got["ndpiStats"]["Unknown"]
    assert unknown["packets"]["sent"] >= 160
    assert unknown["flows"] >= 20

    mac = "00:1B:21:00:00:03"
    before, after = first["devices"][mac], second["devices"][mac]
    size = len(bytes(frames(4)[3]))
    assert before[0] % size == 0 and before[0] >= 10 * size
    assert after[0] >= before[0] + 6 * size
    assert after[2] == before[2]
    of = json.loads(redis.cli("get", MACS.format(mac)))
    assert (of["v"], of["mac"]) == (1, mac)
    assert of["sent"]["bytes"] == after[0]
    assert of["seen.first"] == before[2] < of["seen.last"]
    assert 0 < int(redis.cli("ttl", MACS.format(mac))) <= 3600
    # What only received is no device that is kept.
    assert redis.cli("exists", MACS.format("00:1B:21:00:00:FF")) == "0"


def test_what_ntopng_kept_of_a_device_is_read(
    ask, cable, redis  # noqa: F811
):
    redis.start()
    mac = "00:1B:21:00:00:05"
    redis.cli("set", MACS.format(mac), json.dumps(
        {"mac": mac, "seen.first": 1500000000, "seen.last": 1500000100}))
    told, _ = ask(3, sent(cable, 100))
    assert told["devices"][mac][2] == 1500000000


GARBAGE = [
    ("set", ["nonsense"]),
    ("set", ['{"v": 2, "mac": "00:1B:21:00:00:03", "all": {}}']),
    ("set", ['{"v": 1, "mac": "00:1B:21:00:00:04", "all": 7}']),
    ("set", ['{"v": 1, "mac": 5, "all": {"packets": -1, "bytes": 1e99}, '
             '"ndpiStats": [1], "eth": null}']),
    ("hset", ["field", "value"]),
]


@pytest.mark.parametrize("kind, garbage", GARBAGE)
def test_garbage_is_refused_per_entry(
    kind, garbage, ask, cable, redis  # noqa: F811
):
    redis.start()
    mac = "00:1B:21:00:00:03"
    for key in (TOTALS, MACS.format(mac)):
        redis.cli(kind, key, *garbage)
    redis.cli("zadd", KNOWN, 1, "x", 2, "00:1B:21:00:00:03", 3,
              "00:1B:21:00:00:03@99999999", 4, "00:1B:21:00:00:zz@0")
    told, _ = ask(3, sent(cable, 100))
    assert 100 <= told["packets"] < 400
    got = json.loads(redis.cli("get", TOTALS))
    assert got["all"]["packets"] == told["packets"]
    of = json.loads(redis.cli("get", MACS.format(mac)))
    assert of["sent"]["bytes"] == told["devices"][mac][0]
    other = told["devices"]["00:1B:21:00:00:04"]
    assert other[0] > 0


def test_devices_are_known_though_it_was_killed(
    watch, cable, redis  # noqa: F811
):
    redis.start()
    one = watch()
    pour(cable, frames(10), 100, 1).wait()
    wait_for(
        lambda: redis.cli("zcard", KNOWN) == "10",
        lambda: redis.cli("zrange", KNOWN, 0, -1),
    )
    one.process.kill()
    one.process.wait()
    assert redis.cli("zcard", KNOWN) == "10"


def test_devices_of_before_are_no_news(
    watch, cable, redis, kept  # noqa: F811
):
    """After a restart only what was never there is told of, and that at
    once: there is nothing to be learnt first."""
    redis.start()
    one = watch()
    pour(cable, frames(10), 100, 1).wait()
    wait_for(lambda: redis.cli("zcard", KNOWN) == "10", one.said)
    assert one.end() == 0
    one = watch()
    time.sleep(1.5)
    stranger = ether(src="00:1b:21:00:00:77") / udp(src="10.77.0.77")
    pour(cable, [*frames(10), stranger], 110, 2).wait()
    one.wait_said("00:1B:21:00:00:77")
    assert one.end() == 0
    told = [line for line in one.said().splitlines() if "00:1B:21" in line]
    assert len(told) == 1, told
    assert redis.cli("zcard", KNOWN) == "11"


def test_invented_addresses_are_bounded(
    watch, cable, redis  # noqa: F811
):
    redis.start()
    one = watch()
    flood = [
        ether(src=f"02:00:00:00:{i // 256:02x}:{i % 256:02x}")
        / udp(src="10.77.0.66", sport=1000 + i)
        for i in range(6000)
    ]
    pour(cable, flood, 3000, 2).wait()
    time.sleep(1)
    assert one.end() == 0
    # At the end all that are there are noted.
    assert 5000 <= int(redis.cli("zcard", KNOWN)) <= 16384


def test_a_redis_that_comes_late_loses_nothing(
    watch, cable, redis  # noqa: F811
):
    """Totals of before are not shown, as charts would jump, but kept up."""
    redis.start("appendonly yes")
    redis.cli("set", TOTALS, json.dumps(
        {"v": 1, "all": {"packets": 10**12, "bytes": 10**15}}))
    redis.kill()
    one = watch()
    pour(cable, frames(10), 50, 5.5).wait()
    redis.start()
    one.wait_said("came too late")
    assert one.end() == 0
    got = json.loads(redis.cli("get", TOTALS))
    assert got["all"]["packets"] >= 10**12 + 250

