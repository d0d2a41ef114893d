# test_web_hostile: what clients may try against the web server.
# SPDX-License-Identifier: MIT

import contextlib
import os
import random
import resource
import socket
import time

import pytest

import web
from running import PATIENCE, wait_for

HOST = "Host: localhost\r\n"
GET = f"GET /health HTTP/1.1\r\n{HOST}\r\n".encode()
SMUGGLED = f"GET /metrics HTTP/1.1\r\n{HOST}\r\n"

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    one = web.Site(offline, folder)
    secret = folder / "secret"
    secret.write_text("SECRET")
    (one.html / "css/link.css").symlink_to(secret)
    (one.html / "css/away").symlink_to(folder)
    (one.html / "css/inside.css").symlink_to("page.css")
    (one.html / "css/absolute.css").symlink_to(one.html / "css/page.css")
    os.mkfifo(one.html / "css/pipe.css")
    yield one
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    one.close()


@pytest.fixture(autouse=True)
def alive(site):
    """After each attack others are answered, and nothing was let out."""
    yield
    assert site.kelvin.process.poll() is None, site.kelvin.said()
    assert site.ask("/health").status == 200


# --- Paths

TRAVERSALS = [
    "/css/../../secret", "/css/%2e%2e/%2e%2e/secret", "/css/..%2f..%2fsecret",
    "/css/%2e%2e%2f%2e%2e%2fsecret", "/css/..%5c..%5csecret",
    "/css/..\\..\\secret", "/css/%252e%252e/%252e%252e/secret",
    "/css/..%252f..%252fsecret", "/css/....//....//secret",
    "/css/.../.../secret", "/css/..;/..;/secret", "/css/%c0%ae%c0%ae/secret",
    "/css/%e0%80%ae%e0%80%ae/secret", "/css/%uff0e%uff0e/secret",
    "/css/..%00/secret", "/css/page.css%00.txt", "/css//../../secret",
    "/css//secret", "/css/%2fetc/passwd", "//etc/passwd", "/css//etc/passwd",
    "/css/link.css", "/css/away/secret", "/css/away/html/top.txt",
    "/css/absolute.css", "/static/../secret", "/static/%2e%2e/secret",
    "/static/..", "/static/.", "/static/css/.hidden", "/css/.hidden",
    "/css/%2ehidden", "/css", "/css/", "/static/", "/static/css",
    "/static/css/", "/css/pipe.css", "/css/page.css/", "/css/page.css/x",
    "/css/page.css.", "/css/page.css%20", "/css/page.css;x", "/CSS/page.css",
    "/css/PAGE.CSS", "/js/../css/page.css", "/./css/page.css",
    "/x/css/page.css", "/" + "a/" * 500, "/css/" + "a" * 1000,
    "/css/" + "%61" * 400, "file:///etc/passwd", "/css/page.css%",
    "/css/page.css?/../../secret#x",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_there_is_no_way_out_of_the_directory(site, path):
    answer = site.ask(path)
    assert answer.status in (400, 404), answer.status
    assert b"SECRET" not in answer.body and b"root:" not in answer.body
    assert b"color" not in answer.body and b"hidden" != answer.body


def test_links_inside_are_followed(site):
    assert site.ask("/css/inside.css").body == web.FILES["css/page.css"]


# --- Other spellings of a path that is not for everybody

SPELLINGS = [
    "/METRICS", "/Metrics", "/metrics/", "//metrics", "/./metrics",
    "/metrics.", "/metrics..", "/metrics;a", "/metrics;.css", "/metrics/.css",
    "/metrics/x.css", "/metrics.css", "/metrics%00", "/metrics%00.css",
    "/metrics%20", "/metrics%09", "/metrics%0a", "/metrics%2f",
    "/%2fmetrics", "/%6detrics", "/%6Detrics", "/metrics%3f", "/metrics?.css",
    "/metrics?x=/css/a.css", "/css/../metrics", "/css/%2e%2e/metrics",
    "/css/..;/metrics", "/static/../metrics", "/%252e/metrics",
    "/metrics#.css", "/metrics\\", "\\metrics", "/health/../metrics",
    "/health;/../metrics", "http://localhost/metrics", "/metrics%c0%80",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "PUT",
                                    "DELETE", "PATCH", "TRACE", "CONNECT",
                                    "PROPFIND", "get"])
def test_no_spelling_gets_past_the_check(site, method):
    """From somebody who may not see it."""
    for path in SPELLINGS:
        answer = site.ask(path, method, headers=["Host: example.com"])
        assert answer.status in (400, 401, 403, 404, 405, 501), (
            path, answer.body)
        assert b"kelvin_" not in answer.body


