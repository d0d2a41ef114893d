# test_live: interfaces, real traffic, and interfaces that go away.
# SPDX-License-Identifier: MIT
"""In a network namespace of its own: two ends of a cable (veth), the far one
in a second namespace. Nothing of the machine's network is touched."""

import os
import signal
import subprocess
import sys

import pytest

import captures
from captures import ether, udp
from conftest import Report, tool
from running import Running, wait_for

NEAR, FAR = "10.77.0.1", "10.77.0.2"


def ip(*words, check=True):
    return subprocess.run(
        ["ip", *words], capture_output=True, text=True, check=check
    )


class Cable:
    """Namespaces `near` and `far`, and the cable between them."""

    def __init__(self, name):
        self.near, self.far = f"{name}n", f"{name}f"
        self.helpers = []

    def plug(self):
        ip(
            *["link", "add", "probe0", "netns", self.near, "type", "veth"],
            *["peer", "name", "peer0", "netns", self.far],
        )
        for space, link, address in (
            (self.near, "probe0", NEAR),
            (self.far, "peer0", FAR),
        ):
            ip("-n", space, "address", "add", f"{address}/24", "dev", link)
            ip("-n", space, "link", "set", link, "up")

    def unplug(self):
        ip("-n", self.near, "link", "del", "probe0")

    def command(self, *words, far=False):
        space = self.far if far else self.near
        return ["ip", "netns", "exec", space, *map(str, words)]

    def run(self, *words, far=False):
        return subprocess.run(
            self.command(*words, far=far),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    def serve(self, *words):
        """Start a server on the far end; its first line says it is ready."""
        server = subprocess.Popen(
            self.command(*words, far=True),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.helpers.append(server)
        server.stdout.readline()

    def remove(self):
        for helper in self.helpers:
            helper.kill()
            helper.communicate()
        for space in (self.near, self.far):
            ip("netns", "del", space, check=False)


@pytest.fixture
def cable():
    if os.geteuid() != 0:
        pytest.skip("skipped: only root can make network namespaces")
    name = f"kv{os.getpid()}"
    cable = Cable(name)
    try:
        for space in (cable.near, cable.far):
            made = ip("netns", "add", space, check=False)
            if made.returncode != 0:
                pytest.skip(f"skipped: no namespaces here: {made.stderr}")
            ip("-n", space, "link", "set", "lo", "up")
            # Neighbour discovery would be traffic that nobody asked for.
            cable.run(
                *["sysctl", "-q", "-w"],
                "net.ipv6.conf.default.disable_ipv6=1",
                "net.ipv6.conf.all.disable_ipv6=1",
                far=space == cable.far,
            )
        cable.plug()
        yield cable
    finally:
        cable.remove()


@pytest.fixture
def watch(cable, offline, tmp_path):
    """Start kelvin in the near namespace."""
    started = []

    def run(*interfaces, more=()):
        names = [word for name in interfaces for word in ("-i", name)]
        command = offline(*names, "-F", "file;-", "-v", "3", *more)
        kelvin = Running(cable.command(*command), tmp_path)
        started.append(kelvin)
        for name in interfaces:
            kelvin.wait_said(name.split(";")[0])
        wait_for(lambda: is_capturing(cable, len(interfaces)), kelvin.said)
        return kelvin

    yield run
    for kelvin in started:
        kelvin.kill()


def is_capturing(cable, sockets):
    """Packet sockets of the namespace, less the heading."""
    listed = cable.run("cat", "/proc/net/packet").splitlines()
    return len(listed) - 1 >= sockets


def wait_packets(kelvin, least):
    wait_for(
        lambda: Report(kelvin.report()).number("packets") >= least,
        kelvin.said,
    )


WEB_SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(bytes(100000))
server = http.server.HTTPServer(("", 8000), Handler)
print("ready", flush=True)
server.serve_forever()
"""

DNS_SERVER = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 53))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(2000)
    server.sendto(query[:2] + b"\\x81\\x83" + query[4:], client)
"""

DNS_CLIENT = """
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(10)
question = b"\\x04live\\x07example\\0\\0\\x1c\\0\\1"
head = b"\\0\\7\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0"
client.sendto(head + question, (sys.argv[1], 53))
client.recv(2000)
"""


def browse(cable):
    cable.serve(sys.executable, "-c", WEB_SERVER)
    tool("curl")
    cable.run("curl", "-sSo", "/dev/null", f"http://{FAR}:8000/live?x=1")


def test_real_traffic_makes_records(cable, watch):
    kelvin = watch("probe0")
    browse(cable)
    cable.serve(sys.executable, "-c", DNS_SERVER)
    cable.run(sys.executable, "-c", DNS_CLIENT, FAR)
    # At once: what the kernel still holds is read before the end.
    assert kelvin.end() == 0, kelvin.said()
    records = kelvin.records()
    web = [r for r in records if r["L4_DST_PORT"] == 8000]
    assert len(web) == 1
    assert web[0]["INTERFACE"] == "probe0"
    assert web[0]["IPV4_SRC_ADDR"] == NEAR
    assert web[0]["HTTP_URL"] == "/live?x=1"
    assert web[0]["HTTP_RET_CODE"] == 200
    assert web[0]["TCP_FLAGS"] & 3 == 3
    assert web[0]["OUT_BYTES"] > 100000
    assert web[0]["SERVER_NW_LATENCY_MS"] < 1000
    dns = [r for r in records if r["L4_DST_PORT"] == 53]
    assert len(dns) == 1
    assert (dns[0]["IN_PKTS"], dns[0]["OUT_PKTS"]) == (1, 1)
    assert dns[0]["DNS_QUERY"] == "live.example"
    assert (dns[0]["DNS_QUERY_TYPE"], dns[0]["DNS_RET_CODE"]) == (28, 3)


def test_loopback_is_read(cable, watch):
    kelvin = watch("lo")
    cable.run(sys.executable, "-c", LOOPBACK)
    wait_packets(kelvin, 2)
    assert kelvin.end() == 0
    records = kelvin.records()
    assert [r["L4_DST_PORT"] for r in records] == [7777]
    assert records[0]["IPV4_SRC_ADDR"] == "127.0.0.1"
    assert records[0]["IN_PKTS"] == 2, "each packet once"


LOOPBACK = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 7777))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(b"one", ("127.0.0.1", 7777))
client.sendto(b"two", ("127.0.0.1", 7777))
"""


def test_any_reads_all_interfaces(cable, watch):
    kelvin = watch("any")
    cable.run(sys.executable, "-c", LOOPBACK)
    send(cable, [ether() / udp(dport=7778)] * 3)
    wait_packets(kelvin, 5)
    assert kelvin.end() == 0
    ports = {r["L4_DST_PORT"] for r in kelvin.records()}
    assert {7777, 7778} <= ports


def test_two_interfaces_are_kept_apart(cable, watch):
    kelvin = watch("lo", "probe0")
    cable.run(sys.executable, "-c", LOOPBACK)
    send(cable, [ether() / udp(dport=7778)] * 3)

    def both():
        text = kelvin.report()
        return "10.1.0.1" in text and "127.0.0.1" in text

    wait_for(both, kelvin.said)
    assert kelvin.end() == 0
    found = {r["L4_DST_PORT"]: r["INTERFACE"] for r in kelvin.records()}
    assert found == {7777: "lo", 7778: "probe0"}


SENDER = """
import socket, struct, sys
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("peer0", 0))
data = sys.stdin.buffer.read()
while data:
    size = struct.unpack_from("<I", data)[0]
    raw.send(data[4:4 + size])
    data = data[4 + size:]
