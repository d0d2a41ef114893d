#!/usr/bin/python3
# home: three minutes of a home, for pages to show. SPDX-License-Identifier: MIT
"""Usage: home.py FILE

Ten devices get addresses, ask for names and use them: films, music, calls,
mail, a game, backups. It is the same in each run. Data comes in large frames
of which only the beginning is kept, as a small snap length does.
"""

import pathlib
import random
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import captures  # noqa: E402
from scapy.layers.dhcp import BOOTP, DHCP  # noqa: E402
from scapy.layers.dns import DNS, DNSQR, DNSRR  # noqa: E402
from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402

LENGTH = 180.0  # seconds
ROUTER_MAC, ROUTER = "3c:a6:2f:10:20:01", "192.168.1.1"

# Address, card (by a known maker), and the name that it gives itself.
DEVICES = {
    "laptop": ("192.168.1.20", "ac:bc:32:a1:00:20", "anna-laptop"),
    "desktop": ("192.168.1.21", "00:1b:21:a1:00:21", "workshop"),
    "phone": ("192.168.1.30", "f0:18:98:a1:00:30", "Annas-iPhone"),
    "pixel": ("192.168.1.31", "f4:f5:d8:a1:00:31", "pixel-7"),
    "tv": ("192.168.1.40", "8c:71:f8:a1:00:40", "living-room-tv"),
    "speaker": ("192.168.1.41", "94:9f:3e:a1:00:41", "kitchen-speaker"),
    "console": ("192.168.1.50", "7c:bb:8a:a1:00:50", "console"),
    "pi": ("192.168.1.60", "b8:27:eb:a1:00:60", "raspberrypi"),
    "printer": ("192.168.1.70", "00:80:77:a1:00:70", "printer"),
    "camera": ("192.168.1.80", "24:0a:c4:a1:00:80", "door-camera"),
}

# Who, with whom, on which port, from when to when, kbit/s there and back.
USES = [
    ("tv", "ipv4-c001.1.nflxvideo.net", "45.57.40.1", 443, 5, 180, 160, 15200),
    ("tv", "api-global.netflix.com", "54.74.10.7", 443, 3, 60, 20, 90),
    ("laptop", "rr3.googlevideo.com", "74.125.10.8", 443, 20, 120, 60, 5400),
    ("laptop", "github.com", "140.82.121.4", 443, 40, 70, 40, 800),
    ("laptop", "mail.google.com", "142.250.74.5", 443, 8, 170, 12, 46),
    ("phone", "mmg.whatsapp.net", "157.240.20.52", 443, 30, 150, 220, 340),
    ("phone", "audio-fa.scdn.co", "35.186.224.25", 443, 10, 175, 6, 330),
    ("pixel", "scontent.cdninstagram.com", "157.240.20.63", 443, 60, 140, 70,
     2600),
    ("speaker", "spclient.spotify.com", "35.186.224.40", 443, 12, 178, 5, 260),
    ("console", "lp1.av5ja.srv.nintendo.net", "34.210.1.9", 443, 50, 175, 180,
     420),
    ("desktop", "dl.dropboxusercontent.com", "162.125.66.15", 443, 25, 165,
     3100, 70),
    ("desktop", "us04web.zoom.us", "170.114.10.20", 443, 80, 175, 1300, 1500),
    ("camera", "eu.iot.example.net", "52.28.9.3", 8883, 2, 178, 410, 9),
    ("pi", "deb.debian.org", "151.101.86.132", 80, 100, 112, 60, 9200),
]


