# test_filters: expressions over flows and hosts.
# SPDX-License-Identifier: MIT
"""What filters find in captures is what tshark counts there."""

import subprocess

import pytest

from conftest import quiet_environment, tool

CLASSES = ("tcp-opening", "tcp-established", "tcp-closed", "udp", "icmp")
STAY = ",".join(f"{name}=3600" for name in CLASSES)

# For each: names that a script prints, one a line.
HOSTS = """
local list = interface.getHostsInfo(false, nil, nil, nil, nil, nil, nil, nil,
                                    nil, nil, nil, nil, nil, nil, arg[1])
for name in pairs(list.hosts) do print(name) end
"""
FLOWS = """
local list = interface.getFlowsInfo(nil, {filter = arg[1],
                                          detailsLevel = "high"})
for _, flow in ipairs(list.flows) do
  print(flow["cli.ip"], flow["cli.port"], flow["srv.ip"], flow["srv.port"])
end
"""


@pytest.fixture
def found(offline, shared, tmp_path):
    """What a script prints of a capture for a filter, as a set of lines."""

    def run(script, capture, text):
        path = tmp_path / "script.lua"
        path.write_text(script)
        done = subprocess.run(
            offline(
                *["-i", shared(f"pcaps/{capture}"), "-s", "-v", "0"],
                *["-S", "all", "--flow-timeout", STAY],
                *["--run", path, text],
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env=quiet_environment(),
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        return set(done.stdout.splitlines())

    return run


@pytest.fixture
def told(shared):
    """Columns of a table of tshark's, by lines."""

    def run(capture, table, columns):
        done = subprocess.run(
            [tool("tshark"), "-r", shared(f"pcaps/{capture}"), "-q", "-z",
             table],
            capture_output=True, encoding="utf-8", check=True,
        )
        rows = [line.split() for line in done.stdout.splitlines()]
        return [
            [row[column] for column in columns]
            for row in rows
            if len(row) > max(columns) and row[0][0].isdigit()
        ]

    return run


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("bytes > 10k", lambda packets, total, sent, rcvd: total > 10000),
        ("packets <= 40", lambda packets, total, sent, rcvd: packets <= 40),
        (
            "bytes.sent >= 5k and not bytes.rcvd < 6k",
            lambda packets, total, sent, rcvd: sent >= 5000 and rcvd >= 6000,
        ),
    ],
)
def test_hosts_are_those_that_tshark_counts(found, told, text, wanted):
    capture = "skype.pcap"
    rows = told(capture, "endpoints,ip", (0, 1, 2, 4, 6))
    assert len(rows) > 20
    expected = {ip for ip, *numbers in rows if wanted(*map(int, numbers))}
    assert 0 < len(expected) < len(rows)
    assert found(HOSTS, capture, f"version=4 and ({text})") == expected


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_flows_are_those_that_tshark_counts(found, told, protocol):
    capture = "skype.pcap"
    rows = told(capture, f"conv,{protocol}", (0, 2))
    ends = {
        frozenset((one, other))
        for one, other in rows
        if one.startswith("192.168.1.34:") or other.startswith("192.168.1.34:")
    }
    assert len(ends) > 5
    lines = found(FLOWS, capture, f"proto {protocol} and host 192.168.1.34")
    flows = [line.split("\t") for line in lines]
    assert {
        frozenset((f"{client}:{port}", f"{server}:{to}"))
        for client, port, server, to in flows
    } == ends


def test_an_error_points_at_the_character(found):
    script = "print(select(2, interface.getFlowsInfo(nil, {filter = arg[1]})))"
    assert found(script, "skype.pcap", "bytes > 1M and vlan = x") == {
        "filter: no whole number at character 23: x"
    }
