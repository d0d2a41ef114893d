# test_flows: which packets make which records.
# SPDX-License-Identifier: MIT

import re

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP

import captures
from captures import HTTP_REQUEST, HTTP_RESPONSE, Tcp, ether, udp
from conftest import stable

TEXT, NUMBER, FRACTION = "text", "number", "fraction"

# Every key of a record in its order, and its type.
KEYS = {
    "IN_SRC_MAC": TEXT,
    "OUT_DST_MAC": TEXT,
    "IPV4_SRC_ADDR": TEXT,
    "IPV4_DST_ADDR": TEXT,
    "IPV6_SRC_ADDR": TEXT,
    "IPV6_DST_ADDR": TEXT,
    "L4_SRC_PORT": NUMBER,
    "L4_DST_PORT": NUMBER,
    "PROTOCOL": NUMBER,
    "L7_PROTO": NUMBER,
    "L7_PROTO_NAME": TEXT,
    "TCP_FLAGS": NUMBER,
    "CLIENT_TCP_FLAGS": NUMBER,
    "SERVER_TCP_FLAGS": NUMBER,
    "IN_PKTS": NUMBER,
    "IN_BYTES": NUMBER,
    "OUT_PKTS": NUMBER,
    "OUT_BYTES": NUMBER,
    "FIRST_SWITCHED": NUMBER,
    "LAST_SWITCHED": NUMBER,
    "CLIENT_NW_LATENCY_MS": FRACTION,
    "SERVER_NW_LATENCY_MS": FRACTION,
    "APPL_LATENCY_MS": FRACTION,
    "RETRANSMITTED_IN_PKTS": NUMBER,
    "RETRANSMITTED_OUT_PKTS": NUMBER,
    "OOORDER_IN_PKTS": NUMBER,
    "OOORDER_OUT_PKTS": NUMBER,
    "LOST_IN_PKTS": NUMBER,
    "LOST_OUT_PKTS": NUMBER,
    "SRC_VLAN": NUMBER,
    "SRC_IP_COUNTRY": TEXT,
    "DST_IP_COUNTRY": TEXT,
    "SRC_IP_LOCATION": "place",
    "DST_IP_LOCATION": "place",
    "category": TEXT,
    "NTOPNG_INSTANCE_NAME": TEXT,
    "INTERFACE": TEXT,
    "HTTP_HOST": TEXT,
    "HTTP_URL": TEXT,
    "HTTP_METHOD": TEXT,
    "HTTP_RET_CODE": NUMBER,
    "DNS_QUERY": TEXT,
    "DNS_QUERY_TYPE": NUMBER,
    "DNS_RET_CODE": NUMBER,
    "SSL_SERVER_NAME": TEXT,
    "JA3C_HASH": TEXT,
    "JA3S_HASH": TEXT,
    "TLS_VERSION": TEXT,
    "BITTORRENT_HASH": TEXT,
    "ntop_timestamp": TEXT,
    "FLOW_ID": TEXT,
}

# In every record of a TCP flow between IPv4 addresses on Ethernet.
ALWAYS = [
    key
    for key in KEYS
    if not re.search(
        "IPV6|LATENCY|VLAN|COUNTRY|LOCATION|HTTP|DNS|SSL|JA3|TLS|BITT", key
    )
]


def is_of_type(value, kind):
    if kind == TEXT:
        return isinstance(value, str)
    if kind == NUMBER:
        return type(value) is int and value >= 0
    if kind == FRACTION:
        return type(value) in (int, float) and value >= 0
    return len(value) == 2 and all(type(x) in (int, float) for x in value)


def check_shape(record):
    """Known keys, each of its type, in their order."""
    unknown = record.keys() - KEYS.keys()
    assert not unknown
    order = list(KEYS)
    places = [order.index(key) for key in record]
    assert places == sorted(places), list(record)
    for key, value in record.items():
        assert is_of_type(value, KEYS[key]), (key, value)


def run_frames(run_kelvin, tmp_path, lines, *arguments, **how):
    path = captures.save(tmp_path / "flows.pcap", lines)
    return run_kelvin(path, *arguments, **how)


