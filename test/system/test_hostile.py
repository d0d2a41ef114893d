# test_hostile: what strangers send must not harm.
# SPDX-License-Identifier: MIT
"""Items 1 to 7 of what kelvin must withstand (packets and captures).

A record is always one line of valid JSON in valid UTF-8; the fixture that
runs kelvin checks that, and sanitizers watch when --asan is given.
"""

import random
import struct

import pytest
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
from scapy.layers.l2 import GRE, Dot1Q
from scapy.layers.vxlan import VXLAN

import captures
from captures import HTTP_RESPONSE, ether, udp
from conftest import FAULTY

HOSTILE = {
    "html": b"<script>alert(1)</script>",
    "quotes": b"\"'`\\\\\"",
    "control characters": b"a\x01\x02\x1b[31mred\x1b[0m\x7f",
    "invalid utf-8": b"\xff\xfe\xc0\x80\xed\xa0\x80\xf5",
    "cut utf-8": b"abc\xe2\x82",
    "utf-8": "grüße-测试-🙂".encode(),
    "format": b"%s%n%x%1000000d",
    "formula": b"=cmd|' /C calc'!A0",
    "sql": b"'; DROP TABLE flows; --",
    "line separators": "\u2028\u2029\u0085".encode(),
    "null": b"a\0b",
    "long": b"A" * 60000,
    "long invalid": b"\xff" * 60000,
    "path": b"../../../../etc/passwd",
    "right to left": "\u202egpj.exe".encode(),
}

LONGEST = 4096  # no text of a record is longer, whatever is sent


def run(run_kelvin, tmp_path, lines, *arguments):
    path = captures.save(tmp_path / "hostile.pcap", lines)
    result = run_kelvin(path, *arguments, expect=FAULTY)
    packets = sum(r["IN_PKTS"] + r["OUT_PKTS"] for r in result.records)
    assert packets <= len(lines)
    for record in result.records:
        texts = [v for v in record.values() if isinstance(v, str)]
        assert all(len(text) <= LONGEST for text in texts)
        assert not any(c < " " or c == "\x7f" for text in texts for c in text)
    return result


def segments(data, size=1400):
    return [data[i : i + size] for i in range(0, len(data), size)]


def http_lines(request, response=HTTP_RESPONSE):
    tcp = captures.Tcp(dport=80).open()
    for piece in segments(request):
        tcp.client(piece)
    tcp.send("s", "A").server(response).send("c", "A")
    return tcp.close().frames


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["url", "host", "agent", "type"])
def test_http_with_hostile_text(name, place, run_kelvin, tmp_path):
    parts = {"url": b"/", "host": b"h.example", "agent": b"x", "type": b"t/t"}
    parts[place] = HOSTILE[name]
    request = (
        b"GET %(url)b HTTP/1.1\r\nHost: %(host)b\r\n"
        b"User-Agent: %(agent)b\r\n\r\n"
    ) % {key.encode(): value for key, value in parts.items()}
    response = HTTP_RESPONSE.replace(b"text/html", parts["type"][:1000])
    lines = http_lines(request, response)
    assert len(run(run_kelvin, tmp_path, lines).records) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_dns_name_with_hostile_text(name, run_kelvin, tmp_path):
    labels = segments(HOSTILE[name][:240], 60)
    question = b"".join(bytes([len(l)]) + l for l in labels) + b"\0"
    head = struct.pack(">HHHHHH", 1, 0x100, 1, 0, 0, 0)
    data = head + question + b"\0\1\0\1"
    lines = captures.frames([ether() / udp(dport=53, data=data)])
    record = run(run_kelvin, tmp_path, lines).records[0]
    assert record["L4_DST_PORT"] == 53


