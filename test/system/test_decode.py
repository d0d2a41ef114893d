# test_decode: link types, headers, tunnels and protocols.
# SPDX-License-Identifier: MIT
"""One datagram, wrapped in every way that is to be unwrapped.

Each case gives a link type and frames around the same datagram; the whole
record must be the one of that datagram.
"""

import struct

import pytest
from scapy.contrib.igmp import IGMP
from scapy.contrib.mpls import MPLS
from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    fragment6,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPPoE
from scapy.layers.sctp import SCTP, SCTPChunkData
from scapy.layers.vrrp import VRRP
from scapy.layers.vxlan import VXLAN

import captures
from captures import ether, udp
from conftest import stable

DATAGRAM = bytes(udp())
DATAGRAM6 = bytes(udp(captures.CLIENT6, captures.SERVER6))
OUTER = {"src": "192.0.2.1", "dst": "192.0.2.2"}
OUTER6 = {"src": "2001:db8::1", "dst": "2001:db8::2"}


def expected(lines, version=4, macs=True, **more):
    """The record of the datagram in `lines`, all from client to server."""
    size = sum(line.wire_len for line in lines)
    record = {}
    if macs:
        record["IN_SRC_MAC"] = captures.CLIENT_MAC.upper()
        record["OUT_DST_MAC"] = captures.SERVER_MAC.upper()
    ends = (captures.CLIENT, captures.SERVER)
    if version == 6:
        ends = (captures.CLIENT6, captures.SERVER6)
    record |= {
        f"IPV{version}_SRC_ADDR": ends[0],
        f"IPV{version}_DST_ADDR": ends[1],
        "L4_SRC_PORT": 40000,
        "L4_DST_PORT": 50000,
        "PROTOCOL": 17,
        "L7_PROTO": 0,
        "L7_PROTO_NAME": "Unknown",
        "IN_PKTS": len(lines),
        "IN_BYTES": size,
        "OUT_PKTS": 0,
        "OUT_BYTES": 0,
        "FIRST_SWITCHED": lines[0].when // captures.SECOND,
        "LAST_SWITCHED": lines[-1].when // captures.SECOND,
        "category": "Unspecified",
        "ntop_timestamp": "2020-09-13T12:26:40.0Z",
    }
    return record | more


def without(record, *keys):
    return {k: v for k, v in record.items() if k not in keys}


def check(one_record, tmp_path, link, packets, *arguments, **wanted):
    lines = captures.frames(packets)
    path = captures.save(tmp_path / "case.pcap", lines, link=link)
    assert stable(one_record(path, *arguments)) == expected(lines, **wanted)


# Link types

IPV4_TYPE = b"\x08\x00"
IPV6_TYPE = b"\x86\xdd"


def sll(ether_type=IPV4_TYPE):
    return b"\0\0\0\1\0\6" + mac(captures.CLIENT_MAC) + b"\0\0" + ether_type


def sll2(ether_type=IPV4_TYPE):
    index = struct.pack(">I", 3)
    address = mac(captures.CLIENT_MAC) + b"\0\0"
    return ether_type + b"\0\0" + index + b"\0\1\0\6" + address


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def wifi(flags, subtype=0, tail=b"", addresses=3):
    """A data frame's header; addresses as the direction orders them."""
    client, server = mac(captures.CLIENT_MAC), mac(captures.SERVER_MAC)
    access_point = mac("02:00:00:00:00:0a")
    order = {
        0: (server, client, access_point),
        1: (access_point, client, server),
        2: (server, access_point, client),
        3: (access_point, access_point, server),
    }[flags & 3]
    header = bytes([0x08 | subtype << 4, flags]) + b"\0\0"
    header += b"".join(order) + b"\x10\0"
    if flags & 3 == 3:
        header += client
    return header + tail


SNAP_IPV4 = b"\xaa\xaa\x03\0\0\0" + IPV4_TYPE
SNAP_IPV6 = b"\xaa\xaa\x03\0\0\0" + IPV6_TYPE


def radiotap(present=b"\0\0\0\0", fields=b""):
    return b"\0\0" + struct.pack("<H", 8 + len(fields)) + present + fields