class Home:
    def __init__(self):
        self.frames = []
        self.random = random.Random(42)
        self.port = 49000

    def add(self, packet, at, wire_len=None):
        self.frames.append(captures.frame(packet, at, wire_len))

    def both(self, device):
        ip, mac, _ = DEVICES[device]
        return (Ether(src=mac, dst=ROUTER_MAC), Ether(src=ROUTER_MAC, dst=mac),
                ip)

    def lease(self, device, at):
        """The device asks for an address, and tells its name."""
        ip, mac, name = DEVICES[device]
        client = bytes.fromhex(mac.replace(":", ""))
        request = (
            Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
            / IP(src="0.0.0.0", dst="255.255.255.255")
            / UDP(sport=68, dport=67) / BOOTP(chaddr=client, xid=7)
            / DHCP(options=[("message-type", "request"),
                            ("requested_addr", ip), ("hostname", name), "end"])
        )
        answer = (
            Ether(src=ROUTER_MAC, dst=mac) / IP(src=ROUTER, dst=ip)
            / UDP(sport=67, dport=68)
            / BOOTP(op=2, yiaddr=ip, chaddr=client, xid=7)
            / DHCP(options=[("message-type", "ack"), ("server_id", ROUTER),
                            ("lease_time", 86400), "end"])
        )
        ask = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(
            hwsrc=mac, psrc=ip, pdst=ROUTER)
        tell = Ether(src=ROUTER_MAC, dst=mac) / ARP(
            op=2, hwsrc=ROUTER_MAC, psrc=ROUTER, hwdst=mac, pdst=ip)
        for i, packet in enumerate((request, answer, ask, tell)):
            self.add(packet, at + i * 0.004)

    def lookup(self, device, name, address, at):
        there, back, ip = self.both(device)
        self.port += 1
        question = DNS(id=self.port, rd=1, qd=DNSQR(qname=name))
        answer = DNS(id=self.port, qr=1, rd=1, ra=1, qd=DNSQR(qname=name),
                     an=DNSRR(rrname=name, ttl=60, rdata=address))
        self.add(there / IP(src=ip, dst=ROUTER)
                 / UDP(sport=self.port, dport=53) / question, at)
        self.add(back / IP(src=ROUTER, dst=ip)
                 / UDP(sport=53, dport=self.port) / answer, at + 0.012)

    def data(self, template, seq, size, at):
        """A segment of `size` bytes, of which the beginning is kept."""
        raw = bytearray(template)
        struct.pack_into(">H", raw, 16, 40 + size)
        struct.pack_into(">I", raw, 38, seq % 2**32)
        kept = (b"\x17\x03\x03\x40\x00" + self.random.randbytes(64))[:size]
        self.add(bytes(raw) + kept, at, 54 + size)

    def use(self, device, name, address, port, begin, end, up, down):
        self.lookup(device, name, address, begin - 0.05)
        there, back, ip = self.both(device)
        self.port += 1
        tcp = captures.Tcp(client=ip, server=address, sport=self.port,
                           dport=port, at=begin)
        tcp.open(server_delay=0.018 + self.random.random() / 50)
        if port == 80:
            tcp.client(captures.HTTP_REQUEST.replace(b"www.example.org",
                                                     name.encode()))
            tcp.server(captures.HTTP_RESPONSE)
        else:
            tcp.client(captures.client_hello(name.encode()))
            tcp.server(captures.server_hello())
        for frame in tcp.frames:
            raw = bytearray(frame.data)
            mac = bytes.fromhex(DEVICES[device][1].replace(":", ""))
            router = bytes.fromhex(ROUTER_MAC.replace(":", ""))
            is_there = raw[26:30] == bytes(map(int, ip.split(".")))
            raw[0:12] = router + mac if is_there else mac + router
            self.frames.append(frame._replace(data=bytes(raw)))
        templates = {
            "c": bytes(there / IP(src=ip, dst=address)
                       / TCP(sport=self.port, dport=port, flags="A",
                             seq=0, ack=tcp.seq["s"])),
            "s": bytes(back / IP(src=address, dst=ip)
                       / TCP(sport=port, dport=self.port, flags="A", seq=0,
                             ack=tcp.seq["c"])),
        }
        at, burst = begin + 0.2, 0
        while at < min(end, LENGTH):
            # A film comes in bursts, the rest wavers.
            loud = (2.2 if burst % 4 < 1 else 0.5) if down > 3000 else (
                0.5 + self.random.random())
            for side, rate in (("c", up), ("s", down)):
                left = int(rate * 1000 / 8 * loud)
                pieces = max(1, left // 50000 + 1)
                for i in range(pieces):
                    size = left // pieces
                    if size == 0:
                        continue
                    self.data(templates[side], tcp.seq[side], size,
                              at + (i + self.random.random()) / pieces)
                    tcp.seq[side] += size
            at, burst = at + 1, burst + 1

    def ping(self, device, at):
        there, back, ip = self.both(device)
        for i in range(3):
            self.add(there / IP(src=ip, dst="9.9.9.9") / ICMP(seq=i),
                     at + i)
            self.add(back / IP(src="9.9.9.9", dst=ip) / ICMP(type=0, seq=i),
                     at + i + 0.017)


def frames():
    home = Home()
    for i, device in enumerate(DEVICES):
        home.lease(device, 0.1 * i)
    for use in USES:
        home.use(*use)
    home.ping("pi", 30)
    home.lookup("printer", "time.example.net", "192.0.2.123", 20)
    return sorted(home.frames, key=lambda frame: frame.when)


if __name__ == "__main__":
    captures.save(pathlib.Path(sys.argv[1]), frames())
