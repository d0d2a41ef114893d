# test_pages: Lua pages, and what the JSON endpoints tell.
# SPDX-License-Identifier: MIT

import json
import re
import shutil
import socket
import subprocess
import time

import pytest

import captures
import web
from conftest import ROOT, tool

PAGES = {
    "hello.lua": 'print("hello 1")',
    "own.lua": 'print("HTTP/1.1 404 x\\r\\nContent-Type: text/css\\r\\n'
    'X-Mine: 1\\r\\nTransfer-Encoding: chunked\\r\\nContent-Length: 9\\r\\n'
    'X-Frame-Options: ALLOW\\r\\n\\r\\nbody")',
    "inject.lua": 'print("HTTP/1.1 200 OK\\r\\nA: b\\rSet-Cookie: x=y'
    '\\r\\n\\r\\n")',
    "endless_head.lua": 'print("HTTP/1.1 200 OK\\r\\n") '
    'while true do print(("a"):rep(1000)) end',
    "cut_head.lua": 'print("HTTP/1.1 200 OK\\r\\nA: b\\r\\n")',
    "broken.lua": 'print("secret") error("oh <b>no")',
    "status.lua": 'error({ status = 403, message = "x" })',
    "endless.lua": "while true do end",
    "bomb.lua": "local t = {} while true do t[#t + 1] = ('x'):rep(999) .. #t"
    " end",
    "huge.lua": "local x = ('x'):rep(10000) while true do print(x) end",
    "large.lua": "for i = 1, 30000 do print(('%09d\\n'):format(i)) end",
    "late.lua": "for i = 1, 20000 do print('0123456789') end error('late')",
    "request.lua": 'local json = require "json" print("HTTP/1.1 200 OK\\r\\n'
    'Content-Type: application/json\\r\\n\\r\\n" .. json.encode { get = _GET,'
    " post = _POST, server = _SERVER, session = _SESSION, cookie = _COOKIE,"
    " ifname = ifname, ifid = ifid, grafana = _GRAFANA })",
    "modules/grafana/index.lua": 'print("index")',
    "modules/grafana/search.lua": 'print("search")',
}

XSS = "<script>alert(1)</script>\"'"


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory, shared):
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name, text in PAGES.items():
        path = folder / "scripts/lua" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (folder / "outside.lua").write_text('print("outside")')
    (folder / "scripts/lua/link.lua").symlink_to(folder / "outside.lua")
    one = web.Site(offline, folder, "-l", "1", "-2", folder / "scripts",
                   "-i", shared("pcaps/443-firefox.pcap"))
    one.kelvin.wait_said("all files are read")
    yield one
    one.close()


def ask(site, name, **more):
    answer = site.ask(f"/lua/{name}", **more)
    assert answer.headers["content-type"].startswith("application/json")
    return answer.status, json.loads(answer.text)


def test_a_page_prints_its_answer(site):
    answer = site.ask("/lua/hello.lua")
    assert (answer.status, answer.text) == (200, "hello 1")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    head = site.ask("/lua/hello.lua", "HEAD")
    assert (head.status, head.rest) == (200, b"")
    assert site.ask("/lua/modules/grafana").text == "index"
    assert site.ask("/lua/modules/grafana/search").text == "search"


def test_a_page_has_its_own_header_block(site):
    answer = site.ask("/lua/own.lua")
    assert (answer.status, answer.text) == (404, "body")
    assert answer.headers["content-type"] == "text/css"
    assert answer.headers["x-mine"] == "1"
    assert answer.headers["content-length"] == "4"
    assert "transfer-encoding" not in answer.headers
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("name", ["inject", "endless_head", "cut_head"])
def test_a_malformed_header_block_is_no_answer(site, name):
    answer = site.ask(f"/lua/{name}.lua")
    assert answer.status == 500
    assert "set-cookie" not in answer.headers
    assert "a" not in answer.headers