@pytest.fixture
def records_of(run_kelvin, tmp_path):
    def run(lines, *arguments):
        return run_frames(run_kelvin, tmp_path, lines, *arguments).records

    return run


@pytest.fixture
def record_of(records_of):
    def run(lines, *arguments):
        records = records_of(lines, *arguments)
        assert len(records) == 1, records
        return records[0]

    return run


def totals(records):
    """Packets and bytes of all records."""
    packets = sum(r["IN_PKTS"] + r["OUT_PKTS"] for r in records)
    return packets, sum(r["IN_BYTES"] + r["OUT_BYTES"] for r in records)


def all_of(lines):
    return len(lines), sum(line.wire_len for line in lines)


# The record


def test_record_of_an_http_connection(record_of):
    """The whole record, as a receiver of years ago knows it."""
    lines = captures.conversation(
        (HTTP_REQUEST, HTTP_RESPONSE), dport=80, sport=41000
    )
    record = record_of(lines, "-N", "probe")
    check_shape(record)
    assert record["NTOPNG_INSTANCE_NAME"] == "probe"
    assert record["INTERFACE"] == "flows.pcap"
    sent = [line for line in lines if line.data[6:12].hex()[-1] == "1"]
    back = [line for line in lines if line not in sent]
    assert stable(record) == {
        "IN_SRC_MAC": "02:00:00:00:00:01",
        "OUT_DST_MAC": "02:00:00:00:00:02",
        "IPV4_SRC_ADDR": captures.CLIENT,
        "IPV4_DST_ADDR": captures.SERVER,
        "L4_SRC_PORT": 41000,
        "L4_DST_PORT": 80,
        "PROTOCOL": 6,
        "L7_PROTO": 7,
        "L7_PROTO_NAME": "HTTP",
        "TCP_FLAGS": 27,
        "CLIENT_TCP_FLAGS": 27,
        "SERVER_TCP_FLAGS": 27,
        "IN_PKTS": len(sent),
        "IN_BYTES": sum(line.wire_len for line in sent),
        "OUT_PKTS": len(back),
        "OUT_BYTES": sum(line.wire_len for line in back),
        "FIRST_SWITCHED": captures.START,
        "LAST_SWITCHED": captures.START,
        "CLIENT_NW_LATENCY_MS": 5,
        "SERVER_NW_LATENCY_MS": 20,
        "APPL_LATENCY_MS": 20,
        "RETRANSMITTED_IN_PKTS": 0,
        "RETRANSMITTED_OUT_PKTS": 0,
        "OOORDER_IN_PKTS": 0,
        "OOORDER_OUT_PKTS": 0,
        "LOST_IN_PKTS": 0,
        "LOST_OUT_PKTS": 0,
        "category": "Web",
        "HTTP_HOST": "www.example.org",
        "HTTP_URL": "/lua/first?x=1",
        "HTTP_METHOD": "GET",
        "HTTP_RET_CODE": 200,
        "ntop_timestamp": "2020-09-13T12:26:40.0Z",
    }


def test_keys_that_every_tcp_record_has(record_of):
    record = record_of(captures.conversation())
    present = [key for key in KEYS if key in record]
    assert [key for key in present if "LATENCY" not in key] == ALWAYS


def test_records_of_captures_keep_their_shape(compared_file):
    for record in compared_file.kelvin.records:
        check_shape(record)
        assert record["FIRST_SWITCHED"] <= record["LAST_SWITCHED"]


def test_flow_id_is_stable_and_unique(records_of):
    lines = captures.frames([ether() / udp(sport=p) for p in range(1, 200)])
    ids = [r["FLOW_ID"] for r in records_of(lines)]
    assert len(set(ids)) == 199


# Client and server


def test_client_is_who_sent_the_syn(record_of):
    record = record_of(captures.conversation(sport=80, dport=40000))
    assert record["L4_SRC_PORT"] == 80