METHOD_TRICKS = [
    "X-HTTP-Method-Override: GET", "X-Original-URL: /health",
    "X-Rewrite-URL: /health", "X-Forwarded-Host: localhost",
    "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https",
    "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1;host=localhost",
    "Client-IP: 127.0.0.1", "True-Client-IP: 127.0.0.1",
    "Authorization: Basic YWRtaW46YWRtaW4=", "Authorization: Basic Og==",
    "Cookie: user=admin; session=", "Cookie: user=nologin",
    "Referer: http://localhost/", "Upgrade: h2c",
]


@pytest.mark.parametrize("header", METHOD_TRICKS)
def test_no_header_gets_past_the_check(site, header):
    answer = site.ask("/metrics", headers=["Host: example.com", header])
    assert answer.status in (401, 403)


# --- Requests that two programs would read in two ways

POST = f"POST /health HTTP/1.1\r\n{HOST}"
SHAPES = {
    "both lengths": (POST + "Content-Length: 4\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
                     400),
    "both, reversed": (POST + "Transfer-Encoding: chunked\r\n"
                       "Content-Length: 4\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    "two lengths": (POST + "Content-Length: 0\r\nContent-Length: "
                    f"{len(SMUGGLED)}\r\n\r\n" + SMUGGLED, 400),
    "two equal lengths": (POST + "Content-Length: 0\r\nContent-Length: 0\r\n"
                          "\r\n" + SMUGGLED, 400),
    "a list of lengths": (POST + "Content-Length: 0, 0\r\n\r\n" + SMUGGLED,
                          400),
    "a signed length": (POST + "Content-Length: +0\r\n\r\n" + SMUGGLED, 400),
    "a length in hex": (POST + "Content-Length: 0x0\r\n\r\n" + SMUGGLED, 400),
    "a negative length": (POST + "Content-Length: -1\r\n\r\n" + SMUGGLED, 400),
    "a blank before the colon": (POST + "Content-Length : 9\r\n\r\n" +
                                 SMUGGLED, 400),
    "a blank before the name": (POST + " Content-Length: 9\r\n\r\n" +
                                SMUGGLED, 400),
    "a folded length": (POST + "Content-Length:\r\n 9\r\n\r\n" + SMUGGLED,
                        400),
    "a chunked body": (POST + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
                       SMUGGLED, 411),
    "not quite chunked": (POST + "Transfer-Encoding: xchunked\r\n\r\n" +
                          SMUGGLED, 400),
    "chunked twice": (POST + "Transfer-Encoding: chunked\r\n"
                      "Transfer-Encoding: identity\r\n\r\n" + SMUGGLED, 400),
    "chunked with a tab": (POST + "Transfer-Encoding:\tchunked\t\r\n\r\n" +
                           SMUGGLED, 411),
    "chunked after a control": (POST + "Transfer-Encoding: \x0bchunked\r\n"
                                "\r\n" + SMUGGLED, 400),
    "a body of GET": (f"GET /health HTTP/1.1\r\n{HOST}Content-Length: "
                      f"{len(SMUGGLED)}\r\n\r\n" + SMUGGLED, 400),
    "bare line feeds": ("GET /health HTTP/1.1\nHost: localhost\n\n" +
                        SMUGGLED, 400),
    "a bare line feed": (POST + "X: y\nTransfer-Encoding: chunked\r\n\r\n" +
                         SMUGGLED, 400),
    "a bare return": (POST + "X: y\rContent-Length: 9\r\n\r\n" + SMUGGLED,
                      400),
    "NUL in a header": (POST + "X: a\0b\r\n\r\n" + SMUGGLED, 400),
    "no Host": ("GET /health HTTP/1.1\r\n\r\n" + SMUGGLED, 400),
    "two Hosts": (f"GET /health HTTP/1.1\r\n{HOST}Host: example.com\r\n\r\n" +
                  SMUGGLED, 400),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/1.2": (f"GET /health HTTP/1.2\r\n{HOST}\r\n" + SMUGGLED, 505),
    "blanks in the line": (f"GET  /health  HTTP/1.1\r\n{HOST}\r\n" + SMUGGLED,
                           400),
    "HTTP/0.9": ("GET /health\r\n\r\n" + SMUGGLED, 400),
    "a colon in front": (f"GET /health HTTP/1.1\r\n:x\r\n{HOST}\r\n" +
                         SMUGGLED, 400),
    "no colon": (f"GET /health HTTP/1.1\r\n{HOST}x\r\n\r\n" + SMUGGLED, 400),
    "an unknown expectation": (POST + "Expect: 200-ok\r\nContent-Length: 9"
                               "\r\n\r\n" + SMUGGLED, 417),
    "garbage": ("\x80\x00\x01\r\n\r\n", 400),
    "an empty line first": ("\r\n" + SMUGGLED, 400),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_ambiguous_is_refused(site, shape):
    data, status = SHAPES[shape]
    raw = site.raw(data.encode("latin-1"))
    answer = web.Answer(raw)
    assert answer.status == status
    assert answer.headers["connection"] == "close"
    assert answer.rest == b"", "something was smuggled"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["a b", "a/b", "a@b", "a,b", "<script>", "a:x",
                                  "a:99999", "[::1", "", "a" * 300, "a\"b",
                                  "a%0d%0a", "a:1:1"])
