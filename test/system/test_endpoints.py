# test_endpoints: what the JSON endpoints tell, against tshark and capinfos.
# SPDX-License-Identifier: MIT

import collections
import hashlib
import json
import re
import shutil
import subprocess
import sys
import urllib.parse

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR

import captures
import web
from captures import Tcp, ether, frame, udp
from conftest import ROOT, tool
from test_login import NEW, basic, cookie, first_login, login
from test_redis import folder, redis  # noqa: F401 (fixtures)

CLIENT, SERVER, RESOLVER = "10.1.0.1", "10.2.0.2", "10.2.0.53"
FAR, FARTHER = "198.51.100.7", "192.0.2.200"
# Two that nobody else talks to.
OWN, APART = "10.3.0.3", "203.0.113.9"

EVERY = sorted(path.stem for path in (ROOT / "scripts/lua").glob("*.lua"))
# Those that answer with JSON; the others are pages.
TEXTS = {name: (ROOT / f"scripts/lua/{name}.lua").read_text()
         for name in EVERY}
SCRIPTS = [name for name, text in TEXTS.items()
           if re.search(r'require.?"endpoint"', text)
           and not re.search(r'require "(page|template)"', text)]


def http():
    def request(method, path):
        body = b"Content-Length: 2\r\n\r\nhi" if method == b"POST" else b"\r\n"
        return (method + b" " + path + b" HTTP/1.1\r\nHost: www.example.org"
                b"\r\nUser-Agent: probe/1\r\n" + body)

    def answer(status):
        return (b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain\r\n"
                b"Content-Length: 5\r\n\r\nhello")

    return captures.conversation(
        (request(b"GET", b"/a"), answer(b"200 OK")),
        (request(b"GET", b"/b"), answer(b"404 Not Found")),
        (request(b"POST", b"/c"), answer(b"200 OK")),
        client=CLIENT, server=SERVER, dport=80, at=20)


def dns():
    lines = []
    for i, (kind, name) in enumerate((
            ("A", "a.example.org"), ("A", "b.example.org"),
            ("AAAA", "a.example.org"), ("MX", "example.org"),
            ("TXT", "example.org"))):
        question = DNS(id=i + 1, rd=1, qd=DNSQR(qname=name, qtype=kind))
        answer = DNS(id=i + 1, qr=1, rd=1, ra=1,
                     qd=DNSQR(qname=name, qtype=kind))
        if kind == "A":
            answer.an = DNSRR(rrname=name, type="A", rdata=f"192.0.2.{i + 1}")
        port = 41000 + i
        there = udp(CLIENT, RESOLVER, port, 53, b"") / question
        back = udp(RESOLVER, CLIENT, 53, port, b"") / answer
        lines += [frame(ether() / there, 2 + i), frame(ether() / back, 2.1 + i)]
    return lines


def others():
    large = b"x" * 1400
    return (
        [frame(ether() / udp(CLIENT, FAR, 45000 + i, 50505, large), 10 + i / 10)
         for i in range(7)]
        + [frame(ether() / udp(FARTHER, FAR, 45900, 5001), 11)]
        + [frame(ether(dst="02:00:00:00:00:77")
                 / udp(APART, OWN, 46000, 50707, b"y" * 600), 12 + i / 10)
           for i in range(3)]
        + Tcp("10.1.0.9", SERVER, 47000, 22, at=13).send("c", "S").send(
            "s", "RA").frames
    )


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    lines = sorted(http() + dns() + others(), key=lambda line: line.when)
    return captures.save(tmp_path_factory.mktemp("in") / "in.pcap", lines)