def test_client_is_who_gets_the_syn_ack(record_of):
    tcp = Tcp(sport=40000, dport=50000)
    tcp.send("s", "SA", ack=1001).send("c", "A")
    record = record_of(tcp.frames)
    assert record["IPV4_SRC_ADDR"] == captures.CLIENT
    assert record["IN_SRC_MAC"] == captures.CLIENT_MAC.upper()
    assert (record["CLIENT_TCP_FLAGS"], record["SERVER_TCP_FLAGS"]) == (16, 18)
    assert (record["IN_PKTS"], record["OUT_PKTS"]) == (1, 1)


def test_server_is_the_well_known_port_when_the_start_is_not_seen(record_of):
    tcp = Tcp(sport=40000, dport=443)
    tcp.server(b"late").client(b"very late")
    record = record_of(tcp.frames)
    assert (record["L4_SRC_PORT"], record["L4_DST_PORT"]) == (40000, 443)
    assert (record["IN_PKTS"], record["OUT_PKTS"]) == (1, 1)


def test_server_of_udp_is_the_well_known_port(record_of):
    answer = DNS(id=1, qr=1, qd=DNSQR(qname="a.example"))
    packet = ether(captures.SERVER_MAC, captures.CLIENT_MAC) / udp(
        captures.SERVER, captures.CLIENT, 53, 40000, answer
    )
    record = record_of([captures.frame(packet)])
    assert (record["L4_SRC_PORT"], record["L4_DST_PORT"]) == (40000, 53)
    assert (record["IN_PKTS"], record["OUT_PKTS"]) == (0, 1)


def test_client_of_udp_is_else_the_first_sender(record_of):
    there = ether() / udp(sport=50000, dport=40000)
    back = ether(captures.SERVER_MAC, captures.CLIENT_MAC) / udp(
        captures.SERVER, captures.CLIENT, 40000, 50000
    )
    record = record_of(captures.frames([there, back, there]))
    assert record["L4_SRC_PORT"] == 50000
    assert (record["IN_PKTS"], record["OUT_PKTS"]) == (2, 1)


# When flows end


def pair_of_datagrams(gap):
    return [captures.frame(ether() / udp(), at) for at in (0, gap)]


def test_idle_flow_ends(records_of):
    assert len(records_of(pair_of_datagrams(59))) == 1
    assert len(records_of(pair_of_datagrams(65))) == 2


def test_idle_time_is_configurable(records_of):
    for gap, timeout, records in ((65, "udp=90", 1), (9, "udp=5", 2)):
        lines = pair_of_datagrams(gap)
        assert len(records_of(lines, "--flow-timeout", timeout)) == records


TIMEOUTS = {
    "tcp-opening": lambda: Tcp().send("c", "S"),
    "tcp-established": lambda: Tcp().open(),
    "tcp-closed": lambda: Tcp().open().close(),
}


@pytest.mark.parametrize("name", TIMEOUTS)
def test_idle_time_of_tcp_depends_on_its_state(name, records_of):
    tcp = TIMEOUTS[name]()
    packets = len(tcp.frames)
    tcp.send("c", "A", at=tcp.now + 40)
    timeouts = ",".join(
        f"{state}={20 if state == name else 600}" for state in TIMEOUTS
    )
    found = records_of(tcp.frames, "--flow-timeout", timeouts)
    assert [totals([r])[0] for r in found] == [packets, 1]
    timeouts = ",".join(
        f"{state}={600 if state == name else 20}" for state in TIMEOUTS
    )
    if name != "tcp-opening":
        found = records_of(tcp.frames, "--flow-timeout", timeouts)
        assert [totals([r])[0] for r in found] == [packets + 1]


def test_reused_ports_are_a_new_flow(records_of):
    first = captures.conversation((b"one", b"two"))
    again = captures.conversation((b"one", b"two"), at=5.0, client_seq=900000)
    records = records_of(first + again)
    assert [totals([r]) for r in records] == [all_of(first), all_of(again)]
    assert len({r["FLOW_ID"] for r in records}) == 2


def test_reused_ports_after_a_reset_are_a_new_flow(records_of):
    first = Tcp().send("c", "S").send("s", "RA")
    again = captures.conversation((b"a", b"b"), at=1.0, client_seq=700000)
    records = records_of(first.frames + again)
    assert [totals([r])[0] for r in records] == [2, len(again)]


