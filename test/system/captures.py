# captures: packets and capture files that tests make.
# SPDX-License-Identifier: MIT
"""Frames, conversations and capture files.

A frame is (time in nanoseconds, bytes, length on the wire). The writers make
every byte of the file themselves, so that tests can choose byte order,
resolution and lies; scapy is used for what is in the frames.
"""

import gzip
import logging
import struct
from collections import namedtuple

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.layers.inet import IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402

# Link types as capture files number them (LINKTYPE_).
NULL = 0
ETHERNET = 1
PPP = 9
PPP_HDLC = 50
RAW = 101
CISCO_HDLC = 104
WIFI = 105
LOOP = 108
SLL = 113
RADIOTAP = 127
RAW_IPV4 = 228
RAW_IPV6 = 229
NFLOG = 239
SLL2 = 276

START = 1_600_000_000  # epoch seconds of the first frame
SECOND = 10**9

CLIENT_MAC = "02:00:00:00:00:01"
SERVER_MAC = "02:00:00:00:00:02"
CLIENT = "10.1.0.1"
SERVER = "10.2.0.2"
CLIENT6 = "fd00:1::1"
SERVER6 = "fd00:2::2"

Frame = namedtuple("Frame", "when data wire_len")


def frame(data, at=0.0, wire_len=None):
    """A frame `at` seconds after the start."""
    data = bytes(data)
    return Frame(
        START * SECOND + round(at * SECOND),
        data,
        len(data) if wire_len is None else wire_len,
    )


def frames(packets, step=0.001):
    return [frame(packet, i * step) for i, packet in enumerate(packets)]


def ether(src=CLIENT_MAC, dst=SERVER_MAC, **more):
    return Ether(src=src, dst=dst, **more)


def udp(src=CLIENT, dst=SERVER, sport=40000, dport=50000, data=b"to measure"):
    """An IP packet (of the version of `src`) with a datagram."""
    network = IPv6 if ":" in src else IP
    return network(src=src, dst=dst) / UDP(sport=sport, dport=dport) / data


class Tcp:
    """A connection, frame by frame, with the clock of the capture.

    Each call adds a frame; `sent` moves the sequence number on. The frames
    are Ethernet; `lines` may be edited before they are written.
    """

    def __init__(
        self,
        client=CLIENT,
        server=SERVER,
        sport=40000,
        dport=8000,
        at=0.0,
        step=0.010,
        client_seq=1000,
        server_seq=5000,
    ):
        self.ends = {"c": (client, sport), "s": (server, dport)}
        self.seq = {"c": client_seq, "s": server_seq}
        self.now = at
        self.step = step
        self.frames = []

    def send(self, end, flags, data=b"", seq=None, ack=None, at=None, **more):
        """One segment; an explicit `seq` leaves the counters alone."""
        other = "s" if end == "c" else "c"
        src, sport = self.ends[end]
        dst, dport = self.ends[other]
        number = self.seq[end] if seq is None else seq
        if ack is None:
            ack = self.seq[other] if "A" in flags else 0
        macs = (CLIENT_MAC, SERVER_MAC)
        if end == "s":
            macs = macs[::-1]
        network = IPv6 if ":" in src else IP
        packet = (
            ether(*macs)
            / network(src=src, dst=dst)
            / TCP(
                sport=sport,
                dport=dport,
                flags=flags,
                seq=number % 2**32,
                ack=ack % 2**32,
                **more,
            )
            / data
        )
        if at is not None:
            self.now = at
        self.frames.append(frame(packet, self.now))
        self.now += self.step
        if seq is None:
            self.seq[end] += len(data) + ("S" in flags) + ("F" in flags)
        return self

    def open(self, server_delay=0.020, client_delay=0.005):
        start = self.now
        self.send("c", "S")
        self.send("s", "SA", at=start + server_delay)
        self.send("c", "A", at=start + server_delay + client_delay)
        return self

    def client(self, data, flags="PA", **more):
        return self.send("c", flags, data, **more)

    def server(self, data, flags="PA", **more):
        return self.send("s", flags, data, **more)

    def close(self):
        return self.send("c", "FA").send("s", "FA").send("c", "A")


