# test_login: users, sessions, and who does not get in.
# SPDX-License-Identifier: MIT
"""Over HTTP, with a redis-server of its own where one is needed. Addresses of
the loopback stand for clients of other machines, since a wrong password makes
its address wait."""

import base64
import concurrent.futures
import hashlib
import json
import os
import pty
import re
import subprocess
import time
import urllib.parse

import pytest

import web
from conftest import ROOT, quiet_environment
from running import PATIENCE, wait_for
from test_redis import folder, redis  # noqa: F401 (fixtures)

PAGE = "Accept: text/html"
FORM = "Content-Type: application/x-www-form-urlencoded"
NEW = "correct horse battery"


def start(offline, where, *more, tls=False):
    """A kelvin that asks for a login, with its own html."""
    return web.Site(offline, where, "-1", ROOT / "html", *more, tls=tls,
                    needs_login=True)


def post(site, path, headers=(), own="127.0.0.1", **fields):
    body = urllib.parse.urlencode(fields).encode()
    return site.ask(path, "POST", [FORM, *headers], body, own=own)


def login(site, user, password, own="127.0.0.1", headers=(PAGE,), **more):
    return post(site, "/lua/login.lua" + more.get("query", ""), headers, own,
                user=user, password=password)


def cookie(answer):
    found = re.match(r"session=([0-9a-f]{32}); ",
                     answer.headers.get("set-cookie", ""))
    assert found, (answer.status, answer.fields)
    return f"Cookie: session={found[1]}"


def first_login(site, password=NEW):
    """Admin's way in; @return the cookie."""
    answer = login(site, "admin", "admin")
    assert answer.status == 303
    assert answer.headers["location"].endswith("/lua/change_password.lua")
    mine = cookie(answer)
    form = site.ask("/lua/change_password.lua", headers=[PAGE, mine])
    assert form.status == 303
    target = form.headers["location"]
    assert site.ask(target, headers=[PAGE, mine]).status == 200
    done = post(site, target, [PAGE, mine], old_password="admin",
                new_password=password, confirm_password=password)
    assert done.status == 303 and done.headers["location"] == "/"
    assert site.ask("/metrics", headers=[mine]).status == 401
    return cookie(done)


def basic(user, password):
    both = base64.b64encode(f"{user}:{password}".encode()).decode()
    return f"Authorization: Basic {both}"


@pytest.fixture
def site(offline, tmp_path):
    one = start(offline, tmp_path)
    yield one
    one.close()


@pytest.fixture
def stored(offline, redis, tmp_path):  # noqa: F811
    redis.start()
    one = start(offline, tmp_path, "-r", f"unix:{redis.path}")
    yield one
    one.close()


def test_first_start(site):
    answer = login(site, "admin", "admin")
    assert answer.status == 303
    mine = cookie(answer)
    # Nothing but a new password.
    for path in ("/metrics", "/stream"):
        assert site.ask(path, headers=[mine]).status == 403
        there = site.ask(path, headers=[mine, PAGE]).headers["location"]
        assert there == "/lua/change_password.lua"
    assert site.ask("/metrics",
                    headers=[basic("admin", "admin")]).status == 401
    session = first_login(site)
    assert site.ask("/metrics", headers=[session]).status == 200
    assert login(site, "admin", "admin").headers["location"].endswith("#wrong")
    assert login(site, "admin", NEW).headers["location"] == "/"


def test_first_password_is_not_good_from_elsewhere(offline, tmp_path):
    site = start(offline, tmp_path, "--trusted-proxies", "127.0.0.2")
    try:
        for client, ending in (("8.8.8.8", "#wrong"), ("10.1.2.3", ".lua")):
            answer = login(site, "admin", "admin", "127.0.0.2",
                           [PAGE, f"X-Forwarded-For: {client}"])
            assert answer.headers["location"].endswith(ending), client
        # A proxy that nobody named does not make its clients local.
        answer = login(site, "admin", "admin", "127.0.0.3",
                       [PAGE, "X-Forwarded-For: 10.0.0.1"])
        assert answer.headers["location"].endswith("#wrong")
    finally:
        site.close()


