# test_web_security: what the web must withstand, and where that is tested.
# SPDX-License-Identifier: MIT
"""The items are those of the web section of the security requirements; the
tests named here are in this folder or in test/unit. What fits nowhere else is
below."""

import json
import re
import subprocess
import urllib.parse

import pytest

import captures
import web
from captures import ether, frame, udp
from conftest import ROOT
from test_endpoints import EVERY
from test_login import FORM, NEW, PAGE, basic, first_login, login, post

ITEMS = {
    "9 traversal": [
        "test_there_is_no_way_out_of_the_directory",
        "test_no_other_path_is_a_page",
        "test_links_inside_are_followed", "paths_have_one_spelling",
        "test_modules_are_no_pages"],
    "10 a login for everything": [
        "test_no_spelling_gets_past_the_check",
        "test_no_header_gets_past_the_check",
        "test_each_wants_a_login_and_a_good_method",
        "test_no_spelling_gets_past_a_login", "test_other_options_need_a_login",
        "test_what_is_ambiguous_is_refused", "test_first_start"],
    "11 sessions": [
        "test_session_is_new_at_each_login", "test_logout",
        "test_sessions_end_after_a_week", "test_sessions_may_idle",
        "who_is_idle_is_forgotten", "an_end_comes_however_busy_one_is",
        "test_cookie_flags", "test_set_password",
        "test_sessions_are_random", "test_logging_out_ends_streams"],
    "12 guessing": [
        "test_unknown_users_get_the_same_answer",
        "test_guessing_gets_slow_but_not_for_the_owner", "delays_grow",
        "owner_is_not_locked_out",
        "test_many_logins_at_once_do_not_stall_the_loop"],
    "13 other sites": [
        "test_other_sites_cannot_post",
        "test_a_session_is_of_no_use_to_other_sites",
        "test_nothing_else_is_shared", "test_no_change_without_a_token",
        "test_every_answer_has_the_headers"],
    "14 scripts from the network": [
        "test_names_of_the_network_are_text", "test_error_pages_escape",
        "test_no_parameter_breaks_an_endpoint",
        "test_no_script_and_no_style_is_inline"],
    "15 headers, redirects, smuggling": [
        "test_headers_cannot_be_split", "test_no_open_redirect",
        "test_what_is_ambiguous_is_refused", "test_a_strange_host_is_refused",
        "test_no_header_changes_a_redirect",
        "test_a_malformed_header_block_is_no_answer"],
    "16 requests of ours": [
        "test_names_of_addresses",
        "test_a_user_makes_kelvin_ask_nobody"],
    "17 parts of a network": [
        "test_users_see_their_networks_alone",
        "test_each_shows_a_user_no_more_than_allowed",
        "test_users_hear_of_what_they_see", "test_users_hear_their_alerts"],
    "18 slow clients": [
        "test_slowloris_leaves_others_served", "test_slow_bodies_end",
        "test_who_does_not_read_costs_little", "readers_that_drip_are_dropped",
        "readers_that_stop_are_dropped", "slow_readers_may_go_on",
        "test_one_address_has_its_share", "test_500_streams",
        "test_too_many_streams_are_refused",
        "test_connections_that_come_and_go_leave_nothing"],
    "19 large and odd": [
        "test_a_large_head_is_refused",
        "test_a_large_body_is_refused_before_it_comes",
        "test_a_form_with_100000_parameters_is_refused",
        "test_odd_parameters_are_refused", "test_random_bytes_do_no_harm",
        "test_no_parameter_breaks_an_endpoint",
        "the_last_of_equal_parameters_counts"],
    "20 TLS": [
        "test_old_versions_are_refused", "test_weak_ciphers_are_refused",
        "test_renegotiation_is_refused", "test_a_certificate_is_read_again",
        "one_that_ends_is_renewed",
        "test_handshakes_that_are_not_finished_do_no_harm"],
    "all of it": ["test_wapiti_finds_nothing"],
}


@pytest.mark.parametrize("item", ITEMS)
def test_each_item_has_its_tests(item):
    sources = [path.read_text() for path in (
        *(ROOT / "test/system").glob("test_*.py"),
        *(ROOT / "test/unit").glob("test_*.c"))]
    known = set(re.findall(r"^(?:def|static void) (\w+)\(",
                           "\n".join(sources), re.M))
    assert set(ITEMS[item]) <= known


HARM = b"<img src=x onerror=alert(1)>"
QUOTED = b"\"'><script>alert(2)</script>"


