# test_peers: which hosts talk to each other, and how much.
# SPDX-License-Identifier: MIT
"""The links between hosts are the conversations that tshark counts."""

import json
import subprocess
from collections import Counter

import pytest

import captures
from captures import ether, udp
from conftest import quiet_environment, tool

SCRIPT = """
local json = require "dkjson"
print(json.encode(interface.getFlowPeers(nil, json.decode(arg[1]))))
"""
CLASSES = ("tcp-opening", "tcp-established", "tcp-closed", "udp", "icmp",
           "other")
STAY = ",".join(f"{name}=86400" for name in CLASSES)


@pytest.fixture
def ask(offline, tmp_path):
    def run(capture, *options, **page):
        path = tmp_path / "script.lua"
        path.write_text(SCRIPT)
        done = subprocess.run(
            offline("-i", capture, "-s", "-v", "0", *options,
                    "--flow-timeout", STAY, "--run", path, json.dumps(page)),
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            env=quiet_environment(), timeout=60, check=True,
        )
        assert done.stderr == ""
        return json.loads(done.stdout)

    return run


def links(answer):
    """Bytes by sender and receiver."""
    told = {}
    for row in answer["peers"]:
        one, other = row["cli.ip"], row["srv.ip"]
        assert (one, other) not in told and (other, one) not in told
        told[one, other] = row["cli2srv.bytes"]
        told[other, one] = row["srv2cli.bytes"]
    return told


def conversations(capture, shown="ip"):
    done = subprocess.run(
        [tool("tshark"), "-r", capture, "-Y", shown, "-T", "fields",
         "-E", "occurrence=f", "-e", "ip.src", "-e", "ip.dst",
         "-e", "frame.len"],
        capture_output=True, encoding="utf-8", check=True,
    )
    told = Counter()
    for line in done.stdout.splitlines():
        source, target, length = line.split("\t")
        told[source, target] += int(length)
        told[target, source] += 0
    return dict(told)


@pytest.mark.parametrize("name", ["skype.pcap", "bittorrent.pcap"])
def test_links_are_the_conversations_of_tshark(ask, shared, name):
    capture = shared(f"pcaps/{name}")
    answer = ask(capture, maxHits=1000, ipVersion=4)
    expected = conversations(capture)
    assert links(answer) == expected
    assert answer["numPeers"] == len(answer["peers"]) == len(expected) / 2
    assert answer["missedFlows"] == 0
    assert answer["numFlows"] == sum(row["flows"] for row in answer["peers"])


def test_the_largest_come_first(ask, shared):
    capture = shared("pcaps/skype.pcap")
    expected = conversations(capture)
    sums = {frozenset(ends): size + expected[ends[::-1]]
            for ends, size in expected.items()}
    answer = ask(capture, maxHits=7)
    assert [
        row["cli2srv.bytes"] + row["srv2cli.bytes"] for row in answer["peers"]
    ] == sorted(sums.values(), reverse=True)[:7]
    assert answer["numPeers"] > 100
    assert ask(capture, maxHits=0)["peers"] == []


def test_flows_are_chosen_as_elsewhere(ask, shared):
    capture = shared("pcaps/skype.pcap")
    dns = conversations(capture, "udp.port == 53")
    assert links(ask(capture, filter="proto udp and port 53")) == dns
    local = ask(capture, clientMode="local", serverMode="local")
    assert local["numPeers"] > 0
    for row in local["peers"]:
        assert row["cli.ip"].startswith(("192.168.", "10."))
        assert row["srv.ip"].startswith(("192.168.", "10."))


def test_there_is_room_for_many(ask, tmp_path):
    """20,000 links; the last one is the largest and goes back and forth."""
    packets = [
        ether() / udp(src=f"10.1.{n >> 8}.{n & 255}", dst="10.2.0.1")
        for n in range(20000)
    ]
    packets += [
        ether() / udp(src="10.2.0.1", dst="10.1.0.5", sport=1, dport=2),
    ] * 3
    path = captures.save(tmp_path / "in.pcap", captures.frames(packets))
    answer = ask(path, maxHits=1)
    size = len(packets[0])
    assert answer["numFlows"] == 20001
    assert answer["numPeers"] + answer["missedFlows"] == 20000
    assert answer["numPeers"] == 16384
    (row,) = answer["peers"]
    assert (row["cli.ip"], row["srv.ip"]) == ("10.1.0.5", "10.2.0.1")
    assert row["flows"] == 2
    assert (row["cli2srv.bytes"], row["srv2cli.bytes"]) == (size, 3 * size)