def test_reused_ports_without_a_close_are_a_new_flow(records_of):
    first = Tcp().open().client(b"x" * 100).server(b"y" * 100).send("c", "A")
    again = Tcp(client_seq=70_000, at=20).open().client(b"z" * 100)
    records = records_of(first.frames + again.frames)
    assert sorted(r["IN_PKTS"] for r in records) == [3, 4]


def test_attempts_from_the_same_port_are_one_flow(record_of):
    tcp = Tcp()
    for at in range(5):
        tcp.send("c", "S", seq=at * 700_000_000, at=at)
    assert record_of(tcp.frames)["IN_PKTS"] == 5


def test_repeated_syn_is_not_a_new_flow(record_of):
    tcp = Tcp().send("c", "S", seq=1000).send("c", "S", seq=1000, at=1)
    tcp.send("c", "S", seq=1000, at=3)
    assert totals([record_of(tcp.frames)])[0] == 3


def test_last_packets_of_a_close_stay_with_their_flow(record_of):
    tcp = Tcp().open().close()
    tcp.send("s", "A", at=tcp.now + 0.5).send("c", "R", at=tcp.now + 1)
    assert totals([record_of(tcp.frames)])[0] == len(tcp.frames)


def test_long_flow_reports_every_five_minutes(records_of):
    lines = [captures.frame(ether() / udp(), 10.0 * i) for i in range(181)]
    records = records_of(lines)
    assert 6 <= len(records) <= 7
    assert totals(records) == all_of(lines)
    assert len({r["FLOW_ID"] for r in records}) == len(records)
    for record in records[:-1]:
        assert 28 <= record["IN_PKTS"] <= 31
    times = [(r["FIRST_SWITCHED"], r["LAST_SWITCHED"]) for r in records]
    assert times[-1][1] == captures.START + 1800
    assert all(first <= last for first, last in times)
    assert all(b[1] > a[1] for a, b in zip(times, times[1:]))


def test_long_tcp_flow_reports_deltas_of_everything(records_of):
    tcp = Tcp().open()
    for i in range(100):
        start = tcp.now
        tcp.client(b"x" * 100)
        if i % 10 == 0:
            tcp.client(b"x" * 100, seq=tcp.seq["c"] - 100, at=start + 0.5)
        tcp.send("s", "A")
        tcp.now = start + 10
    records = records_of(tcp.close().frames)
    assert len(records) >= 4
    assert totals(records) == all_of(tcp.frames)
    assert sum(r["RETRANSMITTED_IN_PKTS"] for r in records) == 10
    assert max(r["RETRANSMITTED_IN_PKTS"] for r in records) <= 4


# Bounds


def test_more_flows_than_fit_are_all_recorded(run_kelvin, tmp_path):
    lines = captures.frames(
        [ether() / udp(sport=1 + i % 60000, dport=2000 + i // 60000)
         for i in range(8000)],
        step=0.0001,
    )
    result = run_frames(run_kelvin, tmp_path, lines, "-X", "1024")
    assert totals(result.records) == all_of(lines)
    assert len(result.records) == 8000
    assert result.report.evicted("flows") >= 8000 - 1024


def test_flood_leaves_the_established_flow_whole(run_kelvin, tmp_path):
    tcp = Tcp().open()
    lines = []
    for i in range(6000):
        if i % 20 == 0:
            tcp.now = i * 0.001
            tcp.client(b"x" * 1000)
        lines.append(
            captures.frame(
                ether()
                / IP(src=f"172.16.{i // 250}.{i % 250}", dst=captures.SERVER)
                / TCP(sport=1024 + i, dport=8000, flags="S"),
                i * 0.001,
            )
        )
    lines = sorted(lines + tcp.frames, key=lambda line: line.when)
    result = run_frames(run_kelvin, tmp_path, lines, "-X", "1024")
    assert totals(result.records) == all_of(lines)
    kept = [r for r in result.records if r["IPV4_SRC_ADDR"] == captures.CLIENT]
    assert [totals([r])[0] for r in kept] == [len(tcp.frames)]


def test_more_hosts_than_fit_lose_no_packets(run_kelvin, tmp_path):
    lines = captures.frames(
        [
            ether() / udp(src=f"172.16.{i // 250}.{i % 250}")
            for i in range(6000)
        ]
    )
    result = run_frames(run_kelvin, tmp_path, lines, "-x", "1024")
    assert totals(result.records) == all_of(lines)
    assert result.report.evicted("hosts") > 0


# What nDPI extracts


def test_first_request_and_last_response_are_kept(record_of):
    second = HTTP_REQUEST.replace(b"/lua/first", b"/lua/second")
    moved = HTTP_RESPONSE.replace(b"200 OK", b"404 Not Found")
    lines = captures.conversation(
        (HTTP_REQUEST, HTTP_RESPONSE), (second, moved), dport=80
    )
    record = record_of(lines)
    assert record["HTTP_URL"] == "/lua/first?x=1"
    assert record["HTTP_RET_CODE"] == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "OPTIONS"])