def test_login_sends_back_to_where_it_began(site):
    first_login(site)
    answer = site.ask("/metrics?a=b&c=d", headers=[PAGE])
    assert answer.status == 303
    target = answer.headers["location"]
    assert target == "/lua/login.lua?referer=/metrics%3Fa%3Db%26c%3Dd"
    assert b"<form method=\"post\"" in site.ask(target).body
    done = post(site, target, [PAGE], user="admin", password=NEW)
    assert done.headers["location"] == "/metrics?a=b&c=d"


@pytest.mark.parametrize("referer", [
    "//example.com/", "/\\example.com", "https://example.com/", "\\\\x", "x",
    "/a\r\nSet-Cookie: x=y", "/\t/example.com", "javascript:alert(1)",
])
def test_no_open_redirect(site, referer):
    first_login(site)
    query = "?referer=" + urllib.parse.quote(referer, safe="")
    answer = login(site, "admin", NEW, query=query)
    assert answer.headers["location"] == "/"
    assert answer.headers["set-cookie"].startswith("session=")


def test_programs_are_asked_for_basic(site):
    answer = site.ask("/metrics")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    for header in ("X-Requested-With: XMLHttpRequest", "Sec-Fetch-Mode: cors"):
        answer = site.ask("/metrics", headers=[header])
        assert answer.status == 401
        assert "www-authenticate" not in answer.headers
    first_login(site)
    for _ in range(3):
        good = site.ask("/metrics", headers=[basic("admin", NEW)])
        assert good.status == 200 and "set-cookie" not in good.headers
    assert site.ask("/metrics", headers=[basic("admin", "no")]).status == 401


def test_basic_is_remembered_for_a_while(site):
    first_login(site)
    mine = basic("admin", NEW)
    assert site.ask("/metrics", headers=[mine]).status == 200
    begin = time.process_time()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(site.ask, "/metrics", headers=[mine])
                 for _ in range(100)]
        assert {one.result().status for one in asked} == {200}
    assert begin <= time.process_time()
    children = subprocess.run(
        ["ps", "-o", "cputimes=,comm=", "--ppid", str(site.kelvin.pid)],
        capture_output=True, text=True, check=False).stdout
    # A hundred hashes would take seconds.
    assert re.search(r"^\s*[0-2] kelvin-password", children, re.M), children


def test_cookie_flags(offline, tmp_path):
    site = start(offline, tmp_path, "-Z", "/k", tls=True)
    try:
        plain = login(site, "admin", "admin").headers["set-cookie"]
        assert "; HttpOnly; SameSite=Lax" in plain and "; Path=/k/" in plain
        assert "Secure" not in plain
        body = b"user=admin&password=admin"
        answer = site.ask("/lua/login.lua", "POST", [FORM, PAGE], body,
                          tls=web.no_verify())
        assert answer.headers["set-cookie"].endswith("; Secure")
        assert answer.headers["location"] == "/k/lua/change_password.lua"
    finally:
        site.close()


def test_logout(site):
    mine = first_login(site)
    # GET changes nothing, a POST without the token neither.
    assert site.ask("/lua/logout.lua", headers=[mine, PAGE]).status == 303
    assert post(site, "/lua/logout.lua", [mine]).status == 403
    assert post(site, "/lua/logout.lua", [mine], csrf="0" * 32).status == 403
    assert site.ask("/metrics", headers=[mine]).status == 200
    target = site.ask("/lua/logout.lua",
                      headers=[mine, PAGE]).headers["location"]
    token = re.search("csrf=([0-9a-f]{32})", target)[1]
    done = post(site, "/lua/logout.lua", [mine, f"X-CSRF-Token: {token}"])
    assert done.headers["location"].endswith("#bye")
    assert "Max-Age=0" in done.headers["set-cookie"]
    assert site.ask("/metrics", headers=[mine]).status == 401