def nflog(data, family=2, order="<"):
    def item(kind, value):
        head = struct.pack(order + "HH", len(value) + 4, kind)
        return head + value + bytes(-len(value) % 4)

    return (
        bytes([family, 0, 0, 30])
        + item(1, (IPV4_TYPE if family == 2 else IPV6_TYPE) + b"\0\0")
        + item(10, b"prefix\0")
        + item(9, data)
    )


LINKS = {
    "null little-endian": (captures.NULL, b"\2\0\0\0"),
    "null big-endian": (captures.NULL, b"\0\0\0\2"),
    "loop": (captures.LOOP, b"\0\0\0\2"),
    "raw": (captures.RAW, b""),
    "raw ipv4": (captures.RAW_IPV4, b""),
    "ppp": (captures.PPP, b"\xff\x03\0\x21"),
    "ppp without address": (captures.PPP, b"\0\x21"),
    "ppp compressed protocol": (captures.PPP, b"\x21"),
    "ppp in hdlc": (captures.PPP_HDLC, b"\xff\x03\0\x21"),
    "cisco hdlc on a ppp line": (captures.PPP_HDLC, b"\x0f\0\x08\0"),
    "cisco hdlc": (captures.CISCO_HDLC, b"\x0f\0\x08\0"),
}


@pytest.mark.parametrize("name", LINKS)
def test_link_without_addresses(name, one_record, tmp_path):
    link, header = LINKS[name]
    check(one_record, tmp_path, link, [header + DATAGRAM], macs=False)


LINKS6 = {
    **{f"null family {n}": (captures.NULL, bytes([n, 0, 0, 0]))
       for n in (10, 24, 28, 30)},
    "loop": (captures.LOOP, b"\0\0\0\x18"),
    "raw": (captures.RAW, b""),
    "raw ipv6": (captures.RAW_IPV6, b""),
    "ppp": (captures.PPP, b"\xff\x03\0\x57"),
}


@pytest.mark.parametrize("name", LINKS6)
def test_link_without_addresses_with_ipv6(name, one_record, tmp_path):
    link, header = LINKS6[name]
    packet = header + DATAGRAM6
    check(one_record, tmp_path, link, [packet], version=6, macs=False)


COOKED = {
    "v1": (captures.SLL, sll(), 4),
    "v1 ipv6": (captures.SLL, sll(IPV6_TYPE), 6),
    "v2": (captures.SLL2, sll2(), 4),
    "v2 ipv6": (captures.SLL2, sll2(IPV6_TYPE), 6),
}


@pytest.mark.parametrize("name", COOKED)
def test_linux_cooked(name, one_record, tmp_path):
    """A cooked frame has one address, that of the sender."""
    link, header, version = COOKED[name]
    lines = captures.frames(
        [header + (DATAGRAM if version == 4 else DATAGRAM6)]
    )
    path = captures.save(tmp_path / "cooked.pcap", lines, link=link)
    record = stable(one_record(path))
    assert record.get("IN_SRC_MAC") in (None, captures.CLIENT_MAC.upper())
    addresses = ("IN_SRC_MAC", "OUT_DST_MAC")
    assert without(record, *addresses) == expected(
        lines, version=version, macs=False
    )


def test_linux_cooked_with_vlan(one_record, tmp_path):
    header = sll(b"\x81\0") + struct.pack(">H", 42) + IPV4_TYPE
    lines = captures.frames([header + DATAGRAM])
    path = captures.save(tmp_path / "c.pcap", lines, link=captures.SLL)
    assert one_record(path)["SRC_VLAN"] == 42


WIFI = {
    "ad hoc": wifi(0),
    "to the access point": wifi(1),
    "from the access point": wifi(2),
    "between access points": wifi(3),
    "qos": wifi(1, 8, b"\0\0"),
    "qos between access points": wifi(3, 8, b"\0\0"),
    "qos with ht control": wifi(0x81, 8, b"\0\0" + b"\0\0\0\0"),
}


@pytest.mark.parametrize("name", WIFI)
def test_wifi_data(name, one_record, tmp_path):
    packet = WIFI[name] + SNAP_IPV4 + DATAGRAM
    check(one_record, tmp_path, captures.WIFI, [packet])


