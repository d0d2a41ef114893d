# test_web: what the web server answers.
# SPDX-License-Identifier: MIT

import json
import os
import re
import shutil
import socket
import subprocess

import pytest

import web
from conftest import tool
from running import Running, wait_for


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory):
    one = web.Site(offline, tmp_path_factory.mktemp("site"))
    yield one
    one.close()


def assert_common(answer):
    for name, value in web.COMMON.items():
        assert answer.headers.get(name) == value, (name, answer.fields)
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    names = [name.lower() for name, _ in answer.fields]
    assert len(names) == len(set(names)), names


def test_health_is_for_everybody(site):
    answer = site.ask("/health", headers=["Host: example.com"])
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text) == {"status": "ok"}
    assert answer.headers["cache-control"] == "no-store"
    assert_common(answer)


ANSWERS = {
    "/health": 200,
    "/metrics": 200,
    "/css/page.css": 200,
    "/css/none.css": 404,
    "/nothing": 404,
    "/": 200,
    "/a//b": 400,
    "/%00": 400,
}


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_every_answer_has_the_headers(site, path, method):
    answer = site.ask(path, method)
    assert_common(answer)
    is_routed = ANSWERS[path] == 200 or path == "/css/none.css"
    if not is_routed or method in ("GET", "HEAD"):
        assert answer.status == ANSWERS[path]
    elif method == "OPTIONS":
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    else:
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_head_is_get_without_a_body(site):
    for path in ("/health", "/css/page.css", "/nothing"):
        got, head = site.ask(path), site.ask(path, "HEAD")
        assert (head.status, head.rest) == (got.status, b"")
        assert head.headers["content-length"] == str(len(got.body))


def test_connections_are_kept(site):
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with site.connect() as one:
        for _ in range(3):
            one.sendall(request)
            assert b'{"status"' in one.recv(65536)
        # Three at once come in order, and then it closes as asked.
        one.sendall(request * 2 + request.replace(b"\r\n\r\n",
                    b"\r\nConnection: close\r\n\r\n"))
        assert web.drain(one).count(b"HTTP/1.1 200 ") == 3


def test_http_1_0_ends_with_the_answer(site):
    answer = web.Answer(site.raw(b"GET /health HTTP/1.0\r\n\r\n"))
    assert (answer.status, answer.rest) == (200, b"")


# --- Files


TYPES = {
    "/css/page.css": "text/css; charset=utf-8",
    "/js/app.3f9a0c12.js": "text/javascript; charset=utf-8",
    "/img/dot.svg": "image/svg+xml",
    "/favicon.ico": "image/svg+xml",
    "/static/top.txt": "text/plain; charset=utf-8",
    "/static/css/page.css": "text/css; charset=utf-8",
    "/static/empty.txt": "text/plain; charset=utf-8",
}


@pytest.mark.parametrize("path", TYPES)
def test_files_are_served(site, path):
    answer = site.ask(path)
    assert answer.status == 200
    assert answer.headers["content-type"] == TYPES[path]
    name = path.removeprefix("/static/").lstrip("/")
    name = name.replace("favicon.ico", "img/icon.svg")
    assert answer.body == web.FILES[name]


def test_hashed_names_are_kept_for_long(site):
    hashed = site.ask("/js/app.3f9a0c12.js").headers["cache-control"]
    assert hashed == "public, max-age=31536000, immutable"
    other = site.ask("/css/page.css").headers["cache-control"]
    assert other == "public, max-age=60"


def test_a_known_tag_is_not_sent_again(site):
    tag = site.ask("/css/page.css").headers["etag"]
    for given in (tag, f'"x", W/{tag}', "*"):
        answer = site.ask("/css/page.css", headers=[f"If-None-Match: {given}"])
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == tag
    for given in ('"x"', tag.strip('"'), ""):
        answer = site.ask("/css/page.css", headers=[f"If-None-Match: {given}"])
        assert answer.status == 200


def test_a_changed_file_is_read_again(site):
    path = site.html / "css/changing.css"
    path.write_text("one")
    first = site.ask("/css/changing.css")
    path.write_text("two")
    second = site.ask("/css/changing.css",
                      headers=[f"If-None-Match: {first.headers['etag']}"])
    assert (first.text, second.status, second.text) == ("one", 200, "two")
    path.unlink()
    assert site.ask("/css/changing.css").status == 404