def conversation(*exchanges, **where):
    """Frames of a whole connection: (request, response), ..."""
    tcp = Tcp(**where).open()
    for request, response in exchanges:
        if request:
            tcp.client(request).send("s", "A")
        if response:
            tcp.server(response).send("c", "A")
    return tcp.close().frames


HTTP_REQUEST = (
    b"GET /lua/first?x=1 HTTP/1.1\r\nHost: www.example.org\r\n"
    b"User-Agent: probe/1\r\nAccept: */*\r\n\r\n"
)
HTTP_RESPONSE = (
    b"HTTP/1.1 200 OK\r\nServer: probe\r\nContent-Type: text/html\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)


def client_hello(name=b"www.example.org", alpn=b"http/1.1"):
    """A TLS 1.2 ClientHello record with a server name."""

    def extension(kind, data):
        return struct.pack(">HH", kind, len(data)) + data

    server_name = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
    protocols = struct.pack(">HB", len(alpn) + 1, len(alpn)) + alpn
    extensions = (
        extension(0, server_name)
        + extension(10, bytes.fromhex("0004001d0017"))
        + extension(11, bytes.fromhex("0100"))
        + extension(13, bytes.fromhex("000404030804"))
        + extension(16, protocols)
    )
    body = (
        b"\x03\x03"
        + bytes(range(32))
        + b"\0"
        + bytes.fromhex("0006c02bc02fc030")
        + b"\x01\0"
        + struct.pack(">H", len(extensions))
        + extensions
    )
    return _tls_handshake(1, body)


def server_hello():
    extensions = bytes.fromhex("ff01000100000b00020100")
    body = (
        b"\x03\x03"
        + bytes(range(32, 64))
        + b"\0"
        + bytes.fromhex("c02b00")
        + struct.pack(">H", len(extensions))
        + extensions
    )
    return _tls_handshake(2, body)


def _tls_handshake(kind, body):
    message = bytes([kind]) + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x03" + struct.pack(">H", len(message)) + message


# Capture files


def pcap(lines, link=ETHERNET, order="<", nano=False, snaplen=262144):
    """The bytes of a classic capture file."""
    unit = 1 if nano else 1000
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link)]
    for when, data, wire_len in lines:
        seconds, rest = divmod(when, SECOND)
        out.append(
            struct.pack(
                order + "IIII",
                seconds % 2**32,
                rest // unit,
                len(data),
                wire_len,
            )
        )
        out.append(data)
    return b"".join(out)


def block(kind, body, order="<"):
    """A pcapng block, padded."""
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def option(code, data, order="<"):
    padding = bytes(-len(data) % 4)
    return struct.pack(order + "HH", code, len(data)) + data + padding


def section(order="<"):
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    return block(0x0A0D0D0A, body, order)


def interface(link=ETHERNET, order="<", snaplen=0, resolution=None, offset=0):
    """A description; `resolution` 9 counts nanoseconds, 0x8a 2^-10 s."""
    body = struct.pack(order + "HHI", link, 0, snaplen)
    if resolution is not None:
        body += option(9, bytes([resolution]), order)
    if offset:
        body += option(14, struct.pack(order + "q", offset), order)
    if resolution is not None or offset:
        body += option(0, b"", order)
    return block(1, body, order)


def packet_block(line, number=0, order="<", ticks=10**6, offset=0):
    when = (line.when - offset * SECOND) * ticks // SECOND
    body = struct.pack(
        order + "IIIII",
        number,
        when >> 32,
        when & 0xFFFFFFFF,
        len(line.data),
        line.wire_len,
    )
    return block(6, body + line.data, order)


def pcapng(lines, link=ETHERNET, order="<"):
    """The bytes of a capture file with one section and interface."""
    return (
        section(order)
        + interface(link, order)
        + b"".join(packet_block(line, order=order) for line in lines)
    )


def save(path, lines, **how):
    """Write a classic capture; @return its path."""
    path.write_bytes(pcap(lines, **how))
    return path


def save_gzip(path, lines, **how):
    path.write_bytes(gzip.compress(pcap(lines, **how)))
    return path