@pytest.mark.parametrize("name", HOSTILE)
def test_tls_name_with_hostile_text(name, run_kelvin, tmp_path):
    hello = captures.client_hello(HOSTILE[name][:10000], HOSTILE[name][:200])
    tcp = captures.Tcp(dport=443).open()
    for piece in segments(hello):
        tcp.client(piece)
    tcp.server(captures.server_hello())
    lines = tcp.close().frames
    assert len(run(run_kelvin, tmp_path, lines).records) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_banners_with_hostile_text(name, run_kelvin, tmp_path):
    text = HOSTILE[name][:1200]
    lines = captures.conversation(
        (b"SSH-2.0-" + text + b"\r\n", b"SSH-2.0-" + text + b"\r\n"), dport=22
    )
    option = bytes([12, min(len(text), 255)]) + text[:255]
    dhcp = (
        b"\1\1\6\0" + bytes(24) + b"\2\0\0\0\0\1" + bytes(10 + 192)
        + b"\x63\x82\x53\x63" + b"\x35\1\1" + option + b"\xff"
    )
    netbios = struct.pack(">HHHHHH", 1, 0x110, 1, 0, 0, 0) + b"\x20" + (
        text[:32].ljust(32, b"A") + b"\0\0\x20\0\1"
    )
    mdns = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + (
        bytes([min(len(text), 63)]) + text[:63] + b"\5local\0\0\1\0\1"
        + struct.pack(">IH", 60, 4) + b"\x0a\1\0\1"
    )
    ssdp = b"NOTIFY * HTTP/1.1\r\nServer: " + text + b"\r\n\r\n"
    sip = b"INVITE sip:" + text + b" SIP/2.0\r\nFrom: " + text + b"\r\n\r\n"
    for at, (sport, dport, data) in enumerate(
        [
            (68, 67, dhcp),
            (137, 137, netbios),
            (5353, 5353, mdns),
            (1900, 1900, ssdp),
            (5060, 5060, sip),
        ]
    ):
        packet = ether() / udp(sport=sport, dport=dport, data=data)
        lines.append(captures.frame(packet, 1 + at))
    assert len(run(run_kelvin, tmp_path, lines).records) == 6


def test_dns_compression_loops_are_survived(run_kelvin, tmp_path):
    head = struct.pack(">HHHHHH", 1, 0x8180, 1, 1, 0, 0)
    questions = [
        b"\xc0\x0c\0\1\0\1",
        b"\xc0\x0e\xc0\x0c\0\1\0\1",
        b"\1a\xc0\x0c\0\1\0\1",
        b"\xff\xff\0\1\0\1",
        b"\x3f" + b"a" * 20,
    ]
    lines = captures.frames(
        [
            ether()
            / udp(captures.SERVER, captures.CLIENT, 53, 4000 + i, head + q)
            for i, q in enumerate(questions)
        ]
    )
    assert len(run(run_kelvin, tmp_path, lines).records) == len(questions)


def frames_of_every_kind():
    """One frame with each header that decoding knows."""
    from test_decode import EXTENSIONS, PAYLOADS, TAGS, TRANSPORTS, TUNNELS
    from test_decode import DATAGRAM

    whole = udp(captures.CLIENT6, captures.SERVER6)
    head = IPv6(src=captures.CLIENT6, dst=captures.SERVER6)
    return (
        [bytes(p) + DATAGRAM for p in [*PAYLOADS.values(), *TAGS.values()]]
        + [bytes(ether() / head / e / whole[UDP]) for e in EXTENSIONS.values()]
        + [bytes(ether() / packet) for packet, *_ in TUNNELS.values()]
        + [bytes(packet) for packet, *_ in TRANSPORTS.values()]
        + [line.data for line in http_lines(b"GET / HTTP/1.0\r\n\r\n")]
    )


def test_every_header_cut_at_every_byte(run_kelvin, tmp_path):
    lines = [
        captures.frame(data[:size], 0.0, len(data))
        for data in frames_of_every_kind()
        for size in range(len(data) + 1)
    ]
    result = run(run_kelvin, tmp_path, lines)
    assert result.report.number("packets") == len(lines)