@pytest.mark.parametrize("header", [
    "Origin: http://example.com", "Origin: null", "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Site: same-site",
])
def test_other_sites_cannot_post(site, header):
    mine = first_login(site)
    assert login(site, "admin", NEW, headers=[header]).status == 403
    target = site.ask("/lua/logout.lua",
                      headers=[mine, PAGE]).headers["location"]
    assert post(site, target, [mine, header]).status == 403
    assert post(site, target, [basic("admin", NEW), header]).status == 403
    good = login(site, "admin", NEW, headers=["Origin: http://localhost"])
    assert good.status == 303


def test_session_is_new_at_each_login(site):
    first_login(site)
    fixed = "Cookie: session=" + "a" * 32
    mine = cookie(login(site, "admin", NEW, headers=[PAGE, fixed]))
    assert mine != fixed
    assert site.ask("/metrics", headers=[fixed]).status == 401
    again = cookie(login(site, "admin", NEW, headers=[PAGE, mine]))
    assert again != mine
    assert site.ask("/metrics", headers=[mine]).status == 401
    # Not from the URL or a body.
    number = again.partition("=")[2]
    assert site.ask(f"/metrics?session={number}").status == 401


def test_unknown_users_get_the_same_answer(site):
    first_login(site)
    times = {}
    answers = {}
    for i, user in enumerate(("admin", "nobody", "a b", "x" * 64)):
        begin = time.monotonic()
        answer = login(site, user, "wrong password", f"127.0.1.{i + 1}")
        times[user] = time.monotonic() - begin
        fields = [f for f in answer.fields if f[0] != "Date"]
        answers[user] = (answer.status, fields, answer.body)
    assert len(set(map(repr, answers.values()))) == 1, answers
    assert min(times.values()) > max(times.values()) / 20, times


def test_guessing_gets_slow_but_not_for_the_owner(site):
    first_login(site)
    endings = [login(site, "admin", f"wrong {i}", "127.0.2.1")
               .headers["location"].rpartition("#")[2] for i in range(8)]
    assert endings[:5] == ["wrong"] * 5 and endings[-1] == "wait"
    answer = login(site, "admin", NEW, "127.0.2.1", headers=())
    assert answer.status == 429 and int(answer.headers["retry-after"]) > 0
    assert login(site, "admin", NEW, "127.0.2.2").headers["location"] == "/"


def test_many_logins_at_once_do_not_stall_the_loop(site):
    first_login(site)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(login, site, "admin", NEW, f"127.0.3.{i + 1}")
                 for i in range(50)]
        worst = 0
        while not all(one.done() for one in asked):
            begin = time.monotonic()
            assert site.ask("/health").status == 200
            worst = max(worst, time.monotonic() - begin)
        assert {one.result().headers["location"] for one in asked} == {"/"}
    assert worst < 1, worst


def test_helper_that_dies_is_started_again(site):
    mine = first_login(site)
    found = subprocess.run(
        ["pgrep", "-P", str(site.kelvin.pid), "kelvin-password"],
        capture_output=True, text=True, check=True).stdout
    os.kill(int(found), 9)
    wait_for(lambda: login(site, "admin", NEW).headers["location"] == "/",
             "a login")
    assert site.ask("/metrics", headers=[mine]).status == 200


def test_md5_of_ntopng_works_once(redis, offline, tmp_path):  # noqa: F811
    redis.start()
    for name, group in (("ann", "administrator"), ("bob", "unprivileged"),
                        ("cat", "captive_portal")):
        redis.cli("set", f"ntopng.user.{name}.password",
                  hashlib.md5(b"long ago").hexdigest())
        redis.cli("set", f"ntopng.user.{name}.group", group)
    site = start(offline, tmp_path, "-r", f"unix:{redis.path}")
    try:
        for name in ("ann", "bob"):
            answer = login(site, name, "long ago")
            assert answer.headers["location"] == "/"
            key = f"ntopng.user.{name}.password"
            wait_for(lambda: redis.cli("get", key).startswith("$y$"), key)
            assert site.ask("/metrics", headers=[cookie(answer)]).status == 200
            assert login(site, name, "long ago").headers["location"] == "/"
        assert "#wrong" in login(site, "cat", "long ago").headers["location"]
    finally:
        site.close()


