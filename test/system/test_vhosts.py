# test_vhosts: names that local web servers answer to.
# SPDX-License-Identifier: MIT
"""Requests and bytes by Host header are those that tshark finds."""

import json
import subprocess
from collections import Counter

import pytest

import captures
from conftest import quiet_environment, tool

SCRIPT = """
local json = require "dkjson"
local stats = interface.getStats().stats
local host = arg[1] and interface.getHostInfo(arg[1]) or {}
print(json.encode({list = interface.listHTTPhosts(),
                   one = interface.listHTTPhosts("WWW.Example.ORG"),
                   count = stats.http_hosts,
                   active = host.active_http_hosts,
                   own = host.http and host.http.virtual_hosts}))
"""
EVERYWHERE = "0.0.0.0/0"


@pytest.fixture
def ask(offline, tmp_path):
    def run(capture, *words, networks=EVERYWHERE):
        path = tmp_path / "script.lua"
        path.write_text(SCRIPT)
        done = subprocess.run(
            offline("-i", capture, "-s", "-v", "0", "-S", "all",
                    "-m", networks, "--run", path, *words),
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            env=quiet_environment(), timeout=60, check=True,
        )
        assert done.stderr == ""
        return json.loads(done.stdout)

    return run


def frames(capture):
    """Of each TCP frame: connection, length, whether the client sent it, and
    the name in the Host header if it is a request."""
    done = subprocess.run(
        [tool("tshark"), "-r", capture, "-Y", "tcp", "-T", "fields",
         "-e", "tcp.stream", "-e", "frame.len", "-e", "ip.src",
         "-e", "http.host"],
        capture_output=True, encoding="utf-8", check=True,
    )
    clients = {}
    for line in done.stdout.splitlines():
        stream, length, source, name = (line + "\t\t\t").split("\t")[:4]
        is_client = clients.setdefault(stream, source) == source
        yield stream, int(length), is_client, name.lower().split(":")[0]


@pytest.mark.parametrize("name", ["aimini-http.pcap", "http-lines-split.pcap"])
def test_requests_and_bytes_are_those_of_tshark(ask, shared, name):
    capture = shared(f"pcaps/{name}")
    requests, sent, rcvd, names = Counter(), Counter(), Counter(), {}
    for stream, _, _, host in frames(capture):
        if host:
            requests[host] += 1
            names.setdefault(stream, host)
    for stream, length, is_request, _ in frames(capture):
        if stream in names:
            (rcvd if is_request else sent)[names[stream]] += length
    assert requests
    answer = ask(capture)
    assert answer["count"] == len(requests)
    assert {
        host: (row["http.requests"], row["bytes.sent"], row["bytes.rcvd"])
        for host, row in answer["list"].items()
    } == {host: (requests[host], sent[host], rcvd[host]) for host in requests}


def request(host):
    return b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nA: b\r\n\r\n"


def exchanges(hosts):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    return captures.conversation(
        *[(request(host), answer) for host in hosts], dport=80
    )


def test_hostile_names_are_text_and_few(ask, tmp_path):
    """One server is asked for more names than there is room for."""
    odd = [b"<script>alert(1)</script>", b"a\x00b\xff\x1b[31m", b"x" * 500,
           b"", b":80", b"[2001:db8::1]:80", b"WWW.example.org:8080"]
    many = [b"n%d.example" % n for n in range(200)]
    path = captures.save(tmp_path / "in.pcap", exchanges(many + odd))
    answer = ask(path, captures.SERVER)
    assert answer["count"] == len(answer["list"]) == 64
    assert answer["active"] == len(answer["own"]) == 64
    assert {"<script>alert(1)</script>", "a?b??[31m", "x" * 99,
            "[2001:db8::1]", "www.example.org"} < set(answer["list"])
    assert "n199.example" in answer["list"]
    assert "n1.example" not in answer["list"]
    assert list(answer["one"]) == ["www.example.org"]
    assert answer["one"]["www.example.org"]["server.ip"] == captures.SERVER
    assert answer["own"]["www.example.org"]["http.requests"] == 1


def test_servers_elsewhere_are_not_kept(ask, tmp_path):
    path = captures.save(tmp_path / "in.pcap", exchanges([b"www.example.org"]))
    answer = ask(path, networks="203.0.113.0/24")
    assert answer["count"] == 0
    assert not answer["list"]