def test_every_byte_wrong(run_kelvin, tmp_path):
    """Lengths, offsets and types that lie."""
    lines = []
    for data in frames_of_every_kind():
        for place in range(len(data)):
            for value in (0, 0x7F, 0xFF, data[place] ^ 1):
                lie = data[:place] + bytes([value]) + data[place + 1 :]
                lines.append(captures.frame(lie))
    result = run(run_kelvin, tmp_path, lines)
    assert result.report.number("packets") == len(lines)


LINK_TYPES = [0, 1, 9, 50, 101, 104, 105, 108, 113, 127, 228, 229, 239, 276]


@pytest.mark.parametrize("link", LINK_TYPES)
def test_garbage_of_each_link_type(link, run_kelvin, tmp_path):
    dice = random.Random(link)
    lines = [
        captures.frame(dice.randbytes(dice.randrange(120)), i / 1000)
        for i in range(3000)
    ]
    path = captures.save(tmp_path / "noise.pcap", lines, link=link)
    assert run_kelvin(path).report.number("packets") == len(lines)


@pytest.mark.parametrize("seed", range(10))
def test_damaged_capture_files(seed, run_kelvin, tmp_path):
    dice = random.Random(seed)
    lines = captures.conversation((b"x" * 500, b"y" * 900))
    for kind in (captures.pcap, captures.pcapng):
        data = bytearray(kind(lines))
        for _ in range(20):
            data[dice.randrange(4, len(data))] = dice.randrange(256)
        path = tmp_path / f"{kind.__name__}.pcap"
        path.write_bytes(data)
        run_kelvin(path, expect=FAULTY)


def test_header_stacks_without_end(run_kelvin, tmp_path):
    tail = bytes(udp())
    tags = bytes(Dot1Q(vlan=1, type=0x8100)) * 300
    labels = bytes(MPLS(label=1, s=0)) * 300
    options = bytes(IPv6ExtHdrDestOpt(nh=60)) * 150
    packets = [
        bytes(ether(type=0x8100)) + tags + tail,
        bytes(ether(type=0x8847)) + labels + tail,
        bytes(
            ether()
            / IPv6(src=captures.CLIENT6, dst=captures.SERVER6, nh=60)
            / (options + tail)
        ),
        bytes(
            ether()
            / IPv6(src=captures.CLIENT6, dst=captures.SERVER6, plen=65535)
            / IPv6ExtHdrHopByHop(len=255)
        ),
    ]
    result = run(run_kelvin, tmp_path, captures.frames(packets))
    assert result.report.number("packets") == 4


def test_tunnels_in_tunnels(run_kelvin, tmp_path):
    head = IP(src="192.0.2.1", dst="192.0.2.2")
    gre = vxlan = bytes(udp())
    for _ in range(100):
        gre = bytes(head / GRE(proto=0x800) / gre)
        vxlan = bytes(
            head
            / UDP(sport=1, dport=4789)
            / VXLAN(flags=8)
            / ether(type=0x800)
            / vxlan
        )
    frames = [bytes(ether(type=0x800)) + packet for packet in (gre, vxlan)]
    lines = captures.frames(frames)
    assert len(run(run_kelvin, tmp_path, lines).records) == 2


def fragment(number, offset, size, more=True, proto=17):
    head = IP(
        src=captures.CLIENT,
        dst=captures.SERVER,
        id=number % 65536,
        frag=offset // 8,
        flags="MF" if more else 0,
        proto=proto,
    )
    return ether() / head / bytes(size)


def test_fragments_that_overlap_are_tiny_or_never_end(run_kelvin, tmp_path):
    packets = [
        fragment(1, 0, 64),
        fragment(1, 8, 64),
        fragment(1, 0, 32),
        fragment(2, 0, 4),
        fragment(2, 8, 8, proto=6),
        fragment(3, 65528, 64, more=False),
        fragment(4, 0, 8, proto=6),
        fragment(4, 8, 16, more=False, proto=6),
    ]
    lines = captures.frames(packets)
    result = run(run_kelvin, tmp_path, lines)
    packets = sum(r["IN_PKTS"] + r["OUT_PKTS"] for r in result.records)
    assert packets == len(lines)
    assert "fragment" in result.stderr