def test_files_are_compressed(site):
    def packed():
        return site.ask("/js/large.js", headers=["Accept-Encoding: gzip"])

    wait_for(lambda: "content-encoding" in packed().headers, "compressed")
    answer = packed()
    assert answer.body == web.FILES["js/large.js"]
    assert len(answer.packed) < len(answer.body) / 10
    assert answer.headers["vary"] == "Accept-Encoding"
    plain = site.ask("/js/large.js", headers=["Accept-Encoding: gzip;q=0"])
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != answer.headers["etag"]


RANGES = {
    "bytes=0-9": (206, b"0123456789", "bytes 0-9/100"),
    "bytes=95-": (206, b"56789", "bytes 95-99/100"),
    "bytes=-3": (206, b"789", "bytes 97-99/100"),
    "bytes=90-200": (206, b"0123456789", "bytes 90-99/100"),
    "bytes=100-": (416, b"", "bytes */100"),
    "bytes=-0": (416, b"", "bytes */100"),
    "bytes=5-2": (200, web.FILES["top.txt"], None),
    "bytes=0-1,4-5": (200, web.FILES["top.txt"], None),
    "junk": (200, web.FILES["top.txt"], None),
}


@pytest.mark.parametrize("given", RANGES)
def test_parts_of_files(site, given):
    status, body, part = RANGES[given]
    answer = site.ask("/static/top.txt", headers=[f"Range: {given}"])
    assert (answer.status, answer.body) == (status, body)
    assert answer.headers.get("content-range") == part


def test_parts_of_another_version_are_not_sent(site):
    ask = ["Range: bytes=0-9", 'If-Range: "other"']
    assert site.ask("/static/top.txt", headers=ask).status == 200
    tag = site.ask("/static/top.txt").headers["etag"]
    ask = ["Range: bytes=0-9", f"If-Range: {tag}"]
    assert site.ask("/static/top.txt", headers=ask).status == 206


def test_curl_resumes_and_checks(site, tmp_path):
    url = f"http://localhost:{site.port}/js/large.js"
    curl = [tool("curl"), "-sSf", "--compressed", "-o", tmp_path / "out"]
    subprocess.run([*curl, url], check=True)
    assert (tmp_path / "out").read_bytes() == web.FILES["js/large.js"]
    half = web.FILES["js/large.js"][:1000]
    (tmp_path / "part").write_bytes(half)
    subprocess.run([tool("curl"), "-sSf", "-C", "-", "-o", tmp_path / "part",
                    url], check=True)
    assert (tmp_path / "part").read_bytes() == web.FILES["js/large.js"]


# --- Metrics and events


def test_metrics_tell_what_was_read(site):
    wait_for(lambda: 'packets_total{interface="some.pcap"} 1\n'
             in site.ask("/metrics").text, "the packet")
    text = site.ask("/metrics").text
    assert 'kelvin_table_entries{interface="some.pcap",table="flows"} 1' in text
    buckets = [float(n) for n in re.findall(
        r'^kelvin_loop_lag_seconds_bucket\{le="[^"]+"\} (\S+)$', text, re.M)]
    assert len(buckets) > 10 and buckets == sorted(buckets)
    assert f"kelvin_loop_lag_seconds_count {buckets[-1]:.0f}" in text


def test_metrics_are_well_formed(site):
    text = site.ask("/metrics").text
    line = re.compile(r'([a-z_]+)(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)*\})? '
                      r"[-+.e\dInf]+")
    typed, seen = set(), set()
    for one in text.splitlines():
        if one.startswith("# TYPE "):
            assert one.split()[2] not in typed
            typed.add(one.split()[2])
        elif not one.startswith("# HELP "):
            found = line.fullmatch(one)
            assert found, one
            name = re.sub("_(bucket|sum|count)$", "", found[1])
            assert name in typed or found[1] in typed, one
            key = one.rsplit(" ", 1)[0]
            assert key not in seen, one
            seen.add(key)
    assert len(seen) < 500