"""


def send(cable, packets):
    """Put frames on the cable from its far end."""
    data = b""
    for packet in map(bytes, packets):
        data += len(packet).to_bytes(4, "little") + packet
    subprocess.run(
        cable.command(sys.executable, "-c", SENDER, far=True),
        input=data,
        check=True,
        timeout=60,
    )


def test_replayed_capture_is_counted_to_the_last_packet(
    cable, watch, tmp_path
):
    tool("tcpreplay")
    lines = [
        captures.frame(ether() / udp(sport=2000 + i % 50), i / 1000)
        for i in range(5000)
    ]
    path = captures.save(tmp_path / "replay.pcap", lines)
    kelvin = watch("probe0")
    cable.run("tcpreplay", "-i", "peer0", "--pps", "5000", path, far=True)
    wait_packets(kelvin, len(lines))
    assert kelvin.end() == 0
    records = kelvin.records()
    assert sum(r["IN_PKTS"] + r["OUT_PKTS"] for r in records) == len(lines)
    assert sum(r["IN_BYTES"] for r in records) == sum(
        line.wire_len for line in lines
    )


def test_filter_of_an_interface(cable, watch):
    kelvin = watch("probe0;udp port 7001")
    send(cable, [ether() / udp(dport=p) for p in (7000, 7001, 7002) * 5])
    wait_packets(kelvin, 5)
    assert kelvin.end() == 0
    assert {r["L4_DST_PORT"] for r in kelvin.records()} == {7001}


@pytest.mark.parametrize(
    "direction, ports", [(0, {7778, 7779}), (1, {7778}), (2, {7779})]
)
def test_direction(direction, ports, cable, watch):
    kelvin = watch("probe0", more=("-Q", direction))
    send(cable, [ether() / udp(dport=7778)] * 3)
    cable.run(sys.executable, "-c", OUTGOING, FAR)
    wait_packets(kelvin, 3)
    assert kelvin.end() == 0
    found = {r["L4_DST_PORT"] for r in kelvin.records()}
    assert found & {7778, 7779} == ports


OUTGOING = """
import socket, sys, time
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(3):
    client.sendto(b"out", (sys.argv[1], 7779))