RADIOTAP = {
    "bare": (radiotap(), b""),
    "with flags": (radiotap(b"\2\0\0\0", b"\0"), b""),
    "with frame checksum": (radiotap(b"\2\0\0\0", b"\x10"), b"\1\2\3\4"),
    "with time before flags": (
        radiotap(b"\3\0\0\0", b"\1\2\3\4\5\6\7\x08\x10"),
        b"\1\2\3\4",
    ),
    "with padding": (radiotap(b"\2\0\0\0", b"\x20"), None),
}


@pytest.mark.parametrize("name", RADIOTAP)
def test_radiotap(name, one_record, tmp_path):
    header, tail = RADIOTAP[name]
    frame = wifi(1, 8, b"\0\0") + (b"\0\0" if tail is None else b"")
    packet = header + frame + SNAP_IPV4 + DATAGRAM + (tail or b"")
    check(one_record, tmp_path, captures.RADIOTAP, [packet])


def test_wifi_frames_without_ip_are_no_flows(run_kelvin, tmp_path):
    beacon = b"\x80\0\0\0" + bytes(20) + bytes(30)
    acknowledgement = b"\xd4\0\0\0" + bytes(6)
    no_data = wifi(1, 4)
    encrypted = wifi(0x41) + bytes(range(40))
    lines = captures.frames([beacon, acknowledgement, no_data, encrypted])
    path = captures.save(tmp_path / "w.pcap", lines, link=captures.WIFI)
    result = run_kelvin(path)
    assert result.records == []
    assert result.report.number("packets") == 4


@pytest.mark.parametrize("order", "<>")
def test_nflog(order, one_record, tmp_path):
    packet = nflog(DATAGRAM, order=order)
    check(one_record, tmp_path, captures.NFLOG, [packet], macs=False)


def test_nflog_with_ipv6(one_record, tmp_path):
    packet = nflog(DATAGRAM6, family=10)
    check(
        one_record, tmp_path, captures.NFLOG, [packet], macs=False, version=6
    )


# Between link and network


def pppoe(packet, protocol):
    """The header of a session's packet, which is not appended."""
    return PPPoE(sessionid=5, len=len(packet) + 2) / protocol