def test_promtool_accepts_the_metrics(site):
    promtool = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if not promtool:
        pytest.skip("skipped: promtool is not installed")
    done = subprocess.run([promtool, "check", "metrics"],
                          input=site.ask("/metrics").body,
                          capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_a_dynamic_answer_is_compressed(site):
    answer = site.ask("/metrics", headers=["Accept-Encoding: gzip"])
    assert answer.headers["content-encoding"] == "gzip"
    assert "kelvin_build_info" in answer.text


def events(one, count):
    """So many events of a stream."""
    data = b""
    while data.count(b"\n\n") < count + 1:
        chunk = one.recv(65536)
        assert chunk, data
        data += chunk
    return data.decode()


def test_the_stream_tells_each_second(site):
    with site.connect() as one:
        one.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        text = events(one, 3)
    assert "Content-Type: text/event-stream" in text
    assert "Content-Encoding" not in text
    found = re.findall(r"event: throughput\ndata: (\{.*\})\n\n", text)
    first = json.loads(found[0])["interfaces"][0]
    assert (first["ifid"], first["name"]) == (0, "some.pcap")
    assert {"time", "bytes", "packets", "drops"} < first.keys()
    wait_for(lambda: site.metric("kelvin_http_streams") == 0, "the end of it")


# --- Who may


@pytest.mark.parametrize("path", ["/metrics", "/stream"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_only_this_machine_by_its_name_sees_more(site, path, method):
    for headers in (
        ["Host: example.com"],
        ["Host: localhost.example.com"],
        ["Host: 127.0.0.1.example.com"],
        ["X-Forwarded-For: 192.0.2.1"],
        ["X-Forwarded-For: 127.0.0.1"],
        ["Forwarded: for=127.0.0.1"],
    ):
        answer = site.ask(path, method, headers=headers)
        assert answer.status == 401, headers
        assert_common(answer)


def test_login_can_be_turned_off(offline, tmp_path):
    site = web.Site(offline, tmp_path, "-l", "1")
    try:
        ask = ["Host: example.com", "X-Forwarded-For: 192.0.2.1"]
        assert site.ask("/metrics", headers=ask).status == 200
    finally:
        site.close()


def test_prefix_and_proxies(offline, tmp_path):
    site = web.Site(offline, tmp_path, "-Z", "/kelvin/",
                    "--trusted-proxies", "127.0.0.2")
    try:
        assert site.ask("/kelvin/health").status == 200
        assert site.ask("/health").status == 200
        assert site.ask("/kelvinx/health").status == 404
        assert site.ask("/kelvin/../health").status == 400
        for client, status in (("127.0.0.1", 200), ("192.0.2.1", 401)):
            answer = site.ask("/metrics", own="127.0.0.2",
                              headers=[f"X-Forwarded-For: {client}"])
            assert answer.status == status
    finally:
        site.close()


# --- Where it listens


def start(offline, folder, *words):
    more = ["-i", "lo", "-s", "-d", folder / "data"]
    return Running(offline(*words, *more), folder)


def test_it_listens_where_it_is_told(offline, tmp_path):
    first, second, third = web.free_ports(3)
    kelvin = start(offline, tmp_path, "-w", f"127.0.0.1:{first},:{second}",
                   "-w", f"[::1]:{third}")
    try:
        kelvin.wait_said("listening", 4)
        for host, port, is_there in (
            ("127.0.0.1", first, True), ("127.0.0.2", first, False),
            ("::1", first, False), ("127.0.0.1", second, True),
            ("::1", second, True), ("127.0.0.1", third, False),
            ("::1", third, True),
        ):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family) as one:
                assert (one.connect_ex((host, port)) == 0) == is_there
    finally:
        kelvin.kill()


def test_0_is_nowhere(offline, tmp_path):
    kelvin = start(offline, tmp_path, "-w", "0", "-v", "3")
    try:
        kelvin.wait_said("watching")
        assert "listening" not in kelvin.said()
    finally:
        kelvin.kill()


def test_a_port_that_is_taken_is_named(offline, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        kelvin = start(offline, tmp_path, "-w", f"127.0.0.1:{port}")
        assert kelvin.process.wait(30) == 1
    said = kelvin.said().strip().splitlines()
    assert len(said) == 1 and f"port {port} is taken" in said[0]
    assert "ss -ltnp" in said[0]


@pytest.mark.parametrize("port", ["x", "65536", "-1", "1.2.3:80", ":", ""])
def test_a_bad_port_is_named(offline, tmp_path, port):
    kelvin = start(offline, tmp_path, "-w", port)
    assert kelvin.process.wait(30) == 2
    assert len(kelvin.said().strip().splitlines()) == 1


def test_it_starts_again_on_the_same_port(offline, tmp_path):
    port = web.free_ports(1)[0]
    for _ in range(3):
        kelvin = start(offline, tmp_path, "-w", f":{port}")
        kelvin.wait_said("listening")
        with socket.create_connection(("127.0.0.1", port)) as one:
            one.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"200 OK" in one.recv(1000)
            assert kelvin.end() == 0
