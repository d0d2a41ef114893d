# test_undecided: bytes of flows whose application is not known yet.
# SPDX-License-Identifier: MIT
"""They are Unknown until they are named: applications add up to the traffic of
a host and of an interface at any time."""

import json
import subprocess

import pytest

import captures
from conftest import quiet_environment, tool

SCRIPT = """
local json = require "dkjson"
local hosts = {}
for key in pairs(interface.getHostsInfo(false).hosts) do
  local host = interface.getHostInfo(key)
  hosts[key] = {sent = host["bytes.sent"], rcvd = host["bytes.rcvd"],
                packets = host["packets.sent"] + host["packets.rcvd"],
                unknown = host.criteria and host.criteria.unknown,
                apps = host.ndpi}
end
local stats = interface.getStats()
print(json.encode({hosts = hosts, apps = stats.ndpi, eth = stats.eth}))
"""
CLASSES = ("tcp-opening", "tcp-established", "tcp-closed", "udp", "icmp",
           "other")
STAY = ",".join(f"{name}=86400" for name in CLASSES)


@pytest.fixture
def ask(offline, tmp_path):
    """What a script is told while all flows of a capture are active."""

    def run(capture):
        path = tmp_path / "script.lua"
        path.write_text(SCRIPT)
        done = subprocess.run(
            offline("-i", capture, "-s", "-v", "0",
                    "-S", "all", "--flow-timeout", STAY, "--run", path),
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            env=quiet_environment(), timeout=60, check=True,
        )
        assert done.stderr == ""
        return json.loads(done.stdout)

    return run


def summed(apps, key):
    return sum(of[key] for of in apps.values())


@pytest.mark.parametrize(
    "name",
    ["skype.pcap", "bittorrent.pcap", "teams.pcap", "http-lines-split.pcap"],
)
def test_applications_add_up(ask, shared, name):
    told = ask(shared(f"pcaps/{name}"))
    frames = subprocess.run(
        [tool("tshark"), "-r", shared(f"pcaps/{name}"), "-Y", "ip || ipv6",
         "-T", "fields", "-e", "frame.len"],
        capture_output=True, encoding="utf-8", check=True,
    ).stdout.split()
    assert told["hosts"]
    for host in told["hosts"].values():
        apps = host["apps"] or {}
        assert summed(apps, "bytes.sent") == host["sent"]
        assert summed(apps, "bytes.rcvd") == host["rcvd"]
        assert (summed(apps, "packets.sent") + summed(apps, "packets.rcvd")
                == host["packets"])
        if host.get("unknown") is not None and apps:
            unknown = apps.get("Unknown", {"bytes.sent": 0, "bytes.rcvd": 0})
            assert host["unknown"] == (
                unknown["bytes.sent"] + unknown["bytes.rcvd"]
            )
    apps = told["apps"]
    assert (summed(apps, "packets.sent") + summed(apps, "packets.rcvd")
            == len(frames))
    assert (summed(apps, "bytes.sent") + summed(apps, "bytes.rcvd")
            == sum(map(int, frames)))


def test_what_is_not_decided_yet_is_unknown(ask, tmp_path):
    """A datagram that nDPI wants to see more of."""
    packet = captures.ether() / captures.udp()
    path = captures.save(tmp_path / "in.pcap", captures.frames([packet]))
    told = ask(path)
    assert told["apps"]["Unknown"]["bytes.sent"] == len(packet)
    client = told["hosts"][captures.CLIENT]
    assert list(client["apps"]) == ["Unknown"]
    assert client["apps"]["Unknown"]["bytes.sent"] == len(packet)
    assert client["unknown"] == len(packet)
