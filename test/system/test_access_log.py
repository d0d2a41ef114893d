# test_access_log: who asked for what, a line each.
# SPDX-License-Identifier: MIT

import contextlib
import datetime
import os
import re
import signal

import pytest

import web
from conftest import ROOT
from running import wait_for
from test_login import NEW, basic, first_login, login
from test_redis import folder, redis  # noqa: F401 (fixtures)

LINE = re.compile(
    r'(?P<host>\S+) - (?P<user>\S+) \[(?P<when>[^\]]+)\] '
    r'"(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>-|[1-9]\d*)')


def lines(path):
    """Those that are whole; each must be of the format."""
    text = path.read_text(encoding="ascii") if path.exists() else ""
    found = [LINE.fullmatch(line) for line in text.split("\n")[:-1]]
    assert None not in found, text
    return found


def wait_lines(path, count):
    wait_for(lambda: len(lines(path)) >= count, f"{count} lines of {path}")
    return lines(path)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def site(offline, tmp_path, log):
    one = web.Site(offline, tmp_path, "--access-log", log,
                   "--trusted-proxies", "127.0.0.2")
    yield one
    one.close()


def test_each_answer_is_a_line(site, log):
    before = datetime.datetime.now(datetime.timezone.utc)
    answer = site.ask("/css/page.css?a=1&b")
    site.ask("/css/page.css", "HEAD", own="127.0.0.7")
    site.ask("/none", headers=["X-Forwarded-For: 2001:db8::7"],
             own="127.0.0.2")
    site.ask("/health", "DELETE")
    found = wait_lines(log, 4)[:4]
    assert [(f["host"], f["user"], f["request"], f["status"])
            for f in found] == [
        ("127.0.0.1", "-", "GET /css/page.css?a=1&b HTTP/1.1", "200"),
        ("127.0.0.7", "-", "HEAD /css/page.css HTTP/1.1", "200"),
        ("2001:db8::7", "-", "GET /none HTTP/1.1", "404"),
        ("127.0.0.1", "-", "DELETE /health HTTP/1.1", "405"),
    ]
    assert found[0]["bytes"] == str(len(answer.body))
    assert found[1]["bytes"] == "-"
    for one in found:
        when = datetime.datetime.strptime(one["when"], "%d/%b/%Y:%H:%M:%S %z")
        assert abs((when - before).total_seconds()) < 60
    assert (log.stat().st_mode & 0o777) == 0o640