def hostile_frames():
    """Names that mean harm, in all that kelvin shows."""
    lines = []
    for number, harm in enumerate((HARM, QUOTED)):
        request = (b"GET /" + harm.replace(b" ", b"%20") + b" HTTP/1.1\r\n"
                   b"Host: " + harm + b"\r\nUser-Agent: " + harm + b"\r\n"
                   b"Referer: " + harm + b"\r\n\r\n")
        at = number * 10.0
        lines += captures.conversation(
            (request, captures.HTTP_RESPONSE), dport=80, at=at,
            sport=40000 + number)[:-3]
        lines += captures.conversation(
            (captures.client_hello(harm), captures.server_hello()), dport=443,
            at=at + 1, sport=41000 + number)[:-3]
        lines += captures.conversation(
            (b"SSH-2.0-" + harm + b"\r\n", b"SSH-2.0-" + harm + b"\r\n"),
            dport=22, at=at + 2, sport=42000 + number)[:-3]
        label = harm[:60]
        name = bytes([len(label)]) + label + b"\0"
        question = (b"\0\7\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1")
        reply = (b"\0\7\x81\x80\0\1\0\1\0\0\0\0" + name + b"\0\1\0\1\xc0\x0c"
                 b"\0\1\0\1\0\0\0\x3c\0\4\x0a\x02\0\x02")
        lines += [
            frame(ether() / udp(dport=53, data=question), at + 3),
            frame(ether() / udp(captures.SERVER, captures.CLIENT, 53, 40000,
                                reply), at + 3.1),
            # DHCP: a request with a host name.
            frame(ether() / udp("0.0.0.0", "255.255.255.255", 68, 67,
                                dhcp(label)), at + 4)]
    return lines


def dhcp(name):
    mac = bytes.fromhex("020000000001")
    fixed = (b"\1\1\6\0" + b"\0" * 8 + b"\x0a\1\0\1" + b"\0" * 12 + mac
             + b"\0" * 10 + b"\0" * 192)
    options = (b"\x63\x82\x53\x63" + b"\x35\1\3" + b"\x32\4\x0a\1\0\1"
               + b"\x0c" + bytes([len(name)]) + name + b"\xff")
    return fixed + options


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("security")
    capture = captures.save(folder / "hostile.pcap", hostile_frames())
    one = web.Site(offline, folder, "-1", ROOT / "html", "-i", capture, "-n",
                   "3", needs_login=True)
    one.kelvin.wait_said("all files are read")
    one.session = first_login(one)
    yield one
    one.close()


def queries(site):
    """What to ask pages for so that they have something to show."""
    mine = [site.session]
    found = json.loads(site.ask("/lua/get_flows_data.lua?ifid=1&perPage=100",
                                headers=mine).text)
    keys = [row["key"] for row in found["data"]]
    assert len(keys) >= 6
    yield "ifid=1"
    for host in (captures.CLIENT, captures.SERVER, captures.CLIENT_MAC):
        yield f"ifid=1&host={urllib.parse.quote(host)}"
    for key in keys:
        yield f"ifid=1&flow_key={key}"
    for word in (HARM, QUOTED):
        text = urllib.parse.quote(word.decode())
        yield f"ifid=1&query={text}&filter={text}&page={text}&host={text}"


def test_names_of_the_network_are_text(site):
    """On no page they are markup; the browser tests look at some of them."""
    seen = 0
    for query in queries(site):
        for name in EVERY:
            answer = site.ask(f"/lua/{name}.lua?{query}",
                              headers=[site.session, PAGE])
            assert answer.status < 500, (name, query, answer.text)
            if answer.headers["content-type"].startswith("application/json"):
                json.loads(answer.text)
                continue
            assert "<img src=x" not in answer.text, (name, query)
            assert "<script>alert" not in answer.text, (name, query)
            seen += "&lt;img src=x" in answer.text
    assert seen > 0, "no page shows the names"


def test_no_script_and_no_style_is_inline(site):
    for name in ("", "lua/login.lua", *(f"lua/{n}.lua" for n in EVERY)):
        answer = site.ask(f"/{name}?ifid=1", headers=[site.session, PAGE])
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text), name
        assert not re.search(r"<[^>]+\son\w+\s*=", answer.text), name
        assert not re.search(r"<style|<[a-z][^>]*\sstyle\s*=", answer.text,
                             re.I), name
        for where in re.findall(r"(?:src|href)=\"([^\"]*)\"", answer.text):
            assert not where.startswith(("javascript:", "data:", "//", "http")
                                        ), (name, where)


def test_modules_are_no_pages(site):
    for path in sorted((ROOT / "scripts/lua/modules").glob("*.lua")):
        for where in (f"modules/{path.name}", f"modules/{path.stem}"):
            answer = site.ask(f"/lua/{where}", headers=[site.session])
            assert answer.status == 404, where
    answer = site.ask("/lua/modules/grafana/../escape.lua",
                      headers=[site.session])
    assert answer.status in (400, 404)


TRICKS = ["{}", "{}?x=.css", "{};.css", "{}.css", "{}/x.css", "/css/..{}",
          "/css/%2e%2e{}", "/{}", "{}%00.css", "{}%2ecss", "/static/..{}",
          "/img/..%2f..{}", "{}.", "{}%20", "{}#x.css",
          "{}?session=" + "a" * 32,
          "http://localhost{}", "/lua/login.lua/..{}", "/lua/login.lua?{}",
          "/health/..{}", "{}?user=admin&password=" + NEW.replace(" ", "+")]