def test_a_strange_host_is_refused(site, host):
    assert site.ask("/health", headers=[f"Host: {host}"]).status == 400


def test_pieces_of_any_size_are_one_request(site):
    for size in (1, 2, 3, 7, 50):
        with site.connect() as one:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for start in range(0, len(GET), size):
                one.sendall(GET[start : start + size])
            assert b"200 OK" in one.recv(65536)


# --- Reflections and splitting

REFLECTED = ["/<script>alert(1)</script>", "/%3Cscript%3Ealert(1)%3C%2fscript",
             "/%3Cimg%20src=x%20onerror=alert(1)%3E", "/%22onload=%22x",
             "/'%3E%3Csvg%20onload=a%3E"]


@pytest.mark.parametrize("path", REFLECTED)
def test_error_pages_escape(site, path):
    for accept in ("text/html", "*/*"):
        answer = site.ask(path, headers=[f"Accept: {accept}"])
        assert answer.status in (400, 404)
        kind = answer.headers["content-type"]
        if kind.startswith("text/html"):
            body = answer.text.split("<body>")[1]
            assert "<script" not in body and "<img" not in body
            assert "<svg" not in body and '"onload' not in body
        else:
            assert kind.startswith("text/plain")


@pytest.mark.parametrize("path", ["/x%0d%0aSet-Cookie:a=b", "/x%0aX:y",
                                  "/css/%0d%0a%0d%0a<html>", "/%E5%98%8A"])
def test_headers_cannot_be_split(site, path):
    answer = site.ask(path)
    assert answer.status in (400, 404)
    assert "set-cookie" not in answer.headers and "x" not in answer.headers


# --- Large and odd


def test_a_large_head_is_refused(site):
    for head, status in (
        ("GET /" + "a" * 1000000, 414),
        ("GET /health?" + "a" * 9000 + " HTTP/1.1\r\n\r\n", 414),
        (f"GET /health HTTP/1.1\r\n{HOST}X: " + "a" * 1000000, 431),
        (f"GET /health HTTP/1.1\r\n{HOST}" + "a: b\r\n" * 100000, 431),
        (f"GET /health HTTP/1.1\r\n{HOST}" + "a: b\r\n" * 101 + "\r\n", 431),
        ("A" * 1000000, 414),
    ):
        assert web.Answer(site.raw(head.encode())).status == status


@pytest.mark.parametrize("length", [1048577, 1 << 30, 1 << 31, 1 << 32,
                                    1 << 63, 1 << 64, 10 ** 50])
def test_a_large_body_is_refused_before_it_comes(site, length):
    raw = site.raw(f"{POST}Content-Length: {length}\r\n\r\n".encode())
    assert web.Answer(raw).status == 413


def test_a_body_that_fits_is_taken(site):
    body = b"a" * 1048576
    assert site.ask("/health", "POST", body=body).status == 405
    answer = site.ask("/health", "POST", body=body,
                      headers=["Expect: 100-continue"])
    assert answer.status in (100, 405)


@pytest.mark.parametrize("query", [
    "&".join(f"a{n}=1" for n in range(2000)), "a=%", "a=%zz", "a=%00", "=x",
    "a=%ff", "n" * 200 + "=1",
])
def test_odd_parameters_are_refused(site, query):
    assert site.ask(f"/health?{query[:8000]}").status == 400


@pytest.mark.parametrize("query", ["", "&&&", "a", "a=", "a=1&a=2", "a=b=c",
                                   "a=%F0%9F%98%80", "a=-1", "a=1e999",
                                   "a=99999999999999999999999", "a[]=1"])
def test_harmless_parameters_are_let_in(site, query):
    assert site.ask(f"/health?{query}").status == 200


def test_a_form_with_100000_parameters_is_refused(site):
    body = b"&".join(b"a%d=1" % n for n in range(100000))
    answer = site.ask("/health", "POST", body=body, headers=[
        "Content-Type: application/x-www-form-urlencoded"])
    assert answer.status == 400


def test_random_bytes_do_no_harm(site):
    random.seed(7)
    for _ in range(200):
        data = bytearray(GET * 3)
        for _ in range(random.randrange(1, 20)):
            data[random.randrange(len(data))] = random.randrange(256)
        with site.connect() as one:
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
            web.drain(one)


# --- Slow and many