def test_http_method(method, record_of):
    request = HTTP_REQUEST.replace(b"GET", method.encode())
    lines = captures.conversation((request, HTTP_RESPONSE), dport=80)
    assert record_of(lines)["HTTP_METHOD"] == method


def dns_lines(name="www.example.org", kind="A", code=0, answers=True):
    query = DNS(id=7, rd=1, qd=DNSQR(qname=name, qtype=kind))
    answer = DNS(id=7, qr=1, rd=1, ra=1, rcode=code, qd=query.qd)
    if answers:
        answer.an = DNSRR(rrname=name, type="A", rdata="192.0.2.80", ttl=60)
    return captures.frames(
        [
            ether() / udp(dport=53, data=query),
            ether(captures.SERVER_MAC, captures.CLIENT_MAC)
            / udp(captures.SERVER, captures.CLIENT, 53, 40000, answer),
        ]
    )


def test_dns_query_and_answer(record_of):
    record = record_of(dns_lines())
    assert record["L7_PROTO_NAME"].startswith("DNS")
    assert record["DNS_QUERY"] == "www.example.org"
    assert (record["DNS_QUERY_TYPE"], record["DNS_RET_CODE"]) == (1, 0)
    assert record["category"] == "Network"


@pytest.mark.parametrize(
    "kind, number", [("AAAA", 28), ("MX", 15), ("TXT", 16), ("PTR", 12)]
)
def test_dns_query_type(kind, number, record_of):
    record = record_of(dns_lines(kind=kind, answers=False))
    assert record["DNS_QUERY_TYPE"] == number


def test_dns_name_that_does_not_exist(record_of):
    record = record_of(dns_lines(code=3, answers=False))
    assert record["DNS_RET_CODE"] == 3


def test_tls_server_name_and_fingerprints(record_of):
    lines = captures.conversation(
        (captures.client_hello(), captures.server_hello()), dport=443
    )
    record = record_of(lines)
    assert record["L7_PROTO_NAME"].split(".")[0] == "TLS"
    assert record["SSL_SERVER_NAME"] == "www.example.org"
    assert record["JA3C_HASH"] == "df612cfc433c3b79b86acda2f4a7e92e"
    assert record["JA3S_HASH"] == "f9a66afdd1f499d415ca470974ec00c8"
    assert record["TLS_VERSION"] == "TLSv1.2"


def test_ssh_is_recognised(record_of):
    lines = captures.conversation(
        (b"SSH-2.0-OpenSSH_9.2\r\n", b"SSH-2.0-OpenSSH_8.4\r\n"), dport=22
    )
    assert record_of(lines)["L7_PROTO_NAME"] == "SSH"


def test_ssh_is_recognised_on_another_port(record_of):
    lines = captures.conversation(
        (b"SSH-2.0-OpenSSH_9.2\r\n", b"SSH-2.0-OpenSSH_8.4\r\n"), dport=50022
    )
    assert record_of(lines)["L7_PROTO_NAME"] == "SSH"