def test_fragment_flood_is_bounded(run_kelvin, tmp_path):
    good = bytes(fragment(0, 0, 32))
    lines = []
    for i in range(20000):
        data = bytearray(good)
        data[18:20] = struct.pack(">H", i % 65536)
        data[26:30] = struct.pack(">I", 0x0A000000 + i)
        lines.append(captures.frame(bytes(data), i / 10000))
    result = run(run_kelvin, tmp_path, lines, "-X", "2048")
    assert sum(r["IN_PKTS"] for r in result.records) == len(lines)


def flood(count, packet):
    """Frames of one UDP datagram with addresses and ports of `packet`."""
    template = bytearray(bytes(ether() / udp(data=b"")))
    lines = []
    for i in range(count):
        source, destination, sport, dport, mac = packet(i)
        template[6:12] = mac
        template[26:34] = struct.pack(">II", source, destination)
        template[34:38] = struct.pack(">HH", sport, dport)
        lines.append(captures.frame(bytes(template), i / 50000))
    return lines


ONE, OTHER = 0x0A010001, 0x0A020002
MAC = bytes.fromhex("020000000001")

FLOODS = {
    "sources": lambda i: (i * 2654435761 % 2**32, OTHER, 53, 53, MAC),
    "ports": lambda i: (ONE, OTHER, i % 65536, 1 + i // 65536, MAC),
    "macs": lambda i: (ONE, OTHER, 1, 2, struct.pack(">HI", 0x200, i)),
    "scan": lambda i: (ONE, OTHER + i // 65536, 4000, i % 65536, MAC),
}


@pytest.mark.parametrize("name", FLOODS)
def test_flood_is_counted_to_the_last_packet(name, run_kelvin, tmp_path):
    lines = flood(50000, FLOODS[name])
    result = run(run_kelvin, tmp_path, lines, "-X", "4096", "-x", "4096")
    assert sum(r["IN_PKTS"] + r["OUT_PKTS"] for r in result.records) == 50000
    assert result.report.number("packets") == 50000


def test_flow_that_repeats_every_payload_of_all_bytes(run_kelvin, tmp_path):
    """nDPI is fed noise on the ports of protocols that it dissects."""
    dice = random.Random(7)
    ports = (
        "21 22 25 53 67 80 110 123 137 143 161 389 443 445 500 554 1194 1433 "
        "1883 1900 3306 3389 3478 5060 5353 5432 5671 6379 6881 8080 8333"
    ).split()
    lines = []
    for port in map(int, ports):
        tcp = captures.Tcp(dport=port, sport=30000 + port % 9999).open()
        for _ in range(6):
            tcp.client(dice.randbytes(dice.randrange(1, 1400)))
            tcp.server(dice.randbytes(dice.randrange(1, 1400)))
        lines += tcp.close().frames
        for _ in range(6):
            data = dice.randbytes(dice.randrange(1, 1400))
            packet = ether() / udp(dport=port, data=data)
            lines.append(captures.frame(packet, 2))
    lines.sort(key=lambda line: line.when)
    result = run(run_kelvin, tmp_path, lines)
    assert len(result.records) == 2 * len(ports)


def test_tcp_options_and_offsets_that_lie(run_kelvin, tmp_path):
    base = bytes(
        ether()
        / IP(src=captures.CLIENT, dst=captures.SERVER)
        / TCP(flags="S", options=[("WScale", 200), ("MSS", 9)])
    )
    lies = []
    for offset in range(16):
        data = bytearray(base)
        data[46] = offset << 4
        lies.append(bytes(data))
    for size in range(256):
        data = bytearray(base)
        data[55] = size
        lies.append(bytes(data))
    result = run(run_kelvin, tmp_path, captures.frames(lies))
    assert result.report.number("packets") == len(lies)
