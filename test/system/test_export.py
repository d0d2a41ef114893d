# test_export: every record arrives, whatever happens on the way.
# SPDX-License-Identifier: MIT

import gzip
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import captures
from conftest import tool
from exports import Fed, Receiver, assert_all, flow_key, key_of
from running import wait_for
from web import free_ports

pytestmark = pytest.mark.usefixtures("programs")


@pytest.fixture(scope="module")
def programs():
    tool("socat")


@pytest.fixture
def fed(offline, tmp_path):
    """Start kelvins that end with the test."""
    running = []

    def start(*exports, **more):
        running.append(Fed(offline, tmp_path, *exports, **more))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def receiver(tmp_path):
    one = Receiver(tmp_path)
    yield one
    if one.process is not None:
        one.signal(signal.SIGCONT)
    one.kill()


def logstash(receiver, protocol="tcp", *options):
    return ";".join(
        ["logstash", "127.0.0.1", protocol, str(receiver.port), *options]
    )


def test_lines_are_what_a_file_gets(fed, receiver, tmp_path):
    receiver.start().wait_listens()
    kelvin = fed(logstash(receiver), f"file;{tmp_path}/flows.json")
    kelvin.flows(20000)
    kelvin.finish()
    file = (tmp_path / "flows.json").read_bytes().split(b"\n")[:-1]
    wait_for(lambda: len(receiver.lines()) == 20000, "all lines")
    assert receiver.lines() == file
    assert_all(receiver.records(), 0, 20000)
    # jq is what people look with: it takes each line as an object.
    kinds = subprocess.run(
        ["jq", "-c", "map_values(type)"], stdin=receiver.path.open(),
        capture_output=True, check=True, text=True,
    ) if os.path.exists("/usr/bin/jq") else None
    if kinds:
        assert len(set(kinds.stdout.splitlines())) == 1


def test_records_of_an_outage_arrive_after_it(fed, receiver):
    kelvin = fed(logstash(receiver))
    kelvin.flows(30000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["spooled_records"] >= 30000)
    assert kelvin.sink()["failing"] == 1
    assert "Connection refused" in kelvin.said()
    receiver.start()
    kelvin.wait_sink(lambda now: now["spooled_records"] == 0)
    kelvin.wait_sink(lambda now: now["spool_bytes"] == 0)
    assert kelvin.sink()["failing"] == 0
    kelvin.flows(1000)
    kelvin.finish()
    wait_for(lambda: len(receiver.lines()) == 31001, "all lines")
    assert_all(receiver.records(), 0, 31001)


def test_receiver_killed_in_mid_stream(fed, receiver):
    receiver.start().wait_listens()
    kelvin = fed(logstash(receiver))
    for _ in range(4):
        before = receiver.path.stat().st_size
        kelvin.flows(20000)
        wait_for(lambda: receiver.path.stat().st_size > before, "some bytes")
        receiver.kill()
        kelvin.flows(2000)
        assert kelvin.sink()["records_total"] > 0
        receiver.start().wait_listens()
    kelvin.finish()
    wait_for(lambda: len(receiver.keys()) == 88000, "all flows")
    assert_all(receiver.records(), 0, 88000)


def test_receiver_that_never_reads_costs_no_memory(fed, receiver):
    receiver.start().wait_listens()
    kelvin = fed(logstash(receiver, "tcp", "memory=8M"))
    kelvin.flows(1000)
    kelvin.settle()
    receiver.signal(signal.SIGSTOP)
    kelvin.flows(100000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["failing"] == 1)
    now = kelvin.sink()
    assert now["spooled_records"] > 50000
    assert now["memory_bytes"] <= 10 << 20
    assert "takes nothing" in kelvin.said()
    receiver.signal(signal.SIGCONT)
    # Who ends while its target is away leaves the rest to the next run.
    kelvin.wait_sink(lambda now: now["spooled_records"] == 0)
    kelvin.finish()
    wait_for(lambda: len(receiver.keys()) == 101002, "all flows")
    assert_all(receiver.records(), 0, 101002)