@contextlib.contextmanager
def many(site, count, each, first):
    """So many connections from addresses beginning with 127.0.`first`.1,
    `each` of one address."""
    ones = []
    try:
        for number in range(count):
            one = site.connect(own=f"127.0.{first}.{number // each + 1}")
            one.setblocking(False)
            ones.append(one)
        yield ones
    finally:
        for one in ones:
            one.close()


def try_send(one, data):
    with contextlib.suppress(OSError):
        one.send(data)


def test_slowloris_leaves_others_served(site):
    """1,500 connections that never finish a head, from 30 addresses."""
    slowest = 0.0
    with many(site, 1500, 50, 10) as ones:
        for turn in range(10):
            for one in ones:
                try_send(one, b"GET / HTTP/1.1\r\n" if turn == 0 else b"X")
            begin = time.monotonic()
            assert site.ask("/health").status == 200
            assert site.ask("/css/page.css").status == 200
            slowest = max(slowest, time.monotonic() - begin)
        assert site.metric("kelvin_http_evicted_connections_total") > 0
        # All of them are gone when their time is over, whatever drips in.
        end = time.monotonic() + PATIENCE
        while site.metric("kelvin_http_connections") > 1:
            assert time.monotonic() < end
            for one in ones[::7]:
                try_send(one, b"Y")
            time.sleep(0.5)
    assert site.metric("kelvin_http_slow_requests_total") > 500
    print(f"slowest answer {slowest * 1000:.0f} ms")


def test_one_address_has_its_share(site):
    with many(site, 80, 80, 50) as ones:
        wait_for(lambda: site.metric(
            "kelvin_http_address_refused_connections_total") >= 16, "refusals")
        refused = 0
        for one in ones:
            one.setblocking(True)
            one.settimeout(0.05)
            with contextlib.suppress(OSError):
                refused += b" 429 " in one.recv(65536)
        assert refused == 16


def test_slow_bodies_end(site):
    with many(site, 100, 50, 60) as ones:
        for one in ones:
            try_send(one, f"{POST}Content-Length: 9999\r\n\r\n".encode())
        before = site.metric("kelvin_http_slow_requests_total")

        def are_gone():
            for one in ones:
                try_send(one, b"z")
            time.sleep(0.2)
            return site.metric("kelvin_http_slow_requests_total") >= (
                before + 100)

        wait_for(are_gone, "408 for all")


def test_who_does_not_read_costs_little(site, is_asan):
    """Each asks for 400 KB or 100 MB, and reads nothing."""
    site.ask("/js/large.js")
    before = site.resident()
    pipeline = f"GET /metrics HTTP/1.1\r\n{HOST}\r\n".encode() * 2000
    large = f"GET /js/large.js HTTP/1.1\r\n{HOST}\r\n".encode() * 50
    with many(site, 200, 50, 70) as ones:
        for number, one in enumerate(ones):
            try_send(one, pipeline if number % 2 else large)
        assert site.ask("/health").status == 200
        time.sleep(1)
        grown = site.resident() - before
        assert site.ask("/health").status == 200
    print(f"grown by {grown} KiB")
    if not is_asan:
        assert grown < 200 * 128


def test_500_streams_cost_little(site, is_asan):
    before = site.resident()
    with many(site, 500, 50, 90) as ones:
        for one in ones:
            one.setblocking(True)
            one.sendall(f"GET /stream HTTP/1.1\r\n{HOST}\r\n".encode())
        wait_for(lambda: site.metric("kelvin_http_streams") == 500, "500")
        begin = site.metric("process_cpu_seconds_total")
        for one in ones:
            data = b""
            while data.count(b"event: throughput") < 3:
                data += one.recv(65536)
        spent = site.metric("process_cpu_seconds_total") - begin
        grown = site.resident() - before
        assert site.ask("/health").status == 200
    print(f"grown by {grown} KiB, {spent:.2f} s of CPU")
    wait_for(lambda: site.metric("kelvin_http_streams") == 0, "their end")
    if not is_asan:
        assert grown < 500 * 64


def test_too_many_streams_are_refused(site):
    with many(site, 620, 50, 110) as ones:
        for one in ones:
            try_send(one, f"GET /stream HTTP/1.1\r\n{HOST}\r\n".encode())
        wait_for(lambda: site.metric("kelvin_http_streams") == 600, "600")


def test_connections_that_come_and_go_leave_nothing(site, is_asan):
    def storm():
        for number in range(2000):
            with site.connect(own=f"127.0.130.{number % 50 + 1}") as one:
                if number % 3:
                    one.sendall(GET[: number % len(GET)])

    storm()
    wait_for(lambda: site.metric("kelvin_http_connections") == 1, "the end")
    before = site.resident()
    storm()
    wait_for(lambda: site.metric("kelvin_http_connections") == 1, "the end")
    if not is_asan:
        assert site.resident() - before < 2048