PAYLOADS = {
    "ethernet": Ether(type=0x800),
    "mpls": Ether(type=0x8847) / MPLS(label=100, s=1),
    "mpls multicast": Ether(type=0x8848) / MPLS(label=100, s=1),
    "two labels": Ether(type=0x8847) / MPLS(label=7, s=0) / MPLS(label=8, s=1),
    "pseudowire": Ether(type=0x8847)
    / MPLS(label=9, s=1)
    / bytes(4)
    / Ether(src="52:00:00:00:00:01", dst="52:00:00:00:00:02", type=0x800),
    "pseudowire without control word": Ether(type=0x8847)
    / MPLS(label=9, s=1)
    / Ether(src="52:00:00:00:00:01", dst="52:00:00:00:00:02", type=0x800),
    "pppoe": Ether(type=0x8864) / pppoe(DATAGRAM, b"\0\x21"),
    "snap": Ether(type=len(DATAGRAM) + 8)
    / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    / SNAP(OUI=0, code=0x800),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_ethernet_payload(name, one_record, tmp_path):
    packet = PAYLOADS[name].copy()
    packet.src, packet.dst = captures.CLIENT_MAC, captures.SERVER_MAC
    data = bytes(packet) + DATAGRAM
    check(one_record, tmp_path, captures.ETHERNET, [data])


PAYLOADS6 = {
    "ethernet": Ether(type=0x86DD),
    "mpls": Ether(type=0x8847) / MPLS(label=2, s=1),
    "pppoe": Ether(type=0x8864) / pppoe(DATAGRAM6, b"\0\x57"),
    "snap": Ether(type=len(DATAGRAM6) + 8)
    / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    / SNAP(OUI=0, code=0x86DD),
}


@pytest.mark.parametrize("name", PAYLOADS6)
def test_ethernet_payload_with_ipv6(name, one_record, tmp_path):
    packet = PAYLOADS6[name].copy()
    packet.src, packet.dst = captures.CLIENT_MAC, captures.SERVER_MAC
    data = bytes(packet) + DATAGRAM6
    check(one_record, tmp_path, captures.ETHERNET, [data], version=6)


TAGS = {
    "802.1q": ether() / Dot1Q(vlan=42, type=0x800),
    "priority bits": ether() / Dot1Q(vlan=42, prio=7, id=1, type=0x800),
    "qinq": ether(type=0x88A8) / Dot1AD(vlan=42) / Dot1Q(vlan=7, type=0x800),
    "two 802.1q": ether() / Dot1Q(vlan=42) / Dot1Q(vlan=7, type=0x800),
    "old qinq": ether(type=0x9100)
    / Dot1Q(vlan=42)
    / Dot1Q(vlan=7, type=0x800),
    "mpls in vlan": ether() / Dot1Q(vlan=42, type=0x8847) / MPLS(label=5, s=1),
    "pppoe in vlan": ether()
    / Dot1Q(vlan=42, type=0x8864)
    / pppoe(DATAGRAM, b"\0\x21"),
}


@pytest.mark.parametrize("name", TAGS)
def test_vlan_is_the_outermost(name, one_record, tmp_path):
    data = bytes(TAGS[name]) + DATAGRAM
    check(one_record, tmp_path, captures.ETHERNET, [data], SRC_VLAN=42)


def test_priority_tag_is_no_vlan(one_record, tmp_path):
    data = bytes(ether() / Dot1Q(vlan=0, prio=5, type=0x800)) + DATAGRAM
    check(one_record, tmp_path, captures.ETHERNET, [data])


def test_vlans_keep_flows_apart(run_kelvin, tmp_path):
    packets = [ether() / Dot1Q(vlan=v) / udp() for v in (5, 6, 5)]
    lines = captures.frames(packets)
    records = run_kelvin(captures.save(tmp_path / "v.pcap", lines)).records
    found = sorted((r["SRC_VLAN"], r["IN_PKTS"]) for r in records)
    assert found == [(5, 2), (6, 1)]


def test_ethernet_padding_is_counted_as_wire_but_is_no_payload(
    one_record, tmp_path
):
    data = bytes(ether() / udp(data=b"x"))
    check(one_record, tmp_path, captures.ETHERNET, [data + bytes(17)])


def test_frames_that_are_not_ip_are_counted_and_are_no_flows(
    run_kelvin, tmp_path
):
    packets = [
        ether(dst="ff:ff:ff:ff:ff:ff")
        / ARP(op=1, psrc=captures.CLIENT, pdst=captures.SERVER),
        ether() / ARP(op=2, psrc=captures.SERVER, pdst=captures.CLIENT),
        ether(type=38) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / bytes(35),
        ether(type=0x88CC) / bytes(46),
    ]
    lines = captures.frames(packets)
    result = run_kelvin(captures.save(tmp_path / "arp.pcap", lines))
    assert result.records == []
    assert result.report.number("packets") == 4
    size = sum(line.wire_len for line in lines)
    assert result.report.number("bytes") == size


# IPv4 and IPv6


def test_ipv4_options(one_record, tmp_path):
    packet = udp()
    packet.options = [IPOption(b"\x94\x04\0\0"), IPOption(b"\x01" * 8)]
    check(one_record, tmp_path, captures.ETHERNET, [ether() / packet])


def ipv4_fragments(packet, size=24):
    """Made by hand: scapy sorts and recomputes too much."""
    whole = bytes(packet[IP].payload)
    pieces = []
    for offset in range(0, len(whole), size):
        head = packet[IP].copy()
        head.remove_payload()
        head.frag = offset // 8
        head.flags = "MF" if offset + size < len(whole) else 0
        del head.len, head.chksum
        head.proto = packet[IP].proto
        pieces.append(ether() / head / whole[offset : offset + size])
    return pieces


def test_ipv4_fragments_belong_to_the_flow_of_the_first(one_record, tmp_path):
    packet = udp(data=bytes(range(100)))
    packet.id = 77
    pieces = ipv4_fragments(packet)
    assert len(pieces) == 5
    check(one_record, tmp_path, captures.ETHERNET, pieces)


def test_ipv4_fragment_before_the_first_has_no_ports(run_kelvin, tmp_path):
    packet = udp(data=bytes(range(100)))
    packet.id = 78
    pieces = ipv4_fragments(packet)
    lines = captures.frames(pieces[1:] + pieces[:1])
    records = run_kelvin(captures.save(tmp_path / "f.pcap", lines)).records
    found = {(r["L4_SRC_PORT"], r["IN_PKTS"]) for r in records}
    assert found == {(0, 4), (40000, 1)}


def test_ipv4_fragments_of_packets_with_other_ids_are_not_mixed(
    run_kelvin, tmp_path
):
    packets = []
    for number, port in ((1, 41000), (2, 42000)):
        packet = udp(sport=port, data=bytes(60))
        packet.id = number
        packets.append(ipv4_fragments(packet, 40))
    lines = captures.frames(
        [packets[0][0], packets[1][0], packets[1][1], packets[0][1]]
    )
    records = run_kelvin(captures.save(tmp_path / "f.pcap", lines)).records
    found = sorted((r["L4_SRC_PORT"], r["IN_PKTS"]) for r in records)
    assert found == [(41000, 2), (42000, 2)]


EXTENSIONS = {
    "hop by hop": IPv6ExtHdrHopByHop(),
    "routing": IPv6ExtHdrRouting(addresses=[]),
    "destination": IPv6ExtHdrDestOpt(),
    "atomic fragment": IPv6ExtHdrFragment(id=9),
    "all": IPv6ExtHdrHopByHop()
    / IPv6ExtHdrDestOpt()
    / IPv6ExtHdrRouting(addresses=["fd00::9"], segleft=0)
    / IPv6ExtHdrFragment(id=9)
    / AH(nh=60, payloadlen=4, spi=1, seq=1, icv=bytes(12))
    / IPv6ExtHdrDestOpt(),
}


@pytest.mark.parametrize("name", EXTENSIONS)
def test_ipv6_extension_headers(name, one_record, tmp_path):
    whole = udp(captures.CLIENT6, captures.SERVER6)
    head = IPv6(src=captures.CLIENT6, dst=captures.SERVER6)
    packet = ether() / head / EXTENSIONS[name] / whole[UDP]
    # To nDPI what has an authentication header is IPsec, whatever it carries.
    if AH in packet:
        app = dict(L7_PROTO=79, L7_PROTO_NAME="IPsec", category="VPN")
    else:
        app = {}
    check(one_record, tmp_path, captures.ETHERNET, [packet], version=6, **app)


@pytest.mark.parametrize("number", [135, 139, 140])
def test_ipv6_rare_extension_headers(number, one_record, tmp_path):
    extension = bytes([17, 0]) + bytes(6)
    datagram = bytes(udp(captures.CLIENT6, captures.SERVER6))[40:]
    head = IPv6(src=captures.CLIENT6, dst=captures.SERVER6, nh=number)
    packet = ether() / head / (extension + datagram)
    check(one_record, tmp_path, captures.ETHERNET, [packet], version=6)


def test_ipv6_fragments_belong_to_the_flow_of_the_first(one_record, tmp_path):
    datagram = udp(captures.CLIENT6, captures.SERVER6, data=bytes(3000))[UDP]
    packet = (
        IPv6(src=captures.CLIENT6, dst=captures.SERVER6)
        / IPv6ExtHdrFragment(id=1234)
        / datagram
    )
    pieces = [ether() / piece for piece in fragment6(packet, 1280)]
    assert len(pieces) == 3
    check(one_record, tmp_path, captures.ETHERNET, pieces, version=6)


# Tunnels: the datagram inside, or the outer addresses by option

INNER_ETHER = bytes(
    Ether(src="06:00:00:00:00:01", dst="06:00:00:00:00:02", type=0x800)
)


def over_udp(port, header, inner=DATAGRAM):
    return IP(**OUTER) / UDP(sport=33333, dport=port) / (header + inner)


def over_gre(proto, inner=DATAGRAM, **fields):
    return IP(**OUTER) / GRE(proto=proto, **fields) / inner


def pptp(inner):
    """PPP in GRE version 1 (RFC 2637), with sequence and acknowledgement."""
    ppp = b"\xff\x03\0\x21" + inner
    head = struct.pack(">HHHHII", 0x3081, 0x880B, len(ppp), 7, 1, 0)
    return IP(proto=47, **OUTER) / (head + ppp)


ERSPAN_2 = b"\x10\x01\0\x05" + bytes(4)  # version 1, VLAN 1, session 5
ERSPAN_3 = b"\x20\x01\0\x05" + bytes(8)  # version 2, no subheader
WIFI_INSIDE = wifi(1) + SNAP_IPV4
CAPWAP_WIFI = b"\0\x10\x03\0\0\0\0\0"  # 8 bytes, binding 802.11, native
CAPWAP_ETHER = b"\0\x10\x02\0\0\0\0\0"
CAPWAP_LONG = b"\0\x20\x03\x10" + bytes(4) + bytes(8)  # with radio MAC
TZSP_ETHER = b"\1\0\0\1\1"
TZSP_TAGS = b"\1\0\0\1" + b"\x0a\1\x50" + b"\0" + b"\x0d\2\0\1" + b"\1"
TZSP_WIFI = b"\1\0\0\x12\1"

# name: (packet, protocol of the outer flow, its ports)
TUNNELS = {
    "gre": (over_gre(0x800), 47, (0, 0)),
    "gre with checksum, key and sequence": (
        over_gre(
            0x800, chksum_present=1, key_present=1, seqnum_present=1, key=9
        ),
        47,
        (0, 0),
    ),
    "gre with ethernet": (
        over_gre(0x6558, INNER_ETHER + DATAGRAM),
        47,
        (0, 0),
    ),
    "gre with mpls": (
        over_gre(0x8847, bytes(MPLS(label=3, s=1)) + DATAGRAM),
        47,
        (0, 0),
    ),
    "pptp": (pptp(DATAGRAM), 47, (0, 0)),
    "erspan 1": (over_gre(0x88BE, INNER_ETHER + DATAGRAM), 47, (0, 0)),
    "erspan 2": (
        over_gre(
            0x88BE,
            ERSPAN_2 + INNER_ETHER + DATAGRAM,
            seqnum_present=1,
        ),
        47,
        (0, 0),
    ),
    "erspan 3": (
        over_gre(
            0x22EB,
            ERSPAN_3 + INNER_ETHER + DATAGRAM,
            seqnum_present=1,
        ),
        47,
        (0, 0),
    ),
    "ip in ip": (IP(proto=4, **OUTER) / DATAGRAM, 4, (0, 0)),
    "ipv4 in ipv6": (IPv6(nh=4, **OUTER6) / DATAGRAM, 4, (0, 0)),
    "vxlan": (
        over_udp(4789, bytes(VXLAN(vni=5, flags=8)) + INNER_ETHER),
        17,
        (33333, 4789),
    ),
    "gtp-u": (
        over_udp(2152, struct.pack(">BBHI", 0x30, 255, len(DATAGRAM), 1)),
        17,
        (33333, 2152),
    ),
    "gtp-u with sequence number": (
        over_udp(
            2152,
            struct.pack(">BBHIHBB", 0x32, 255, len(DATAGRAM) + 4, 1, 7, 0, 0),
        ),
        17,
        (33333, 2152),
    ),
    "gtp-u with extension headers": (
        over_udp(
            2152,
            struct.pack(">BBHI", 0x34, 255, len(DATAGRAM) + 12, 1)
            + bytes([0, 0, 0, 0x85])
            + bytes([1, 0x10, 9, 0xC0])
            + bytes([1, 0, 0, 0]),
        ),
        17,
        (33333, 2152),
    ),
    "capwap with 802.11": (
        over_udp(5247, CAPWAP_WIFI + WIFI_INSIDE),
        17,
        (33333, 5247),
    ),
    "capwap with 802.11 and swapped frame control": (
        over_udp(
            5247,
            CAPWAP_WIFI + WIFI_INSIDE[1::-1] + WIFI_INSIDE[2:],
        ),
        17,
        (33333, 5247),
    ),
    "capwap with 802.3": (
        over_udp(5247, CAPWAP_ETHER + INNER_ETHER),
        17,
        (33333, 5247),
    ),
    "capwap with radio address": (
        over_udp(5247, CAPWAP_LONG + WIFI_INSIDE),
        17,
        (33333, 5247),
    ),
    "tzsp": (over_udp(37008, TZSP_ETHER + INNER_ETHER), 17, (33333, 37008)),
    "tzsp with tags": (
        over_udp(37008, TZSP_TAGS + INNER_ETHER),
        17,
        (33333, 37008),
    ),
    "tzsp with 802.11": (
        over_udp(37008, TZSP_WIFI + WIFI_INSIDE),
        17,
        (33333, 37008),
    ),
    "gre in gre": (
        over_gre(0x800, bytes(over_gre(0x800))),
        47,
        (0, 0),
    ),
    "vxlan in gre in ip": (
        IP(proto=4, **OUTER)
        / over_gre(
            0x800,
            bytes(over_udp(4789, bytes(VXLAN(vni=5, flags=8)) + INNER_ETHER)),
        ),
        4,
        (0, 0),
    ),
}

TUNNELS6 = {
    "6in4": IP(proto=41, **OUTER) / DATAGRAM6,
    "6in6": IPv6(nh=41, **OUTER6) / DATAGRAM6,
    "gre": over_gre(0x86DD, DATAGRAM6),
    "gtp-u": over_udp(
        2152,
        struct.pack(">BBHI", 0x30, 255, len(DATAGRAM6), 1),
        DATAGRAM6,
    ),
}


@pytest.mark.parametrize("name", TUNNELS)
def test_tunnel_shows_what_is_inside(name, one_record, tmp_path):
    packet = ether() / TUNNELS[name][0]
    check(one_record, tmp_path, captures.ETHERNET, [packet])


@pytest.mark.parametrize("name", TUNNELS6)
def test_tunnel_shows_ipv6_inside(name, one_record, tmp_path):
    packet = ether() / TUNNELS6[name]
    check(one_record, tmp_path, captures.ETHERNET, [packet], version=6)


@pytest.mark.parametrize("name", TUNNELS)
def test_tunnel_shows_its_outside_by_option(name, one_record, tmp_path):
    packet, protocol, ports = TUNNELS[name]
    lines = captures.frames([ether() / packet])
    path = captures.save(tmp_path / "t.pcap", lines)
    record = one_record(path, "--tunnel-outer")
    version, outer = (4, OUTER) if IP in packet else (6, OUTER6)
    if packet.version == 6:
        version, outer = 6, OUTER6
    assert record[f"IPV{version}_SRC_ADDR"] == outer["src"]
    assert record[f"IPV{version}_DST_ADDR"] == outer["dst"]
    assert record["PROTOCOL"] == protocol
    assert (record["L4_SRC_PORT"], record["L4_DST_PORT"]) == ports
    assert record["IN_BYTES"] == lines[0].wire_len


def test_vlan_inside_a_tunnel_is_not_that_of_the_frame(one_record, tmp_path):
    inner = bytes(ether() / Dot1Q(vlan=9) / udp())
    packet = ether() / over_udp(4789, bytes(VXLAN(vni=1, flags=8)), inner)
    lines = captures.frames([packet])
    record = one_record(captures.save(tmp_path / "v.pcap", lines))
    assert record["IPV4_SRC_ADDR"] == captures.CLIENT
    assert record.get("SRC_VLAN") in (None, 9)


def test_what_only_looks_like_a_tunnel_is_a_flow_of_its_own(
    one_record, tmp_path
):
    for port in (2152, 4789, 5247, 37008):
        packet = ether() / udp(dport=port, data=bytes(range(64)))
        lines = captures.frames([packet])
        record = one_record(captures.save(tmp_path / f"{port}.pcap", lines))
        assert record["L4_DST_PORT"] == port
        assert record["IPV4_DST_ADDR"] == captures.SERVER


# Transport protocols


def between(payload, **fields):
    head = IP(src=captures.CLIENT, dst=captures.SERVER, **fields)
    return ether() / head / payload


def between6(payload, **fields):
    head = IPv6(src=captures.CLIENT6, dst=captures.SERVER6, **fields)
    return ether() / head / payload


UDPLITE = struct.pack(">HHHH", 40000, 50000, 8, 0) + bytes(20)

# name: (frame, protocol, ports, application as nDPI names it)
TRANSPORTS = {
    "udp-lite": (between(UDPLITE, proto=136), 136, (40000, 50000), "Unknown"),
    "sctp": (
        between(
            SCTP(sport=40000, dport=50000, tag=1)
            / SCTPChunkData(data=b"measure")
        ),
        132,
        (40000, 50000),
        "SCTP",
    ),
    "icmp": (between(ICMP(type=8) / bytes(32)), 1, (0, 0), "ICMP"),
    "igmp": (between(IGMP(type=0x16, gaddr="224.1.1.1")), 2, (0, 0), "IGMP"),
    "esp": (
        between(ESP(spi=1, seq=1, data=bytes(32))),
        50,
        (0, 0),
        "IPsec",
    ),
    "ah": (
        between(AH(nh=17, payloadlen=4, spi=1, icv=bytes(12)) / bytes(20)),
        51,
        (0, 0),
        "IPsec",
    ),
    "ospf": (between(OSPF_Hdr() / OSPF_Hello()), 89, (0, 0), "OSPF"),
    "vrrp": (between(VRRP(addrlist=[captures.SERVER])), 112, (0, 0), "VRRP"),
    "no payload": (between(b"", proto=99), 99, (0, 0), "Unknown"),
    "icmpv6": (between6(ICMPv6EchoRequest()), 58, (0, 0), "ICMPV6"),
    "esp over ipv6": (
        between6(ESP(spi=1, seq=1, data=bytes(32))),
        50,
        (0, 0),
        "IPsec",
    ),
    "no next header": (between6(b"", nh=59), 59, (0, 0), "Unknown"),
}


@pytest.mark.parametrize("name", TRANSPORTS)
def test_transport(name, one_record, tmp_path):
    packet, protocol, ports, application = TRANSPORTS[name]
    lines = captures.frames([packet])
    record = one_record(captures.save(tmp_path / "l4.pcap", lines))
    assert record["PROTOCOL"] == protocol
    assert (record["L4_SRC_PORT"], record["L4_DST_PORT"]) == ports
    assert record["L7_PROTO_NAME"] == application
    assert (record["IN_PKTS"], record["IN_BYTES"]) == (1, len(packet))
    assert not {"TCP_FLAGS", "RETRANSMITTED_IN_PKTS"} & record.keys()


def test_tcp_segment(one_record, tmp_path):
    packet = between(TCP(sport=40000, dport=50000, flags="PA") / b"measure")
    lines = captures.frames([packet])
    record = stable(one_record(captures.save(tmp_path / "t.pcap", lines)))
    assert record == expected(
        lines,
        PROTOCOL=6,
        TCP_FLAGS=24,
        CLIENT_TCP_FLAGS=24,
        SERVER_TCP_FLAGS=0,
        RETRANSMITTED_IN_PKTS=0,
        RETRANSMITTED_OUT_PKTS=0,
        OOORDER_IN_PKTS=0,
        OOORDER_OUT_PKTS=0,
        LOST_IN_PKTS=0,
        LOST_OUT_PKTS=0,
    )


def test_icmp_echo_and_reply_are_one_flow(one_record, tmp_path):
    there = between(ICMP(type=8, id=5) / bytes(32))
    back = (
        ether(captures.SERVER_MAC, captures.CLIENT_MAC)
        / IP(src=captures.SERVER, dst=captures.CLIENT)
        / ICMP(type=0, id=5)
        / bytes(32)
    )
    lines = captures.frames([there, back])
    record = one_record(captures.save(tmp_path / "i.pcap", lines))
    assert record["IPV4_SRC_ADDR"] == captures.CLIENT
    assert (record["IN_PKTS"], record["OUT_PKTS"]) == (1, 1)


# Malformed frames are counted by reason, with what was understood


def test_malformed_frames_are_counted_by_reason(run_kelvin, tmp_path):
    good = bytes(ether() / udp())
    short_ip = good[:30]
    lying_total = bytearray(good)
    lying_total[16:18] = b"\xff\xff"
    bad_ihl = bytearray(good)
    bad_ihl[14] = 0x41
    version = bytearray(good)
    version[14] = 0x95
    lines = captures.frames(
        [good, short_ip, bytes(lying_total), bytes(bad_ihl), bytes(version)]
    )
    result = run_kelvin(captures.save(tmp_path / "bad.pcap", lines))
    assert result.report.number("packets") == 5
    for reason in ("ip-short", "ip-length", "ip-version"):
        assert reason in result.stderr
    assert result.report.number("ip-length") == 2


def test_tunnels_in_tunnels_have_a_bound(run_kelvin, tmp_path):
    packet = DATAGRAM
    for _ in range(40):
        packet = bytes(IP(proto=4, **OUTER) / packet)
    lines = captures.frames([bytes(ether(type=0x800)) + packet])
    result = run_kelvin(captures.save(tmp_path / "deep.pcap", lines))
    assert len(result.records) == 1
    assert "tunnel" in result.stderr