def test_failures_tell_administrators_why(site):
    answer = site.ask("/lua/broken.lua", headers=["Accept: text/html"])
    assert answer.status == 500
    # With -l 1 whoever asks is an administrator, and is told why.
    assert "broken.lua:1: oh &lt;b&gt;no" in answer.text
    assert "secret" not in answer.text
    site.kelvin.wait_said("oh <b>no")
    assert site.ask("/lua/status.lua").status == 403


@pytest.mark.parametrize("path", [
    "/lua/none.lua", "/lua/", "/lua/hello", "/lua/link.lua", "/outside.lua",
    "/lua/modules/json.lua", "/lua/modules/", "/lua/%2e%2e/outside.lua",
    "/lua/../outside.lua", "/lua/..%2foutside.lua", "/lua/..%5coutside.lua",
    "/lua//hello.lua", "/lua/hello.lua%00", "/lua/hello.lua;x",
    "/lua/hello.lua.", "/lua/./hello.lua", "/LUA/hello.lua",
    "/lua/%252e%252e/outside.lua", "/lua/modules/../hello.lua",
])
def test_no_other_path_is_a_page(site, path):
    answer = site.ask(path)
    assert answer.status in (400, 404)
    assert "outside\"" not in answer.text and "hello 1" not in answer.text


def test_a_page_finds_the_request(site):
    _, found = ask(site, "request.lua?a=1&ifid=1&x=%3Cb%3E", headers=[
        "Cookie: session=abc", "X-Thing: y", "Referer: http://r/",
        "Authorization: Basic YTpi"])
    assert found["get"] == {"a": "1", "ifid": "1", "x": "<b>"}
    assert found["cookie"] == {"session": "abc"}
    assert found["server"]["X-Thing"] == "y"
    assert found["server"]["REFERER"] == "http://r/"
    assert found["server"]["REQUEST_METHOD"] == "GET"
    assert found["server"]["URI"] == "/lua/request.lua"
    assert "Authorization" not in found["server"]
    assert (found["ifname"], found["ifid"]) == ("443-firefox.pcap", 1)
    assert found["session"]["user"] == "nologin"
    assert found["session"]["session"] == ""


def test_a_page_finds_what_is_posted(site):
    form = "Content-Type: application/x-www-form-urlencoded"
    def post(body, *headers):
        return ask(site, "request.lua", method="POST", body=body,
                   headers=headers)[1]

    assert post(b"a=1&b=%41", form)["post"] == {"a": "1", "b": "A"}
    found = post(b'{"a":1}', "Content-Type: application/json")
    assert found["post"] == {"payload": '{"a":1}'}
    assert found["grafana"] == {"payload": '{"a":1}'}
    for foreign in ("Origin: http://evil", "Origin: null",
                    "Sec-Fetch-Site: cross-site"):
        answer = site.ask("/lua/request.lua", method="POST", body=b"a=1",
                          headers=[form, foreign])
        assert answer.status == 403
    assert post(b"a=1", form, "Origin: http://localhost")["post"]


def test_a_page_without_bounds_is_ended(site):
    assert ask(site, "bomb.lua")[0] == 503
    site.kelvin.wait_said("not enough memory")
    begin = time.monotonic()
    assert ask(site, "endless.lua")[0] == 503
    assert time.monotonic() - begin > 10
    site.kelvin.wait_said("the deadline passed")


def test_large_answers_stream(site):
    lines = site.ask("/lua/large.lua").text.split()
    assert lines == [f"{i:09d}" for i in range(1, 30001)]


def test_an_answer_that_fails_late_is_seen_to_be_cut(site):
    raw = site.raw(b"GET /lua/late.lua HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 200")
    assert not raw.endswith(b"0\r\n\r\n")


def test_who_does_not_read_costs_little(site, is_asan):
    request = b"GET /lua/huge.lua HTTP/1.1\r\nHost: localhost\r\n\r\n"
    before = site.resident()
    slow = []
    for _ in range(8):
        one = site.connect()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.sendall(request)
        slow.append(one)
    time.sleep(2)
    if not is_asan:
        assert site.resident() - before < 20_000
    # They leave; their scripts end.
    for one in slow:
        one.close()
    assert site.ask("/lua/hello.lua").text == "hello 1"