def test_slow_receiver_gets_all(fed, receiver):
    """It sleeps three quarters of the time."""
    receiver.start().wait_listens()
    kelvin = fed(logstash(receiver, "tcp", "memory=4M"))
    is_over = threading.Event()

    def slow_down():
        while not is_over.is_set():
            receiver.signal(signal.SIGSTOP)
            time.sleep(0.03)
            receiver.signal(signal.SIGCONT)
            time.sleep(0.01)

    slowness = threading.Thread(target=slow_down)
    slowness.start()
    try:
        kelvin.flows(100000)
        assert kelvin.sink()["records_total"] > 0
        kelvin.finish()
    finally:
        is_over.set()
        slowness.join()
    wait_for(lambda: len(receiver.lines()) >= 100000, "all lines")
    assert_all(receiver.records(), 0, 100000)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_restart_in_an_outage(fed, receiver, number):
    kelvin = fed(logstash(receiver))
    kelvin.flows(20000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["spooled_records"] == 20000)
    kelvin.end(number)
    one_more = number == signal.SIGTERM  # the flow that was alive ends
    second = fed(logstash(receiver), first=kelvin.fed)
    assert second.sink()["spooled_records"] == 20000 + one_more
    second.flows(500)
    receiver.start().wait_listens()
    second.finish()
    wait_for(lambda: len(receiver.keys()) == 20500 + one_more, "all flows")
    records = receiver.records()
    if one_more:
        assert_all(records, 0, 20501)
    else:
        keys = {flow_key(i) for i in range(20501) if i != 20000}
        assert {key_of(record) for record in records} == keys
    assert len(records) == len(receiver.keys()), "some came twice"


def test_udp_is_one_record_a_datagram(fed):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        one.settimeout(10)
        kelvin = fed(f"logstash;127.0.0.1;udp;{one.getsockname()[1]}")
        kelvin.flows(200)
        kelvin.finish()
        assert_all([json.loads(one.recv(65536)) for _ in range(200)], 0, 200)