@pytest.mark.parametrize("path", [
    "/", "/metrics", "/stream", "/lua/get_hosts_data.lua", "/lua/index.lua",
    "/lua/export_data.lua", "/lua/modules/grafana/search"])
def test_no_spelling_gets_past_a_login(site, path):
    headers = ["Cookie: user=admin; session=" + "0" * 32,
               "X-Forwarded-For: 127.0.0.1", "X-Original-URL: /health"]
    for trick in TRICKS:
        spelling = trick.format(path)
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            answer = site.ask(spelling, method, headers)
            is_login = (spelling.startswith("/lua/login.lua?")
                        and answer.status in (200, 204, 401, 429))
            assert is_login or answer.status in (
                400, 401, 403, 404, 405), (method, spelling, answer.status)
            for secret in ("kelvin_", captures.CLIENT, "totalRows"):
                assert secret not in answer.text, spelling


def test_sessions_are_random(site):
    seen = set()
    for i in range(20):
        answer = login(site, "admin", NEW, f"127.0.8.{i + 1}")
        seen.add(re.match("session=([0-9a-f]{32});",
                          answer.headers["set-cookie"])[1])
    assert len(seen) == 20
    # Each digit is anything.
    for place in zip(*seen):
        assert len(set(place)) > 3


def test_no_change_without_a_token(site):
    """Neither by GET, nor by a form that another session made."""
    mine = [site.session]
    other = login(site, "admin", NEW, "127.0.9.1").headers["set-cookie"]
    other = "Cookie: " + other.split(";")[0]
    token = site.ask("/lua/logout.lua", headers=[other, PAGE]).headers[
        "location"][-32:]
    for path, fields in (
            ("/lua/reset_stats.lua", {"resetstats_mode": "reset_all"}),
            ("/lua/change_password.lua", {
                "old_password": NEW, "new_password": "stolen stolen",
                "confirm_password": "stolen stolen"}),
            ("/lua/logout.lua", {})):
        query = urllib.parse.urlencode(fields)
        assert site.ask(f"{path}?{query}", headers=mine).status != 200 or (
            b"<form" in site.ask(f"{path}?{query}", headers=mine).body)
        for csrf in ({}, {"csrf": ""}, {"csrf": "0" * 32}, {"csrf": token}):
            answer = post(site, path, mine, **fields, **csrf)
            assert answer.status == 403, (path, csrf)
    assert site.ask("/metrics", headers=mine).status == 200
    assert site.ask("/metrics", headers=[basic("admin", NEW)]).status == 200


@pytest.mark.parametrize("header", [
    "Host: evil.example", "X-Forwarded-Host: evil.example",
    "X-Forwarded-Prefix: //evil.example", "X-Script-Name: //evil.example",
    "X-Forwarded-Proto: https", "Forwarded: host=evil.example",
    "X-Host: evil.example", "X-Rewrite-URL: //evil.example",
])
def test_no_header_changes_a_redirect(site, header):
    answer = site.ask("/lua/index.lua", headers=[header, PAGE])
    assert answer.status == 303
    assert answer.headers["location"] == (
        "/lua/login.lua?referer=/lua/index.lua")
    assert answer.headers["cache-control"] == "no-store"
    assert "evil" not in answer.text
    body = urllib.parse.urlencode({"user": "admin", "password": NEW}).encode()
    done = site.ask("/lua/login.lua", "POST", [header, PAGE, FORM], body,
                    own="127.0.10.1")
    assert done.headers["location"] == "/"


def test_a_user_makes_kelvin_ask_nobody(offline, tmp_path):
    """By no parameter: addresses that only they tell are not looked up."""
    site = web.Site(offline, tmp_path, "-1", ROOT / "html", "-n", "3",
                    needs_login=True)
    try:
        first_login(site)
        before = children(site)
        for name in EVERY:
            for value in ("http://127.0.0.1:1/", "127.0.0.1:1", "file:///etc",
                          "localhost"):
                query = urllib.parse.urlencode(
                    {key: value for key in ("host", "url", "ip", "query",
                                            "referer", "target", "peer1")})
                answer = site.ask(f"/lua/{name}.lua?{query}",
                                  headers=[basic("admin", NEW)])
                assert answer.status < 500, (name, answer.text)
                assert "root:" not in answer.text
        assert children(site) == before
    finally:
        site.close()


def children(site):
    """Descriptors that are sockets to somebody else."""
    said = subprocess.run(["ss", "-tunpH"], capture_output=True, text=True,
                          check=False).stdout
    return [line for line in said.splitlines()
            if f"pid={site.kelvin.pid}," in line
            and f":{site.port} " not in line]


def test_the_capture_reaches_the_program(site):
    """What the tests above rely on."""
    text = site.ask("/lua/get_flows_data.lua?ifid=1&perPage=100",
                    headers=[site.session]).text
    assert "onerror=alert(1)" in text
