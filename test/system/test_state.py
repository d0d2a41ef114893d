# test_state: what a restart keeps. SPDX-License-Identifier: MIT
"""With the redis-server and the watching kelvin of test_redis."""

import json

import pytest

from running import wait_for
from test_redis import Redis, folder, needs_root, redis, start  # noqa: F401

pytestmark = needs_root

HOST = "ntopng.serialized_hosts.ifid_{}__127.0.0.1@0"
IDS = "ntopng.prefs.iface_id"


def kept(redis, ifid=0):  # noqa: F811
    """What Redis keeps of 127.0.0.1."""
    return json.loads(redis.cli("get", HOST.format(ifid)))


def run_once(redis, start, talk=30):  # noqa: F811
    """A kelvin that sees some packets and ends; how many they were."""
    kelvin = start("-r", f"unix:{redis.path}")
    kelvin.wait_sees(talk)
    assert kelvin.end() == 0, kelvin.said()
    return sum(r["IN_PKTS"] for r in kelvin.records())


def test_totals_of_local_hosts_go_on(redis, start):  # noqa: F811
    redis.start()
    first = run_once(redis, start)
    before = kept(redis)
    assert before["v"] == 1
    assert before["udp_sent"]["packets"] == first
    assert before["flows.as_client"] >= 1
    second = run_once(redis, start)
    after = kept(redis)
    assert after["udp_sent"]["packets"] == first + second
    assert after["seen.first"] == before["seen.first"]
    assert after["pktStats.sent"] != before["pktStats.sent"]
    assert after["activity"]["minutes"].strip("0")
    unknown = after["ndpiStats"]["Unknown"]["packets"]
    assert unknown["sent"] == first + second


def test_entry_expires_as_preferred(redis, start):  # noqa: F811
    redis.start()
    redis.cli("set", "ntopng.prefs.local_host_cache_duration", 7200)
    run_once(redis, start)
    assert 7000 < int(redis.cli("ttl", HOST.format(0))) <= 7200


def test_interface_keeps_its_number(redis, start):  # noqa: F811
    redis.start()
    redis.cli("hset", IDS, "eth9", 0, 0, "eth9", "7", "wlan0", "wlan0", "7")
    run_once(redis, start)
    assert redis.cli("hget", IDS, "lo") == "1"
    assert redis.cli("hget", IDS, 1) == "lo"
    assert redis.cli("hget", IDS, "eth9") == "0"
    run_once(redis, start)
    assert redis.cli("hget", IDS, "lo") == "1"
    assert redis.cli("hlen", IDS) == "6"
    assert kept(redis, 1)["ip"]["ip"] == "127.0.0.1"


def test_what_ntopng_kept_is_read(redis, start):  # noqa: F811
    redis.start()
    redis.cli("hset", IDS, "lo", 5, 5, "lo")
    old = {
        "seen.first": 1500000000,
        "seen.last": 1500000100,
        "symbolic_name": "old name",
        "ip": {"ipVersion": 4, "localHost": True, "ip": "127.0.0.1"},
        "tcp_rcvd": {"packets": 1000, "bytes": 64000},
        "ndpiStats": {"SSH": {"duration": 9, "bytes": {"sent": 1, "rcvd": 2},
                              "packets": {"sent": 3, "rcvd": 4}}},
    }
    redis.cli("set", HOST.format(5), json.dumps(old))
    seen = run_once(redis, start)
    now = kept(redis, 5)
    assert now["seen.first"] == 1500000000
    assert now["symbolic_name"] == "old name"
    assert now["tcp_rcvd"] == {"packets": 1000, "bytes": 64000}
    assert now["udp_sent"]["packets"] == seen
    assert now["ndpiStats"]["SSH"]["packets"] == {"sent": 3, "rcvd": 4}


@pytest.mark.parametrize(
    "kind, garbage",
    [
        ("set", ["nonsense"]),
        ("set", ["[" * 100000]),
        ("set", ['{"v": 2, "ip": {"ip": "127.0.0.1"}}']),
        ("set", ['{"v": 1, "ip": {"ip": "10.0.0.1"}}']),
        ("hset", ["field", "value"]),
        ("rpush", ["item"]),
    ],
)
def test_garbage_is_replaced(kind, garbage, redis, start):  # noqa: F811
    redis.start()
    redis.cli(kind, HOST.format(0), *garbage)
    seen = run_once(redis, start)
    assert kept(redis)["udp_sent"]["packets"] == seen


def test_nothing_is_kept_when_not_preferred(redis, start):  # noqa: F811
    redis.start()
    redis.cli("set", "ntopng.prefs.is_local_host_cache_enabled", 0)
    run_once(redis, start)
    assert redis.cli("get", HOST.format(0)) == ""


def test_host_that_was_idle_goes_on(redis, start):  # noqa: F811
    redis.start()
    for name in ("flow_max_idle", "local_host_max_idle"):
        redis.cli("set", f"ntopng.prefs.{name}", 1)
    kelvin = start("-r", f"unix:{redis.path}")
    kelvin.wait_sees(20)
    wait_for(lambda: redis.cli("exists", HOST.format(0)) == "1", kelvin.said)
    first = kept(redis)["udp_sent"]["packets"]
    redis.cli("set", "ntopng.prefs.local_host_max_idle", 300)
    kelvin.wait_sees(20)
    assert kelvin.end() == 0
    total = sum(r["IN_PKTS"] for r in kelvin.records())
    assert 20 <= first < total
    assert kept(redis)["udp_sent"]["packets"] == total


def test_redis_that_comes_late_is_asked(redis, start):  # noqa: F811
    """What it kept is neither lost nor written over."""
    redis.start("appendonly yes")
    first = run_once(redis, start)
    redis.kill()
    kelvin = start("-r", f"unix:{redis.path}")
    kelvin.wait_sees(10)
    redis.start()
    kelvin.wait_said("connected to unix:")
    kelvin.wait_sees(10)
    assert kelvin.end() == 0
    second = sum(r["IN_PKTS"] for r in kelvin.records())
    assert kept(redis)["udp_sent"]["packets"] == first + second
