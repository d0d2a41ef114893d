# test_web_cors: what pages of other sites may ask and read.
# SPDX-License-Identifier: MIT
"""Grafana asks out of a browser, with a password that its user has given it.
Nothing else of kelvin is there for other sites' pages."""

import shutil

import pytest

import web
from conftest import ROOT
from test_login import NEW, basic, first_login

ORIGIN = "Origin: http://grafana.example:3000"
ASKED = (ORIGIN, "Access-Control-Request-Method: POST",
         "Access-Control-Request-Headers: authorization, content-type")
GRAFANA = "/lua/modules/grafana"
JSON = "Content-Type: application/json"
ALLOWED = "access-control-allow-origin"


def start(offline, folder, *more, needs_login=True):
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    pages = folder / "scripts/lua/modules/grafana"
    pages.mkdir(exist_ok=True)
    (pages / "index.lua").write_text('print("index")')
    # A page cannot share what the server does not.
    head = ('"HTTP/1.1 200 OK\\r\\nAccess-Control-Allow-Origin: *\\r\\n'
            'Access-Control-Allow-Credentials: true\\r\\nVary: X\\r\\n'
            'Content-Type: text/plain\\r\\n\\r\\n"')
    (pages / "search.lua").write_text(
        f"print({head} .. _SERVER.REMOTE_USER .. (_POST.payload or ''))")
    (folder / "scripts/lua/wide.lua").write_text(f'print({head} .. "x")')
    return web.Site(offline, folder, "-2", folder / "scripts", *more,
                    needs_login=needs_login)


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory):
    one = start(offline, tmp_path_factory.mktemp("cors"), "-1", ROOT / "html")
    one.session = first_login(one)
    yield one
    one.close()


def search(site, *headers, origin=ORIGIN):
    return site.ask(f"{GRAFANA}/search", "POST", [origin, JSON, *headers],
                    b'{"target":""}')


@pytest.mark.parametrize("path", [GRAFANA, f"{GRAFANA}/", f"{GRAFANA}/query"])
def test_a_browser_may_ask_whether_it_may(site, path):
    answer = site.ask(path, "OPTIONS", ASKED)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers[ALLOWED] == ORIGIN.removeprefix("Origin: ")
    assert answer.headers["access-control-allow-methods"] == (
        "GET, POST, OPTIONS")
    assert answer.headers["access-control-allow-headers"] == (
        "Content-Type, Authorization")
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


def test_other_options_need_a_login(site):
    for headers in ([], [ORIGIN], ASKED[1:]):
        assert site.ask(GRAFANA, "OPTIONS", headers).status == 401
    answer = site.ask(GRAFANA, "OPTIONS", [basic("admin", NEW)])
    assert answer.status == 204
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"


def test_who_knows_a_password_reads_the_answer(site):
    answer = search(site, basic("admin", NEW), "Sec-Fetch-Site: cross-site",
                    "Accept-Encoding: gzip")
    assert (answer.status, answer.text) == (200, 'admin{"target":""}')
    assert answer.headers[ALLOWED] == ORIGIN.removeprefix("Origin: ")
    assert answer.headers["vary"].startswith("Origin")
    assert "access-control-allow-credentials" not in answer.headers
    answer = site.ask(GRAFANA, headers=[ORIGIN, basic("admin", NEW)])
    assert (answer.text, ALLOWED in answer.headers) == ("index", True)


def test_the_wrong_password_is_told(site):
    answer = search(site, basic("admin", "wrong"))
    assert answer.status == 401
    assert answer.headers[ALLOWED] == ORIGIN.removeprefix("Origin: ")


def test_a_session_is_of_no_use_to_other_sites(site):
    answer = search(site, site.session)
    assert answer.status == 403
    answer = site.ask(GRAFANA, headers=[ORIGIN, site.session])
    assert ALLOWED not in answer.headers
    # To our own pages it is.
    token = site.ask("/lua/logout.lua", headers=[
        site.session, "Accept: text/html"]).headers["location"][-32:]
    answer = search(site, site.session, f"X-CSRF-Token: {token}",
                    origin="Origin: http://localhost")
    assert answer.status == 200 and ALLOWED not in answer.headers


@pytest.mark.parametrize("path", [
    "/", "/metrics", "/stream", "/health", "/css/login.css", "/lua/wide.lua",
    "/lua/get_hosts_data.lua", "/lua/modules/grafanas", "/lua/login.lua",
    "/lua/modules/grafan", "/lua/modules/",
])
def test_nothing_else_is_shared(site, path):
    mine = basic("admin", NEW)
    for method, headers in (("OPTIONS", ASKED), ("OPTIONS", (*ASKED, mine)),
                            ("HEAD", [ORIGIN, mine])):
        answer = site.ask(path, method, headers)
        assert not any(name.startswith("access-control")
                       for name in answer.headers), (method, answer.fields)
    post = site.ask("/lua/wide.lua", "POST", [ORIGIN, mine, JSON], b"{}")
    assert post.status == 403


def test_without_a_login_nothing_is_shared(offline, tmp_path):
    """Else each site that somebody at this machine visits could read it."""
    site = start(offline, tmp_path, "-l", "1", needs_login=False)
    try:
        assert site.ask(GRAFANA).text == "index"
        assert ALLOWED not in site.ask(GRAFANA, headers=[ORIGIN]).headers
        assert search(site).status == 403
        guessed = search(site, basic("admin", "nonsense"))
        assert guessed.status == 401
    finally:
        site.close()