def test_sessions_survive_a_restart(
        redis, offline, tmp_path):  # noqa: F811
    redis.start()
    words = ("-r", f"unix:{redis.path}")
    site = start(offline, tmp_path, *words)
    mine = first_login(site)
    number = mine.partition("=")[2]
    assert redis.cli("get", f"sessions.{number}") == "admin"
    assert 43000 < int(redis.cli("ttl", f"sessions.{number}")) <= 43200
    assert redis.cli("get", "ntopng.prefs.admin_password_changed") == "1"
    assert redis.cli("get", "ntopng.user.admin.group") == "administrator"
    site.close()
    site = start(offline, tmp_path, *words)
    try:
        wait_for(lambda: site.ask("/metrics", headers=[mine]).status == 200,
                 "the session")
        # What Redis lets go is over.
        redis.cli("expire", f"sessions.{number}", 0)
        wait_for(lambda: site.ask("/metrics", headers=[mine]).status == 401,
                 "the end")
    finally:
        site.close()


def age(redis, number, seconds):  # noqa: F811
    """Let a session have begun so long ago."""
    began, mark = redis.cli("get", f"sessions.{number}.state").split()
    began = int(began) - seconds
    redis.cli("set", f"sessions.{number}.state", f"{began} {mark}")


def test_sessions_end_after_a_week(
        redis, offline, tmp_path):  # noqa: F811
    redis.start()
    words = ("-q", "-r", f"unix:{redis.path}")
    site = start(offline, tmp_path, *words)
    first_login(site)
    ends = {-3600: False, 0: True, 7 * 86400 - 20: True, 7 * 86400 + 5: False}
    sessions = {}
    for i, seconds in enumerate(ends):
        sessions[seconds] = cookie(login(site, "admin", NEW, f"127.0.7.{i+1}"))
        number = sessions[seconds].partition("=")[2]
        wait_for(lambda: redis.cli("get", f"sessions.{number}.state"), number)
        age(redis, number, seconds)
    site.close()
    site = start(offline, tmp_path, *words)
    try:
        for seconds, is_good in ends.items():
            answer = site.ask("/metrics", headers=[sessions[seconds]])
            assert answer.status == (200 if is_good else 401), seconds
        # However busy it is.
        late = sessions[7 * 86400 - 20]
        wait_for(lambda: site.ask("/metrics", headers=[late]).status == 401,
                 "its end")
        assert site.ask("/metrics", headers=[sessions[0]]).status == 200
    finally:
        site.close()


@pytest.mark.parametrize("how", ["option", "preference"])
def test_sessions_may_idle(how, redis, offline, tmp_path):  # noqa: F811
    redis.start()
    if how == "preference":
        redis.cli("set", "ntopng.prefs.is_autologon_enabled", "0")
    site = start(offline, tmp_path, "-r", f"unix:{redis.path}",
                 *(["-q"] if how == "option" else []))
    try:
        wait_for(lambda: login(site, "admin", "admin").status == 303,
                 "Redis")
        number = first_login(site).partition("=")[2]
        wait_for(lambda: redis.cli("get", f"sessions.{number}"), "it")
        for key in (number, f"{number}.state"):
            assert int(redis.cli("ttl", f"sessions.{key}")) > 7 * 86400 - 60
    finally:
        site.close()