# --- Endpoints


def rows_of(site, name, query=""):
    status, found = ask(site, f"{name}.lua?ifid=1{query}")
    assert status == 200, found
    assert set(found) == {"currentPage", "data", "perPage", "sort",
                          "totalRows"}
    for row in found["data"]:
        for key, value in row.items():
            if key.startswith("column_"):
                assert isinstance(value, str) and "<" not in value
        assert set(row["raw"]) == {k for k in row if k != "raw" and k != "key"}
    return found


@pytest.fixture(scope="module")
def known(shared):
    """The figures of tshark: frames and bytes sent, by address."""
    said = subprocess.run(
        [tool("tshark"), "-r", shared("pcaps/443-firefox.pcap"), "-T",
         "fields", "-e", "ip.src", "-e", "eth.src", "-e", "frame.len"],
        capture_output=True, check=True, text=True).stdout
    return [line.split("\t") for line in said.splitlines()]


def test_figures_are_those_of_the_capture(site, known):
    total = sum(int(size) for _, _, size in known)
    sent = sum(int(n) for ip, _, n in known if ip == "192.168.1.13")
    flow = rows_of(site, "get_flows_data")["data"][0]
    assert flow["raw"]["column_bytes"] == total
    assert flow["raw"]["column_server"].endswith(":443")
    hosts = rows_of(site, "get_hosts_data")
    assert hosts["totalRows"] == 2
    for host in hosts["data"]:
        assert host["raw"]["column_traffic"] == total
    own = next(h for h in hosts["data"] if h["key"] == "192.168.1.13")
    assert own["raw"]["column_breakdown"] == round(100 * sent / total)
    macs = rows_of(site, "get_macs_data")["data"]
    assert {m["key"].lower() for m in macs} == {mac for _, mac, _ in known}
    assert {m["raw"]["column_traffic"] for m in macs} == {total}
    groups = rows_of(site, "get_grouped_hosts_data", "&grouped_by=vlan")
    assert groups["data"][0]["raw"]["column_hosts"] == 2
    assert rows_of(site, "get_vlans_data")["totalRows"] == 0
    rows_of(site, "get_ases_data")

    def chart(name, query=""):
        status, found = ask(site, f"{name}.lua?ifid=1{query}")
        assert status == 200
        return {item["label"]: item["value"] for item in found}

    assert sum(chart("if_pkt_distro").values()) == len(known)
    assert chart("if_pkt_distro", "&distr=ipver") == {"IPv4": len(known)}
    assert chart("iface_local_stats") == {
        "Local->Remote": sent, "Remote->Local": total - sent}
    assert chart("iface_local_stats", "&iflocalstat_mode=distribution") == {
        "IPv4": len(known)}
    assert sum(chart("iface_tcp_stats").values()) == 1
    for query in ("", "&ndpistats_mode=sinceStartup", "&host=192.168.1.13"):
        assert sum(chart("iface_ndpi_stats", query).values()) == total
    assert chart("iface_ndpi_stats", "&ndpistats_mode=count")
    assert chart("host_l4_stats", "&host=192.168.1.13") == {"TCP": total}

    key = flow["key"]
    assert ask(site, f"get_flow_data.lua?ifid=1&flow_key={key}")[1] == flow
    assert ask(site, "get_flow_data.lua?flow_key=1")[1] == {}
    host = ask(site, "get_host_data.lua?ifid=1&host=192.168.1.13")[1]
    assert host["raw"]["column_traffic"] == total
    assert ask(site, "get_host_data.lua?host=9.9.9.9")[1] == {}
    assert ask(site, "host_l4_stats.lua?host=9.9.9.9")[0] == 404
    found = ask(site, "find_host.lua?ifid=1&query=192.168")[1]
    assert found["results"] == [
        {"ip": "192.168.1.13", "name": "192.168.1.13"}]
    assert ask(site, "get_host_activitymap.lua?ifid=1&host=192.168.1.13")[1]