"""


def test_interface_that_is_made_anew_is_read_again(cable, watch):
    kelvin = watch("probe0", "lo")
    send(cable, [ether() / udp(dport=7101)] * 2)
    wait_packets(kelvin, 2)
    cable.unplug()
    # The rest goes on meanwhile.
    cable.run(sys.executable, "-c", LOOPBACK)
    wait_for(lambda: "127.0.0.1" in kelvin.report(), kelvin.said)
    cable.plug()

    def is_back():
        send(cable, [ether() / udp(dport=7102)])
        listed = cable.run("cat", "/proc/net/packet").splitlines()[1:]
        return len(listed) >= 2

    wait_for(is_back, kelvin.said)
    send(cable, [ether() / udp(dport=7103)] * 2)
    wait_for(lambda: kelvin.process.poll() is None, "still running")
    cable.run("sleep", "0.3")
    kelvin.report()
    assert kelvin.end() == 0, kelvin.said()
    ports = {r["L4_DST_PORT"] for r in kelvin.records()}
    assert {7101, 7777, 7103} <= ports
    said = kelvin.said()
    lost = [l for l in said.splitlines() if "probe0" in l and "INTERF" not in l]
    assert len(lost) < 60, "one line for the loss, one for the return"


def test_interface_that_goes_down_and_up_is_read_again(cable, watch):
    kelvin = watch("probe0")
    send(cable, [ether() / udp(dport=7201)] * 2)
    wait_packets(kelvin, 2)
    ip("-n", cable.near, "link", "set", "probe0", "down")
    cable.run("sleep", "0.5")
    ip("-n", cable.near, "link", "set", "probe0", "up")

    def sees():
        send(cable, [ether() / udp(dport=7202)])
        return Report(kelvin.report()).number("packets") >= 4

    wait_for(sees, kelvin.said)
    assert kelvin.end() == 0
    assert 7202 in {r["L4_DST_PORT"] for r in kelvin.records()}


def test_interface_that_does_not_exist_is_refused(cable, offline):
    done = subprocess.run(
        cable.command(*offline("-i", "nosuch0")),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "nosuch0" in done.stderr


def test_live_capture_becomes_an_unprivileged_user(cable, watch):
    """Sockets stay open; what remains is the right to open them again."""
    kelvin = watch("probe0")
    status = subprocess.run(
        ["cat", f"/proc/{kelvin.pid}/status"], capture_output=True, text=True
    ).stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert "0" not in fields["Uid"].split()
    effective = int(fields["CapEff"], 16)
    allowed = (1 << 13) | (1 << 12)  # raw sockets, network administration
    assert effective & ~allowed == 0
    assert kelvin.end() == 0


def test_live_flows_end_by_the_wall_clock(cable, watch):
    kelvin = watch("probe0", more=("--flow-timeout", "udp=1"))
    send(cable, [ether() / udp(dport=7301)])
    wait_for(lambda: kelvin.records(), kelvin.said)
    assert kelvin.records()[0]["L4_DST_PORT"] == 7301
    assert kelvin.end() == 0


def test_snap_length_does_not_change_the_counts(cable, watch):
    kelvin = watch("probe0", more=("--snaplen", "96"))
    packets = [ether() / udp(dport=7401, data=bytes(1400))] * 5
    send(cable, packets)
    wait_packets(kelvin, 5)
    assert kelvin.end() == 0
    record = kelvin.records()[0]
    assert record["IN_BYTES"] == sum(map(len, packets))


def test_hangup_goes_on(cable, watch):
    kelvin = watch("probe0")
    kelvin.send(signal.SIGHUP)
    send(cable, [ether() / udp(dport=7501)] * 2)
    wait_packets(kelvin, 2)
    assert kelvin.end() == 0


def test_without_interface_that_of_the_default_route_is_read(
    cable, offline, tmp_path
):
    ip("-n", cable.near, "route", "add", "default", "via", FAR)
    command = offline("-F", "file;-", "-v", "3")
    kelvin = Running(cable.command(*command), tmp_path)
    try:
        kelvin.wait_said("probe0")
        wait_for(lambda: is_capturing(cable, 1), kelvin.said)
        send(cable, [ether() / udp(dport=7601)] * 2)
        wait_packets(kelvin, 2)
        assert kelvin.end() == 0
        assert kelvin.records()[0]["INTERFACE"] == "probe0"
    finally:
        kelvin.kill()