def test_redis_has_the_first_user(redis, offline, tmp_path):  # noqa: F811
    """Under ntopng's keys; what is there of an admin stays."""
    redis.start()
    words = ("-r", f"unix:{redis.path}")
    site = start(offline, tmp_path, *words)
    def read(name):
        return redis.cli("get", f"ntopng.user.admin.{name}")

    try:
        wait_for(lambda: read("group"), "the keys")
        assert read("password") == hashlib.md5(b"admin").hexdigest()
        assert read("group") == "administrator"
        assert read("full_name") == "Administrator"
        assert read("allowed_nets") == "0.0.0.0/0,::/0"
        mine = first_login(site)
        assert read("password").startswith("$y$")
        site.close()
        before = read("password")
        site = start(offline, tmp_path, *words)
        wait_for(lambda: site.ask("/metrics", headers=[mine]).status == 200,
                 "the session")
        assert read("password") == before
        # Somebody empties Redis: the first user is back, and nobody else.
        redis.cli("flushall")
        assert "#wrong" in login(site, "admin", NEW).headers["location"]
        assert login(site, "admin", "admin").headers["location"].endswith(
            "/lua/change_password.lua")
    finally:
        site.close()


def test_redis_away(stored, redis):  # noqa: F811
    mine = first_login(stored)
    redis.kill()
    for _ in range(3):
        assert stored.ask("/metrics", headers=[mine]).status == 200
        time.sleep(1)
    assert "#away" in login(stored, "admin", NEW).headers["location"]
    assert login(stored, "admin", NEW, headers=()).status == 503


def set_password(offline, redis, user, password):  # noqa: F811
    return subprocess.run(
        offline("-s", "-r", f"unix:{redis.path}", "--set-password", user),
        input=password, capture_output=True, text=True, timeout=60,
        env=quiet_environment())


def test_set_password(stored, redis, offline):  # noqa: F811
    mine = first_login(stored)
    done = set_password(offline, redis, "admin", "another one\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # Whoever had the old one is out.
    wait_for(lambda: stored.ask("/metrics", headers=[mine]).status == 401,
             "the end")
    assert login(stored, "admin", "another one").headers["location"] == "/"
    for user, password in (("admin", "short\n"), ("admin", ""),
                           ("nobody", "long enough\n"), ("a b", "x" * 9)):
        done = set_password(offline, redis, user, password)
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert done.stderr.startswith("kelvin: --set-password: ")


def test_set_password_on_a_terminal(stored, redis, offline):  # noqa: F811
    for second, code in ((NEW, 0), ("something else", 1)):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            offline("-s", "-r", f"unix:{redis.path}",
                    "--set-password", "admin"),
            stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=quiet_environment())
        seen = b""
        for line in (NEW, second):
            while not seen.endswith(b": "):
                seen += process.stderr.read(1)
            os.write(ours, line.encode() + b"\n")
            seen += b"."
        rest = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == code, rest
        os.set_blocking(ours, False)
        try:
            echoed = os.read(ours, 4096)
        except (BlockingIOError, OSError):
            echoed = b""
        assert NEW.encode() not in echoed
        os.close(theirs)
        os.close(ours)
    assert login(stored, "admin", NEW).headers["location"] == "/"


def test_users_see_their_networks_alone(
        redis, offline, tmp_path):  # noqa: F811
    """In lists, in their counts, and in what one asks for by name."""
    redis.start()
    for name, nets in (("ann", "0.0.0.0/0,::/0"), ("bob", "10.1.0.0/16")):
        redis.cli("set", f"ntopng.user.{name}.password",
                  hashlib.md5(b"long ago").hexdigest())
        redis.cli("set", f"ntopng.user.{name}.group", "unprivileged")
        redis.cli("set", f"ntopng.user.{name}.allowed_nets", nets)
    site = start(offline, tmp_path, "-r", f"unix:{redis.path}")
    try:
        seen = {}
        for name in ("ann", "bob"):
            mine = cookie(login(site, name, "long ago"))
            answer = site.ask("/lua/get_hosts_data.lua", headers=[mine])
            hosts = json.loads(answer.text)
            seen[name] = {row["raw"]["column_ip"] for row in hosts["data"]}
            assert hosts["totalRows"] == len(seen[name])
            one = site.ask("/lua/get_host_data.lua?host=10.2.0.2",
                           headers=[mine])
            assert ("10.2.0.2" in one.text) == (name == "ann"), one.text
        assert seen["bob"] == {"10.1.0.1"}
        assert seen["ann"] == {"10.1.0.1", "10.2.0.2"}
    finally:
        site.close()