def test_tables_are_paged_and_sorted(site):
    every = rows_of(site, "get_hosts_data", "&sortColumn=column_ip")["data"]
    turned = rows_of(site, "get_hosts_data",
                     "&sortColumn=column_ip&sortOrder=asc")["data"]
    assert [h["key"] for h in every] == [h["key"] for h in turned][::-1]
    pages = [rows_of(site, "get_hosts_data",
                     f"&sortColumn=column_ip&perPage=1&currentPage={n}")
             for n in (1, 2, 3)]
    assert [p["totalRows"] for p in pages] == [2, 2, 2]
    assert [h["key"] for p in pages for h in p["data"]] == [
        h["key"] for h in every]


TABLES = ["get_flows_data", "get_hosts_data", "get_macs_data",
          "get_ases_data", "get_vlans_data"]
PAGING = {"perPage": ["0", "1001", "x", "1.5"], "currentPage": ["0", "-1"],
          "sortColumn": ["column_none", XSS], "sortOrder": ["up"],
          "ifid": ["x", "-1"]}
WRONG = {
    **{name: PAGING for name in TABLES},
    "get_flow_data": {"flow_key": ["x", "", "-1", "99999999999999999999"]},
    "find_host": {"query": ["", "a" * 129]},
    "get_host_data": {"host": ["x", "", "1.2.3.400"], "criteria": ["x"]},
    "if_pkt_distro": {"distr": ["x"]},
    "iface_ndpi_stats": {"host": ["x"], "breed": ["2"]},
    "get_grouped_hosts_data": {"grouped_by": ["", "x"]},
}
FILTERS = {"host": ["x"], "vlan": ["4096"], "port": ["65536"],
           "version": ["5"], "application": ["no such"], "filter": ["("],
           "flow_status": ["x"], "traffic_type": ["x"],
           "flowhosts_type": ["x"], "network": ["x"]}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_parameters_are_named(site, name):
    cases = dict(WRONG[name], **(FILTERS if name == "get_flows_data" else {}))
    for parameter, values in cases.items():
        for value in values + [XSS, "../../x"]:
            quoted = "".join(f"%{b:02x}" for b in value.encode())
            status, found = ask(site, f"{name}.lua?{parameter}={quoted}")
            if name == "find_host" and value in (XSS, "../../x"):
                assert (status, found["results"]) == (200, [])
                continue
            assert status == 400, (parameter, value)
            assert parameter in found["error"]
            html = site.ask(f"/lua/{name}.lua?{parameter}={quoted}",
                            headers=["Accept: text/html"])
            assert html.status == 400 and "<script" not in html.text
    if name in TABLES:
        assert ask(site, f"{name}.lua?unknown=<b>&p_x=1")[0] == 200
    assert ask(site, "get_hosts_data.lua?ifid=99")[0] == 404


def test_first_page_tells_what_is_seen(site):
    """Packets as tshark counts them, and nothing that CSP would stop."""
    menu = site.ask("/").text
    where = re.search(r'href="([^"]*)"[^>]*>443-firefox.pcap<', menu)
    answer = site.ask(where[1])
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>443-firefox.pcap</h1>" in answer.text
    assert '<data value="667" title="667">' in answer.text
    assert "www.ntop.org" in answer.text
    assert not re.search(r"<script(?! type=.module. src=)", answer.text)
    assert not re.search(r"<[^>]* (style|on\w+)=", answer.text)


def test_an_error_page_is_one_of_ours(site):
    """With a style, a way back, and nothing of what was asked unescaped."""
    answer = site.ask("/lua/<b>.lua", headers=["Accept: text/html"])
    assert answer.status == 404
    assert '<link rel="stylesheet" href="/css/login.css">' in answer.text
    assert '<a href="/">Home</a>' in answer.text
    assert "<b>" not in answer.text