def test_what_is_no_request_is_a_line(site, log):
    site.raw(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")
    site.raw(b"\x16\x03\x01 nonsense\r\n\r\n")
    assert [(f["request"], f["status"]) for f in wait_lines(log, 2)] == [
        ("-", "400"), ("-", "400")]


def test_who_leaves_is_a_line(site, log):
    with site.connect() as one:
        one.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert one.recv(65536).startswith(b"HTTP/1.1 200 ")
    found = wait_lines(log, 1)[0]
    assert (found["request"], found["status"], found["user"]) == (
        "GET /stream HTTP/1.1", "200", "nologin")


def test_secrets_stay_secret(offline, tmp_path, log):
    site = web.Site(offline, tmp_path, "--access-log", log, "-1",
                    ROOT / "html", needs_login=True)
    try:
        session = first_login(site)
        login(site, "admin", "wrong password")
        site.ask("/health", headers=[basic("admin", NEW), session])
        site.ask("/metrics", headers=[basic("admin", NEW)])
        for query in ("user=admin&password=s3cret", "p%61ssword=s3cret",
                      "PASSWORD=s3cret", "a=1&csrf=s3cret&b=2", "token=s3cret",
                      "x=/%3Fcsrf%3Ds3cret", "session=s3cret",
                      "new_password=s3cret#", "passwords3cret=1"):
            site.ask(f"/lua/login.lua?{query}")
        wait_lines(log, 15)
    finally:
        site.close()
    text = log.read_text()
    found = lines(log)
    assert "s3cret" not in text.replace("passwords3cret", "")
    assert session.removeprefix("Cookie: session=") not in text
    for word in (NEW, NEW.replace(" ", "+"), NEW.replace(" ", "%20"), "wrong",
                 "YWRtaW46"):
        assert word not in text
    assert not re.search(r"[0-9a-f]{32}", text), text
    assert '?a=1&csrf=*&b=2 HTTP' in text
    assert [f["user"] for f in found if "/metrics" in f["request"]] == [
        "-", "admin"] or "admin" in [f["user"] for f in found]


@pytest.mark.parametrize("target, logged", [
    ('/a"b', r"/a\x22b"), ("/a\\b", r"/a\x5cb"), ("/%1b[2J", "/%1b[2J"),
    ("/a?b=%0d%0aGET", "/a?b=%0d%0aGET"),
    ("/\u00fc", r"/\xfc"),
])
def test_lines_cannot_be_forged(site, log, target, logged):
    """Whatever of it is a request, and what is none."""
    site.raw(f"GET {target} HTTP/1.0\r\nHost: a\r\n\r\n".encode("latin-1"))
    (found,) = wait_lines(log, 1)
    assert found["request"] in (f"GET {logged} HTTP/1.0", "-")
    site.raw(b"GET /\x1b[31m\r HTTP/1.1\r\nHost: a\r\n\r\n")
    assert wait_lines(log, 2)[1]["request"] == "-"


def test_the_log_can_be_rotated(site, log):
    site.ask("/health")
    wait_lines(log, 1)
    old = log.with_suffix(".1")
    log.rename(old)
    site.ask("/health?2")
    site.kelvin.send(signal.SIGHUP)
    wait_for(lambda: len(lines(old)) == 2 or log.exists(), "a signal")
    site.ask("/health?3")
    wait_lines(log, 1)
    wait_for(lambda: len(lines(old)) + len(lines(log)) == 3, "three lines")
    assert "/health?3" in log.read_text()


def test_it_waits_for_its_file(site, log):
    """Here it is a FIFO that nobody reads, later one that somebody does."""
    log.unlink(missing_ok=True)
    os.mkfifo(log)
    for _ in range(3):
        site.ask("/health")
    site.kelvin.wait_said("cannot write")
    site.kelvin.send(signal.SIGHUP)
    fd = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    try:
        got = b""

        def whole():
            nonlocal got
            with contextlib.suppress(BlockingIOError):
                got += os.read(fd, 65536)
            site.kelvin.send(signal.SIGHUP)
            return got.count(b"\n") >= 3

        wait_for(whole, lambda: got)
    finally:
        os.close(fd)
    assert site.kelvin.said().count("cannot write") == 1


def test_what_does_not_fit_is_counted(site, log, is_asan):
    log.unlink(missing_ok=True)
    log.symlink_to("/nowhere/log")
    target = "/health?a=" + "a" * 8000
    before = site.resident()
    name = "kelvin_http_access_log_lost_lines_total"
    request = f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    with site.connect() as one:
        for _ in range(160):
            one.sendall(request)
            assert b" 200 " in one.recv(65536)
    site.kelvin.wait_said("cannot write")
    assert site.metric(name) > 0
    if not is_asan:
        assert site.resident() - before < 8192


def test_a_preference_turns_it_on(offline, redis, tmp_path):  # noqa: F811
    redis.start()
    site = web.Site(offline, tmp_path, "-r", f"unix:{redis.path}")
    log = site.data / "ntopng_access.log"
    try:
        site.ask("/health")
        redis.cli("set", "ntopng.prefs.enable_access_log", "1")

        def is_logged():
            site.ask("/health")
            return log.exists()

        wait_for(is_logged, "a log")
        redis.cli("set", "ntopng.prefs.enable_access_log", "0")

        def is_silent():
            count = len(lines(log))
            site.ask("/health")
            site.kelvin.send(signal.SIGHUP)  # writes what waits
            site.ask("/health")
            return len(lines(log)) == count

        wait_for(is_silent, "no more lines")
    finally:
        site.close()


def test_it_is_off_at_first(offline, tmp_path):
    site = web.Site(offline, tmp_path)
    site.ask("/health")
    site.close()
    assert not (site.data / "ntopng_access.log").exists()