def test_dhcp_is_recognised(record_of):
    packet = (
        ether(dst="ff:ff:ff:ff:ff:ff")
        / IP(src="0.0.0.0", dst="255.255.255.255")
        / UDP(sport=68, dport=67)
        / BOOTP(chaddr=bytes.fromhex("020000000001"), xid=5)
        / DHCP(
            options=[
                ("message-type", "discover"),
                ("hostname", "lamp"),
                ("param_req_list", [1, 3, 6, 15]),
                "end",
            ]
        )
    )
    record = record_of([captures.frame(packet)])
    assert record["L7_PROTO_NAME"] == "DHCP"
    assert record["IPV4_SRC_ADDR"] == "0.0.0.0"


def test_bittorrent_hash(record_of):
    info = bytes(range(1, 21))
    peer = b"-KV0001-" + b"p" * 12
    hello = b"\x13BitTorrent protocol" + bytes(8) + info + peer
    lines = captures.conversation((hello, hello), dport=51413)
    record = record_of(lines)
    assert record["L7_PROTO_NAME"] == "BitTorrent"
    assert record["BITTORRENT_HASH"].lower() == info.hex()


def test_metadata_is_only_where_it_belongs(record_of):
    record = record_of(captures.frames([ether() / udp()]))
    foreign = re.compile("HTTP|DNS|SSL|JA3|TLS|BITT|TCP_|LATENCY|RETRANS")
    assert not [key for key in record if foreign.match(key)]


# Protocols without ports


def test_icmp_error_is_a_flow_of_its_sender(record_of):
    packet = (
        ether(captures.SERVER_MAC, captures.CLIENT_MAC)
        / IP(src=captures.SERVER, dst=captures.CLIENT)
        / ICMP(type=3, code=3)
        / bytes(udp())[:28]
    )
    record = record_of([captures.frame(packet)])
    assert record["PROTOCOL"] == 1
    assert record["IPV4_SRC_ADDR"] == captures.SERVER
    assert (record["L4_SRC_PORT"], record["L4_DST_PORT"]) == (0, 0)


def test_same_ports_of_udp_and_tcp_are_two_flows(records_of):
    lines = captures.frames(
        [
            ether() / udp(),
            ether()
            / IP(src=captures.CLIENT, dst=captures.SERVER)
            / TCP(sport=40000, dport=50000, flags="S"),
        ]
    )
    assert sorted(r["PROTOCOL"] for r in records_of(lines)) == [6, 17]


def test_flows_of_an_address_with_itself_count_one_way(record_of):
    packet = ether() / udp(captures.CLIENT, captures.CLIENT, 7000, 7000)
    record = record_of(captures.frames([packet, packet]))
    assert record["IN_PKTS"] + record["OUT_PKTS"] == 2


# Report


def test_report_sums_up_the_interface(run_kelvin, tmp_path):
    web = captures.conversation((HTTP_REQUEST, HTTP_RESPONSE), dport=80)
    lines = web + dns_lines()
    result = run_frames(run_kelvin, tmp_path, lines)
    packets, size = all_of(lines)
    report = result.report
    assert report.number("packets") == packets
    assert report.number("bytes") == size
    assert report.number("flows") == 2
    assert report.number("hosts") == 2
    assert "flows.pcap" in report.text
    for word in ("HTTP", "DNS", captures.CLIENT, captures.SERVER):
        assert word in report.text
    for word in ("drop", "malformed", "evict", "packets/s|packets per second"):
        assert re.search(word, report.text, re.I), word


@pytest.mark.parametrize(
    "which, known, forgotten",
    [("none", 2, 2), ("local", 3, 1), ("remote", 3, 1), ("all", 4, 0)],
)
def test_idle_hosts_stay_by_option(
    which, known, forgotten, run_kelvin, tmp_path
):
    lines = [
        captures.frame(ether() / udp("10.1.0.1", "198.51.100.1"), 0),
        captures.frame(ether() / udp("10.9.0.1", "10.9.0.2"), 1000),
        captures.frame(ether() / udp("10.9.0.1", "10.9.0.2"), 1200),
        captures.frame(ether() / udp("10.9.0.1", "10.9.0.2"), 1400),
    ]
    path = captures.save(tmp_path / "idle.pcap", lines)
    report = run_kelvin(path, "-S", which).report.text
    assert f"{known} known" in report
    assert f"{forgotten} forgotten" in report