GEO = [
    ("192.0.2.0/24", {"country_code": "IT", "city": "Rome",
                      "latitude": 41.9, "longitude": 12.5}),
    ("198.51.100.0/24", {"country_code": "DE", "city": "Berlin<b>",
                         "latitude": 52.5, "longitude": 13.4}),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """An MMDB file with the places of some addresses."""
    folder = tmp_path_factory.mktemp("geo")
    program = f"""
import ipaddress, sys
sys.path.insert(0, {str(ROOT / "conf/geo")!r})
sys.dont_write_bytecode = True
import mmdb
nets = [(ipaddress.ip_network(text), what) for text, what in {GEO!r}]
mmdb.mmdb_write({str(folder / "city.mmdb")!r}, "test",
                ((int(n[0]), int(n[-1]), what) for n, what in nets))
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    return folder / "city.mmdb"


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory, capture, places):
    one = web.Site(offline, tmp_path_factory.mktemp("ends"), "-l", "1",
                   "-m", "10.0.0.0/8", "-i", capture, "--geoip", places,
                   "-n", "3")
    one.kelvin.wait_said("all files are read")
    yield one
    one.close()


def get(site, name, **more):
    """The answer of an endpoint about our capture, with what is asked."""
    headers = more.pop("headers", ())
    query = urllib.parse.urlencode({"ifid": 1, **more})
    answer = site.ask(f"/lua/{name}.lua?{query}", headers=headers)
    assert answer.status == 200, (name, answer.text)
    assert answer.headers["content-type"].startswith("application/json")
    return json.loads(answer.text)


def chart(site, name, **more):
    items = get(site, name, **more)
    assert all(set(item) == {"label", "value"} for item in items)
    values = [item["value"] for item in items]
    assert values == sorted(values, reverse=True)
    return {item["label"]: item["value"] for item in items}


@pytest.fixture(scope="module")
def seen(capture):
    """Look into the capture: seen("frame.len", of="dns") is what tshark says,
    a tuple of texts for each frame."""

    def look(*fields, of=""):
        words = [w for field in fields for w in ("-e", field)]
        said = subprocess.run(
            [tool("tshark"), "-r", capture, "-Y", of, "-T", "fields", *words],
            capture_output=True, check=True, text=True).stdout
        return [tuple(line.split("\t")) for line in said.splitlines()]

    return look


def test_packets_of_a_host(site, seen):
    for host in (CLIENT, SERVER, FAR):
        count = len(seen("frame.number", of=f"ip.addr=={host}"))
        assert get(site, "get_host_traffic", host=host) == {"value": count}


SIZES = {"<= 64": (0, 64), "64 <= 128": (65, 128), "128 <= 256": (129, 256),
         "256 <= 512": (257, 512), "512 <= 1024": (513, 1024),
         "1024 <= 1518": (1025, 1518)}


@pytest.mark.parametrize("direction, end", [("sent", "src"), ("recv", "dst")])
def test_packet_sizes_of_a_host(site, seen, direction, end):
    sizes = [int(n) for (n,) in seen("frame.len", of=f"ip.{end}=={CLIENT}")]
    wanted = {label: sum(low <= size <= high for size in sizes)
              for label, (low, high) in SIZES.items()}
    assert chart(site, "host_pkt_distro", host=CLIENT,
                 direction=direction) == {k: v for k, v in wanted.items() if v}


def test_tcp_flags(site, seen):
    def count(of):
        wanted = {
            "SYN": "tcp.flags.syn==1 and tcp.flags.ack==0",
            "SYN+ACK": "tcp.flags.syn==1 and tcp.flags.ack==1",
            "FIN+ACK": "tcp.flags.fin==1 and tcp.flags.ack==1",
            "RST": "tcp.flags.reset==1"}
        counts = {label: len(seen("frame.number", of=f"({what}){of}"))
                  for label, what in wanted.items()}
        return {label: n for label, n in counts.items() if n}

    assert chart(site, "if_tcpflags_pkt_distro") == count("")
    assert chart(site, "if_tcpflags_pkt_distro", host="10.1.0.9") == count(
        " and ip.addr==10.1.0.9")


@pytest.mark.parametrize("direction, host", [("sent", CLIENT),
                                             ("recv", RESOLVER)])
def test_dns_questions(site, seen, direction, host):
    end = "src" if direction == "sent" else "dst"
    kinds = collections.Counter(int(kind, 0) for (kind,) in seen(
        "dns.qry.type", of=f"dns.flags.response==0 and ip.{end}=={host}"))
    names = {1: "A", 28: "AAAA", 15: "MX", 16: "TXT"}
    assert chart(site, "host_dns_breakdown", host=host,
                 direction=direction) == {
                     names[kind]: n for kind, n in kinds.items()}
    assert chart(site, "host_dns_breakdown", host=FAR) == {}


def test_http_requests(site, seen):
    methods = collections.Counter(
        m for (m,) in seen("http.request.method", of="http.request"))
    classes = collections.Counter(
        f"{c[0]}xx" for (c,) in seen("http.response.code", of="http.response"))
    for host, direction in ((CLIENT, "sent"), (SERVER, "recv")):
        assert chart(site, "host_http_breakdown", host=host,
                     direction=direction) == methods
        assert chart(site, "host_http_breakdown", host=host,
                     direction=direction, http_mode="responses") == classes


@pytest.fixture(scope="module")
def pairs(seen):
    """Bytes by sender and receiver."""
    sums = collections.Counter()
    for src, dst, size in seen("ip.src", "ip.dst", "frame.len", of="ip"):
        sums[src, dst] += int(size)
    return sums


def links(graph):
    """(source, target): (sent, rcvd), by address."""
    hosts = [node["host"] for node in graph["nodes"]]
    assert len(set(hosts)) == len(hosts)
    found = {}
    for link in graph["links"]:
        assert link["value"] == link["sent"] + link["rcvd"]
        ends = hosts[link["source"]], hosts[link["target"]]
        assert ends not in found and ends[::-1] not in found
        found[ends] = (link["sent"], link["rcvd"])
    used = {end for ends in found for end in ends}
    assert used == set(hosts), "a node without links"
    return found


def test_who_talks_to_whom(site, pairs):
    every = links(get(site, "iface_flows_sankey"))
    assert sum(map(sum, every.values())) == sum(pairs.values())
    for (source, target), (sent, rcvd) in every.items():
        assert (sent, rcvd) == (pairs[source, target], pairs[target, source])
    mine = links(get(site, "iface_flows_sankey", host=SERVER))
    assert mine == {ends: n for ends, n in every.items() if SERVER in ends}
    local = {ends: n for ends, n in every.items()
             if all(end.startswith("10.") for end in ends)}
    assert len(local) == 3
    for name in ("get_hosts_interaction", "hosts_matrix"):
        assert links(get(site, name)) == local
    largest = links(get(site, "iface_flows_sankey", limit=1))
    assert list(largest.values()) == [max(every.values(), key=sum)]


def test_shares_of_hosts(site, pairs):
    sums = collections.Counter()
    for ends, size in pairs.items():
        for end in ends:
            sums[end] += size
    items = get(site, "iface_hosts_list", ajax_format="1")
    shown = {urllib.parse.parse_qs(urllib.parse.urlsplit(
        item["url"]).query)["host"][0]: item["value"]
        for item in items if item["label"] != "Other"}
    assert shown and all(sums[host] == n for host, n in shown.items())
    assert sum(item["value"] for item in items) == sum(sums.values())
    assert [[i["label"], i["value"]] for i in items] == get(
        site, "iface_hosts_list")


def test_shares_of_ports(site, seen):
    def bytes_of(port):
        of = f"udp.port=={port} or tcp.port=={port}"
        return sum(int(n) for (n,) in seen("frame.len", of=of))

    items = {item["label"]: item["value"]
             for item in get(site, "iface_ports_list")}
    assert items["50505"] == bytes_of(50505)
    assert items["http"] == bytes_of(80)
    alone = get(site, "iface_ports_list", host=OWN)
    assert [(i["label"], i["value"]) for i in alone] == [
        ("50707", bytes_of(50707))]
    assert get(site, "iface_ports_list", host=OWN, clisrv="client")[0][
        "label"] == "46000"


def test_peers_of_a_host(site, pairs):
    peers = get(site, "host_top_peers_protocols", host=CLIENT)
    sums = collections.Counter()
    for peer in peers:
        sums[peer["host"]] += peer["bytes"]
        assert abs(10 ** peer["traffic"] / peer["bytes"] - 1) < 1e-6
    assert sums == {
        host: pairs[CLIENT, host] + pairs[host, CLIENT]
        for host in (SERVER, RESOLVER, FAR)}
    assert {p["l7proto"] for p in peers if p["host"] == SERVER} == {"HTTP"}


def test_applications(site, pairs):
    items = get(site, "if_stats_ndpi", format="json")
    found = {item["proto"]: item["bytes"] for item in items}
    assert found["HTTP"] == pairs[CLIENT, SERVER] + pairs[SERVER, CLIENT]
    assert found["DNS"] > 0
    assert all(item["breed"] for item in items)


def test_places(site, pairs):
    found = get(site, "get_geo_hosts")
    assert found["center"] == [0, 0]
    places = {o["host"][0]["name"]: (o["host"][0]["lat"], o["host"][0]["lng"])
              for o in found["objects"]}
    assert set(places) == {FAR, FARTHER}
    assert places[FAR] == pytest.approx((52.5, 13.4))
    assert places[FARTHER] == pytest.approx((41.9, 12.5))
    assert max(o["flusso"] for o in found["objects"]) == 100
    (one,) = get(site, "get_geo_hosts", host=FARTHER)["objects"]
    assert [p["name"] for p in one["host"]] == [FARTHER, FAR]
    assert one["bytes"] == pairs[FARTHER, FAR]
    # What is private has no place.
    (one,) = get(site, "get_geo_hosts", host=CLIENT)["objects"]
    assert [p["name"] for p in one["host"]] == [FAR]
    assert one["bytes"] == pairs[CLIENT, FAR]
    assert get(site, "get_geo_hosts", host=OWN)["objects"] == []


def test_load(site, capture, pairs):
    said = subprocess.run([tool("capinfos"), "-Tmcd", capture],
                          capture_output=True, check=True, text=True).stdout
    packets, size = (int(n) for n in said.splitlines()[1].split(",")[1:3])
    load = get(site, "network_load")
    assert (load["packets"], load["bytes"]) == (packets, size)
    assert load["ifname"] == "in.pcap" and load["drops"] == 0
    hosts = {end for ends in pairs for end in ends}
    assert load["num_hosts"] == len(hosts)
    assert load["num_local_hosts"] == sum(
        host.startswith("10.") for host in hosts)
    assert load["local2remote"] == pairs[CLIENT, FAR]
    assert load["remote2local"] == pairs[APART, OWN]
    assert load["breed"]["Acceptable"] > 0
    assert load["hosts_pctg"] == load["flows_pctg"] == 1
    every = get(site, "network_load", iffilter="all")
    assert [one["ifid"] for one in every] == [0, 1]
    assert every[1]["packets"] == packets
    one = get(site, "network_load", iffilter="some.pcap")
    assert (one["ifname"], one["packets"]) == ("some.pcap", 1)
    assert site.ask("/lua/network_load.lua?iffilter=none").status == 404


def test_a_host_to_download(site, pairs):
    query = f"/lua/host_get_json.lua?ifid=1&host={CLIENT}"
    answer = site.ask(f"{query}&host_stats_flows=true")
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="{CLIENT}.json"')
    host = json.loads(answer.text)
    sent = sum(n for (src, _), n in pairs.items() if src == CLIENT)
    assert host["sent"]["bytes"] == sent
    assert host["ip"]["ip"] == CLIENT and host["v"] == 1
    assert host["flows_count"] == len(host["flows"]) > 3
    assert sum(flow["bytes"] for flow in host["flows"]) == sent + sum(
        n for (_, dst), n in pairs.items() if dst == CLIENT)
    assert "flows" not in json.loads(site.ask(query).text)
    only = json.loads(site.ask(f"{query}&host_stats=0").text)
    assert only == {}
    known = get(site, "host_stats", host=CLIENT)
    assert known["bytes.sent"] == sent and known["localhost"] is True


def test_all_local_hosts_to_download(site, pairs):
    hosts = {end for ends in pairs for end in ends if end.startswith("10.")}
    for name in ("do_export_data", "export_data"):
        answer = site.ask(f"/lua/{name}.lua?ifid=1")
        assert answer.headers["content-disposition"] == (
            'attachment; filename="hosts.json"')
        found = {h["ip"]["ip"]: h for h in json.loads(answer.text)}
        assert set(found) == hosts
        for host in hosts:
            assert found[host]["sent"]["bytes"] == sum(
                n for (src, _), n in pairs.items() if src == host)
    one = get(site, "do_export_data", ip=FAR)
    assert one["rcvd"]["bytes"] == pairs[CLIENT, FAR] + pairs[FARTHER, FAR]
    # The other interface has seen one packet, between two local hosts.
    assert len(json.loads(site.ask("/lua/export_data.lua").text)) == 2


def test_single_rows(site):
    for table, single, key in (
            ("get_macs_data", "get_mac_data", "host"),
            ("get_ases_data", "get_as_data", "asn"),
            ("get_vlans_data", "get_vlan_data", "vlan")):
        for row in get(site, table)["data"]:
            assert get(site, single, **{key: row["key"]}) == row
    assert get(site, "get_mac_data", host="02:00:00:00:00:99") == []
    assert get(site, "get_as_data", asn=65000) == []
    assert get(site, "get_vlan_data", vlan=99) == []


def test_numbers_of_a_flow(site, pairs):
    row = next(r for r in get(site, "get_flows_data", host=CLIENT)["data"]
               if r["raw"]["column_server"] == f"{SERVER}:80")
    flow = get(site, "flow_stats", flow_key=row["key"])
    assert flow["cli2srv.bytes"] == pairs[CLIENT, SERVER]
    assert flow["srv2cli.bytes"] == pairs[SERVER, CLIENT]
    assert flow["c2sretr"] == flow["s2cOOO"] == 0
    assert get(site, "flow_stats", flow_key=1) == {}


def test_counting_anew(offline, tmp_path, capture):
    site = web.Site(offline, tmp_path, "-l", "1", "-i", capture)
    site.kelvin.wait_said("all files are read")
    form = "Content-Type: application/x-www-form-urlencoded"
    try:
        page = "/lua/reset_stats.lua?ifid=1"
        assert site.ask(page).status == 405
        for body in (b"", b"resetstats_mode=x"):
            answer = site.ask(page, "POST", [form], body)
            assert answer.status == 400 and "resetstats_mode" in answer.text
        assert get(site, "network_load")["packets"] > 0
        answer = site.ask(page, "POST", [form], b"resetstats_mode=reset_all")
        assert json.loads(answer.text) == {"status": "ok"}
        assert get(site, "network_load")["packets"] == 0
        # The other interface goes on.
        assert json.loads(site.ask("/lua/network_load.lua").text)["packets"]
    finally:
        site.close()


def test_an_export_follows_its_reader(offline, tmp_path, is_asan):
    """3,000 hosts make more than the kernel takes for one who waits."""
    lines = [
        frame(ether() / udp(f"10.{i >> 8}.{i & 255}.1", SERVER), i / 1000)
        for i in range(3000)]
    capture = captures.save(tmp_path / "many.pcap", lines)
    site = web.Site(offline, tmp_path, "-l", "1", "-i", capture, "-m",
                    "10.0.0.0/8")
    site.kelvin.wait_said("all files are read")
    try:
        before = site.resident()
        with site.connect() as one:
            one.sendall(b"GET /lua/export_data.lua?ifid=1 HTTP/1.0\r\n"
                        b"Host: localhost\r\n\r\n")
            data = one.recv(1)
            assert site.ask("/health").status == 200
            if not is_asan:
                assert site.resident() - before < 8192
            data += web.drain(one)
        found = json.loads(web.Answer(data).text)
        assert len(found) == len({h["ip"]["ip"] for h in found}) == 3001
    finally:
        site.close()


# --- Who may see what


@pytest.fixture(scope="module")
def guarded(offline, tmp_path_factory, capture):
    """Needs a login."""
    one = web.Site(offline, tmp_path_factory.mktemp("guarded"), "-1",
                   ROOT / "html", "-m", "10.0.0.0/8", "-i", capture,
                   needs_login=True)
    one.kelvin.wait_said("all files are read")
    first_login(one)
    yield one
    one.close()


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_wants_a_login_and_a_good_method(guarded, name):
    path = f"/lua/{name}.lua"
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        answer = guarded.ask(path, method)
        assert answer.status == 401, method
        assert CLIENT not in answer.text
    mine = [basic("admin", NEW)]
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        assert guarded.ask(path, method, mine).status == 405
    answer = guarded.ask(path, "HEAD", mine)
    assert answer.status in (200, 400, 404, 405) and answer.rest == b""


def test_each_shows_a_user_no_more_than_allowed(
        redis, offline, tmp_path, capture, places):  # noqa: F811
    redis.start()
    for key, value in (
            ("password", hashlib.md5(b"long ago").hexdigest()),
            ("group", "unprivileged"),
            ("allowed_nets", "10.1.0.0/16,10.2.0.0/16,198.51.100.0/24")):
        redis.cli("set", f"ntopng.user.bob.{key}", value)
    site = web.Site(offline, tmp_path, "-1", ROOT / "html", "-m",
                    "10.0.0.0/8", "-r", f"unix:{redis.path}", "-i", capture,
                    "--geoip", places, needs_login=True)
    site.kelvin.wait_said("all files are read")
    try:
        mine = [cookie(login(site, "bob", "long ago"))]
        some = {"flow_key": "4294967297", "grouped_by": "vlan", "asn": "0",
                "query": "0", "perPage": "1000"}
        for name in SCRIPTS:
            for host in (CLIENT, OWN, APART, "02:00:00:00:00:77"):
                query = urllib.parse.urlencode(
                    {"ifid": 1, "host": host, "ip": host, **some})
                answer = site.ask(f"/lua/{name}.lua?{query}", headers=mine)
                assert answer.status in (200, 400, 404, 405), name
                if name == "resolve_address":
                    continue  # repeats an address without looking for it
                assert OWN not in answer.text, (name, host)
                assert APART not in answer.text, (name, host)
        for name in EVERY:
            query = urllib.parse.urlencode({"ifid": 1, **some})
            answer = site.ask(f"/lua/{name}.lua?{query}", headers=mine)
            assert answer.status < 500, name
            assert OWN not in answer.text and APART not in answer.text, name
        exported = json.loads(site.ask("/lua/export_data.lua?ifid=1",
                                       headers=mine).text)
        assert CLIENT in {h["ip"]["ip"] for h in exported}
        assert len(exported) == 4
        token = site.ask("/lua/logout.lua", headers=[
            *mine, "Accept: text/html"]).headers["location"][-32:]
        answer = site.ask(
            "/lua/reset_stats.lua", "POST",
            [*mine, f"X-CSRF-Token: {token}",
             "Content-Type: application/x-www-form-urlencoded"],
            b"resetstats_mode=reset_all")
        assert answer.status == 403
    finally:
        site.close()


# --- What comes in

NASTY = ["", "x", "-1", "0", "1.5", "1e3", "99999999999999999999", "NaN",
         "' or 1=1 --", "<script>alert(1)</script>", "../../etc/passwd",
         "%00", "a\r\nX: y", "\u202e\U0001f600", "(", "a" * 5000,
         "255.255.255.255@4095", "::", "fe80::1%eth0", "10.1.0.1@-1",
         "{}", "nil", "__index", "%s%n%d", "true"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_parameter_breaks_an_endpoint(site, name):
    text = TEXTS[name]
    names = set(re.findall(r"^ +(\w+) = [{\"]", text, re.M)) | {
        "ifid", "host", "vlan", "currentPage", "perPage", "sortColumn",
        "sortOrder", "limit"}
    names |= set(re.findall(r"\{ (\w+) = [{\"]", text))
    for parameter in sorted(names):
        for value in NASTY:
            quoted = urllib.parse.quote(value, safe="")
            answer = site.ask(
                f"/lua/{name}.lua?host={CLIENT}&{parameter}={quoted}")
            # Duplicates count once, the last one.
            assert answer.status in (200, 400, 404, 405, 414), (
                parameter, value, answer.text)
            if answer.status == 400 and not value.startswith("%"):
                assert answer.headers["content-type"].startswith(
                    ("application/json", "text/plain"))
            if not answer.headers["content-type"].startswith("application/j"):
                assert "<script" not in answer.text, (parameter, value)
    long = "&".join(f"p{i}=1" for i in range(300))
    assert site.ask(f"/lua/{name}.lua?{long}").status == 400


@pytest.mark.parametrize("name, parameter, value", [
    ("host_pkt_distro", "direction", "up"), ("host_pkt_distro", "host", "x"),
    ("host_pkt_distro", "distr", "ttl"), ("host_dns_breakdown", "host", ""),
    ("host_dns_breakdown", "direction", "x"),
    ("host_http_breakdown", "http_mode", "x"),
    ("iface_flows_sankey", "limit", "0"), ("iface_flows_sankey", "host", "x"),
    ("get_hosts_interaction", "limit", "1001"),
    ("host_get_json", "host_stats", "maybe"), ("host_get_json", "limit", "x"),
    ("do_export_data", "ip", "x"), ("do_export_data", "vlan", "4096"),
    ("get_mac_data", "host", "10.0.0.1"), ("get_as_data", "asn", "-1"),
    ("get_as_data", "asn", ""), ("get_vlan_data", "vlan", "x"),
    ("flow_stats", "flow_key", "x"), ("get_geo_hosts", "host", "x"),
    ("resolve_address", "host", "localhost"), ("if_stats_ndpi", "format", "x"),
    ("iface_ports_list", "clisrv", "x"),
])
def test_what_is_wrong_is_named(site, name, parameter, value):
    answer = site.ask(f"/lua/{name}.lua?{parameter}={value}")
    assert answer.status == 400
    assert parameter in json.loads(answer.text)["error"]


def test_unknown_hosts_are_not_found(site):
    for name in ("get_host_traffic", "host_pkt_distro", "host_dns_breakdown",
                 "host_http_breakdown", "host_get_json", "host_stats",
                 "host_top_peers_protocols", "iface_flows_sankey",
                 "hosts_matrix", "get_geo_hosts", "if_tcpflags_pkt_distro"):
        answer = site.ask(f"/lua/{name}.lua?host=9.9.9.9")
        assert answer.status == 404, name
    assert site.ask("/lua/do_export_data.lua?ip=9.9.9.9").status == 404


def test_names_of_addresses(site):
    answer = site.ask("/lua/resolve_address.lua?host=192.0.2.77")
    assert (answer.status, answer.text) == (200, "192.0.2.77\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


# --- Filters and alerts


def flows(site, **more):
    found = get(site, "get_flows_data", perPage=1000, **more)
    return {(r["raw"]["column_client"], r["raw"]["column_server"])
            for r in found["data"]}


def test_flows_of_some_hosts_and_names(site):
    every = flows(site)

    def of(*hosts):
        return {ends for ends in every
                if any(end.rpartition(":")[0] in hosts for end in ends)}

    assert flows(site, hosts=f"{OWN},{FAR}") == of(OWN, FAR)
    assert flows(site, hosts=OWN) == of(OWN)
    assert flows(site, vhost="www.example.org") == {
        ends for ends in every if ends[1] == f"{SERVER}:80"}
    assert flows(site, vhost='"') == flows(site, vhost="\\") == set()
    assert flows(site, hosts=f"{OWN},{FAR}", filter=f"ip={FARTHER}") == {
        (f"{FARTHER}:45900", f"{FAR}:5001")}
    assert flows(site, filter=f"ip={OWN} or ip={FAR}", hosts=OWN) == of(OWN)
    for wrong in ("x", "10.0.0.1,", "10.0.0.0/8", ",".join([OWN] * 51)):
        answer = site.ask(f"/lua/get_flows_data.lua?hosts={wrong}")
        assert answer.status == 400 and "hosts: " in answer.text


def test_filters_of_hosts(site, pairs):
    def keys(filter):
        found = get(site, "get_hosts_data", perPage=1000, filter=filter)
        assert found["totalRows"] == len(found["data"])
        return {row["key"] for row in found["data"]}

    hosts = {end for ends in pairs for end in ends}
    assert keys("") == hosts
    assert keys("host 10.1.0.0/16") == {h for h in hosts
                                        if h.startswith("10.1.")}
    assert keys("not net 10.0.0.0/8") == {h for h in hosts
                                          if not h.startswith("10.")}
    sums = collections.Counter()
    for ends, size in pairs.items():
        for end in ends:
            sums[end] += size
    assert keys("bytes > 1k") == {h for h in hosts if sums[h] > 1000}
    for wrong in ("(", "nothing=1", "bytes >", "ip=x"):
        query = urllib.parse.quote(wrong)
        answer = site.ask(f"/lua/get_hosts_data.lua?ifid=1&filter={query}")
        assert answer.status == 400, wrong
        assert "filter" in json.loads(answer.text)["error"]


def raise_alerts(folder):
    """A page that raises some."""
    (folder / "scripts/lua/raise.lua").write_text("""
interface.engageHostAlert(0, "10.1.0.1", "one", 2, 1, "a <b>text</b>")
interface.engageHostAlert(1, "10.3.0.3", "two", 7, 2, "b")
interface.engageInterfaceAlert(0, "three", 13, 0, "c")
interface.engageNetworkAlert(0, "10.0.0.0/8", "four", 2, 1, "d")
print(tostring(interface.releaseHostAlert(1, "10.3.0.3", "two", 7, 2, "b")))
""")
    return folder / "scripts"


@pytest.fixture(scope="module")
def alerted(offline, tmp_path_factory, capture):
    folder = tmp_path_factory.mktemp("alerted")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    one = web.Site(offline, folder, "-l", "1", "-2", raise_alerts(folder),
                   "-i", capture)
    one.kelvin.wait_said("all files are read")
    assert one.ask("/lua/raise.lua?ifid=1").text == "true"
    yield one
    one.close()


def alerts(site, **more):
    found = get(site, "get_alerts_data", **more)
    assert found["totalRows"] == get(site, "get_num_alerts", **more)
    return [row["raw"]["column_msg"] for row in found["data"]]


def test_alerts_are_told(alerted):
    found = get(alerted, "get_alerts_data", sortColumn="column_msg",
                sortOrder="asc")
    assert found["totalRows"] == 3
    one, iface, network = (row["raw"] for row in found["data"])
    assert one["column_entity_val"] == "10.1.0.1@0"
    assert (one["column_entity"], one["column_severity"],
            one["column_type"]) == ("host", "warning", "threshold_cross")
    assert one["column_msg"] == "a <b>text</b>"
    assert iface["column_entity"] == "interface"
    assert network["column_entity_val"] == "10.0.0.0/8"
    cells = found["data"][0]
    assert cells["column_severity"] == "Warning" and cells["column_date"]
    (past,) = get(alerted, "get_alerts_data", status="historical")["data"]
    assert past["raw"]["column_msg"] == "b"
    assert past["raw"]["column_duration"] == 0
    assert alerts(alerted, status="historical-flows") == []


@pytest.mark.parametrize("asked, texts", [
    ({"alert_severity": "info"}, ["c"]), ({"alert_severity": 0}, ["c"]),
    ({"alert_type": "threshold_cross"}, ["a <b>text</b>", "d"]),
    ({"entity": "network"}, ["d"]), ({"entity_val": "10.1.0.1"},
                                     ["a <b>text</b>"]),
    ({"entity_val": "10.1.0.1@0"}, ["a <b>text</b>"]),
    ({"entity": "host", "entity_val": "10.3.0.3"}, []),
    ({"alert_engine": "min"}, ["a <b>text</b>", "c", "d"]),
    ({"alert_engine": "5mins", "status": "historical"}, ["b"]),
    ({"epoch_end": 1}, []), ({"epoch_begin": 1}, ["a <b>text</b>", "c", "d"]),
    ({"perPage": 1, "currentPage": 2, "sortColumn": "column_msg",
      "sortOrder": "asc"}, ["c"]),
])
def test_alerts_are_chosen(alerted, asked, texts):
    assert sorted(alerts(alerted, **asked)) == texts


@pytest.mark.parametrize("parameter, value", [
    ("status", "x"), ("alert_type", "a b"), ("alert_severity", "<b>"),
    ("entity", "../x"), ("entity_val", "a" * 257), ("epoch_begin", "x"),
    ("epoch_end", "-1"), ("sortColumn", "column_x"), ("perPage", "0"),
])
def test_wrong_wishes_for_alerts_are_named(alerted, parameter, value):
    quoted = urllib.parse.quote(value)
    answer = alerted.ask(f"/lua/get_alerts_data.lua?{parameter}={quoted}")
    assert answer.status == 400
    assert parameter in json.loads(answer.text)["error"]