def test_udp_waits_while_nobody_listens(fed):
    port = free_ports(1)[0]
    kelvin = fed(f"logstash;127.0.0.1;udp;{port}")
    kelvin.flows(200)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["failing"] == 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", port))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        one.settimeout(10)
        kelvin.wait_sink(lambda now: now["failing"] == 0)
        kelvin.finish()
        got = set()
        while flow_key(200) not in got:  # the last one
            got.add(key_of(json.loads(one.recv(65536))))
    # A datagram that was refused is gone: nobody said so before the next.
    assert 150 < len(got) < 201


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost that signs itself."""
    path = tmp_path / "pair.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
         path, "-out", tmp_path / "cert.pem", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )
    with path.open("ab") as pair:
        pair.write((tmp_path / "cert.pem").read_bytes())
    return path


class TlsReceiver(Receiver):
    certificate = None

    def command(self):
        return ["socat", "-u",
                f"OPENSSL-LISTEN:{self.port},reuseaddr,fork,verify=0,"
                f"cert={self.certificate}", f"OPEN:{self.path},append"]


def test_tls_encrypts_for_whom_it_trusts(fed, tmp_path, certificate):
    receiver = TlsReceiver(tmp_path)
    receiver.certificate = certificate
    receiver.start().wait_listens()
    spec = f"logstash;localhost;tls;{receiver.port}"
    try:
        kelvin = fed(spec)
        kelvin.flows(20000)
        kelvin.settle()
        kelvin.wait_said("certificate: self-signed certificate")
        kelvin.end()
        assert receiver.lines() == []
        second = fed(f"{spec};ca={tmp_path}/cert.pem", first=kelvin.fed)
        second.flows(20000)
        second.finish()
        wait_for(lambda: len(receiver.keys()) == 40001,
                 lambda: f"{len(receiver.lines())}\n{second.said()}")
        assert_all(receiver.records(), 0, 40001)
        other = fed(
            f"logstash;127.0.0.1;tls;{receiver.port};ca={tmp_path}/cert.pem",
            first=50000,
        )
        other.wait_said("certificate: IP address mismatch")
    finally:
        receiver.kill()


def test_each_sink_has_its_filter(fed, tmp_path):
    out = [tmp_path / name for name in "abc"]
    kelvin = fed(
        f"file;{out[0]};filter=port=1030",
        f"file;{out[1]};filter=not (port=1030 or port=1031)",
        f"file;{out[2]}",
    )
    kelvin.flows(100)
    kelvin.settle()
    counters = kelvin.metrics()
    assert [counters[i]["filtered_records_total"] for i in range(3)] == [
        99, 2, 0,
    ]
    kelvin.finish()
    assert [path.read_text().count("\n") for path in out] == [1, 99, 101]


class Cable:
    """A namespace with a receiver, at the end of a cable that can be cut."""

    def __init__(self, name):
        self.name = name
        self.near = f"kx{os.getpid() % 10000}"
        net = f"198.18.{os.getpid() % 256}"
        self.ours, self.theirs = f"{net}.1", f"{net}.2"

    def ip(self, *words):
        return subprocess.run(["ip", *words], capture_output=True, check=False)

    def make(self):
        if self.ip("netns", "add", self.name).returncode != 0:
            pytest.skip("skipped: namespaces need root")
        self.ip("link", "add", self.near, "type", "veth", "peer", "name",
                "far", "netns", self.name)
        self.ip("addr", "add", f"{self.ours}/30", "dev", self.near)
        self.ip("link", "set", self.near, "up")
        for words in (
            ["addr", "add", f"{self.theirs}/30", "dev", "far"],
            ["link", "set", "far", "up"],
            ["link", "set", "lo", "up"],
        ):
            self.ip("-n", self.name, *words)
        return self

    def cut(self):
        """No packet, no RST, no ICMP."""
        self.ip("-n", self.name, "link", "set", "far", "down")

    def mend(self):
        self.ip("-n", self.name, "link", "set", "far", "up")

    def prefix(self):
        return ["ip", "netns", "exec", self.name]

    def remove(self):
        self.ip("link", "del", self.near)
        self.ip("netns", "del", self.name)


@pytest.fixture
def cable():
    one = Cable(f"kelvin-export-{os.getpid()}").make()
    yield one
    one.remove()


def test_cut_network_loses_nothing(fed, receiver, cable):
    receiver.start(cable.prefix())
    wait_for(receiver.listens, "a listener")
    kelvin = fed(f"logstash;{cable.theirs};tcp;{receiver.port}")
    kelvin.flows(5000)
    kelvin.settle()
    wait_for(lambda: len(receiver.lines()) >= 5000, kelvin.said)
    cable.cut()
    kelvin.flows(20000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["failing"] == 1)
    assert kelvin.sink()["spooled_records"] > 0
    cable.mend()
    kelvin.wait_sink(lambda now: now["failing"] == 0)
    kelvin.finish()
    wait_for(lambda: len(receiver.keys()) == 25002, "all flows")
    assert_all(receiver.records(), 0, 25002)


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "data"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3M", "tmpfs", place],
        capture_output=True,
    )
    if made.returncode != 0:
        pytest.skip("skipped: mounting needs root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_full_disk_costs_the_newest_and_is_counted(fed, receiver, small_disk):
    kelvin = fed(logstash(receiver, "tcp", "memory=4M"))
    kelvin.flows(50000)
    kelvin.settle()
    now = kelvin.sink()
    assert now["refused_records_total"] > 0
    assert now["spooled_records"] > 1000
    assert "cannot be written" in kelvin.said()
    receiver.start()
    kelvin.wait_sink(
        lambda now: now["queued_records"] + now["spooled_records"] == 0
    )
    kept = 50000 - kelvin.sink()["refused_records_total"]
    assert len(receiver.keys()) == kept
    kelvin.flows(100)
    kelvin.finish(expect=1)  # something was dropped
    wait_for(lambda: len(receiver.keys()) == kept + 101, "all that was kept")


def try_export(kelvin, spec):
    return subprocess.run([kelvin, "--test-export", spec], timeout=60,
                          capture_output=True, text=True)


def test_trial_tells_what_the_other_side_did(kelvin, receiver, tmp_path):
    refused = try_export(kelvin, logstash(receiver))
    assert refused.returncode == 1
    assert refused.stdout == (
        f"{logstash(receiver)}: the record was not handed over; "
        "Connection refused\n"
    )
    receiver.start().wait_listens()
    taken = try_export(kelvin, logstash(receiver))
    assert taken.returncode == 0, taken.stderr
    assert taken.stdout == (
        f"{logstash(receiver)}: the record was handed over; the other side "
        "read all and closed the connection\n"
    )
    [record] = receiver.records()
    assert record["DNS_QUERY"] == "example.com"
    assert record["INTERFACE"] == "test-export"


@pytest.mark.parametrize(
    "spec", ["nonsense;very-secret", "mysql;a;b`;c;me;very-secret",
             "es;a;b;nowhere;me:very-secret"],
)
def test_trial_of_a_bad_spec_shows_no_secret(kelvin, spec):
    done = try_export(kelvin, spec)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "very-secret" not in done.stderr + done.stdout


def test_counters_are_in_the_report(fed, tmp_path, receiver):
    kelvin = fed(logstash(receiver), f"file;{tmp_path}/x")
    kelvin.flows(1000)
    kelvin.settle()
    kelvin.wait_said("the target is away or refuses records")  # an alert
    receiver.start()
    kelvin.wait_sink(lambda now: now["spooled_records"] == 0)
    kelvin.finish()
    assert f"export {logstash(receiver)}\n" in kelvin.said()
    assert kelvin.said().count("records     1,001, 1,001 exported") == 2


def test_scripts_see_counters_but_no_secrets(offline, tmp_path):
    path = captures.save(
        tmp_path / "one.pcap",
        captures.frames([captures.ether() / captures.udp()]),
    )
    script = tmp_path / "ask.lua"
    script.write_text(
        "for _, one in ipairs(ntop.getExporters()) do\n"
        "  print(one.kind, one.name, one.records,\n"
        "        one.exported + one.queued + one.spooled + one.dropped)\n"
        "end\n"
    )
    specs = [f"file;{tmp_path}/x", "mysql;127.0.0.1;a;b;me;secret-word;port=1"]
    done = subprocess.run(
        offline("-s", "-i", path, "-F", specs[0], "-F", specs[1], "--run",
                script),
        capture_output=True, text=True, timeout=60,
    )
    assert done.stdout.splitlines() == [
        f"file\t{specs[0]}\t0\t0",
        "mysql\tmysql;127.0.0.1;a;b;me;***;port=1\t0\t0",
    ], done.stderr
    assert "secret-word" not in done.stderr


def whole_text(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt") as file:
        return file.read()


def test_files_are_put_aside_by_size(fed, tmp_path):
    out = tmp_path / "flows.json"
    kelvin = fed(f"file;{out};size=1M;gzip=yes")
    for _ in range(5):
        kelvin.flows(4000)
        kelvin.settle()
        time.sleep(1.1)  # each in another second
    wait_for(lambda: len(list(tmp_path.glob("flows.json.*.gz"))) >= 5,
             lambda: sorted(tmp_path.iterdir()))
    kelvin.finish()
    wait_for(lambda: all(path.suffix == ".gz"
                         for path in tmp_path.glob("flows.json.*")), "gzip")
    parts = sorted(tmp_path.glob("flows.json.*")) + [out]
    records = []
    for part in parts:
        text = whole_text(part)
        assert text == "" or text.endswith("\n"), "a line is in two files"
        records += [json.loads(line) for line in text.splitlines()]
    assert_all(records, 0, 20005)


def test_files_are_put_aside_by_time_and_the_oldest_removed(fed, tmp_path):
    out = tmp_path / "flows.json"
    kelvin = fed(f"file;{out};every=1s;keep=2")
    for number in range(5):
        kelvin.flows(10)
        kelvin.settle()
        kelvin.wait_sink(lambda now: now["queued_records"] == 0)
        time.sleep(1.1)
    kelvin.flows(10)
    kelvin.finish()
    parts = sorted(tmp_path.glob("flows.json.*"))
    assert len(parts) == 2
    assert all(json.loads(line) for part in parts
               for line in part.read_text().splitlines())
