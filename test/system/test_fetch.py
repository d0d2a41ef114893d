# test_fetch: scripts that ask web servers.
# SPDX-License-Identifier: MIT
"""ntop.httpGet() and its kin against Python's servers, good and bad.

A script of --run prints what it got as JSON; the servers remember what they
were asked. Certificates are openssl's, of an authority of this test.
"""

import base64
import contextlib
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

import captures
import web
from captures import ether, udp
from conftest import ROOT, quiet_environment, tool
from running import wait_for

PRELUDE = """
local json = require "dkjson"
local function show(...) io.write(json.encode({...}), "\\n") end
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        self.server.asked.append(
            (self.command, self.path, dict(self.headers), body)
        )
        name = self.path.split("?")[0].strip("/").replace("/", "_")
        getattr(self, f"give_{name}", self.give_page)()
        self.close_connection = True

    do_POST = do_GET

    def give(self, status, body=b"", **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def give_page(self):
        self.give(200, b"a\0b", Content_Type="text/x; charset=utf-8")

    def give_missing(self):
        self.give(404, b"nothing here")

    def give_locked(self):
        wanted = "Basic " + base64.b64encode("ä:p w".encode()).decode()
        known = self.headers.get("authorization") == wanted
        self.give(200 if known else 401)

    def give_hop_one(self):
        self.give(302, b"elsewhere", Location="../two?x=1")

    def give_two(self):
        self.give(301, Location="/page")

    def give_round(self):
        self.give(302, Location="/round")

    def give_file(self):
        self.give(302, Location="file:///etc/passwd")

    def give_away(self):
        self.give(307, Location=self.server.elsewhere)

    def give_endless(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"10000\r\n" + bytes(65536) + b"\r\n")

    def give_drip(self):
        with contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                self.wfile.write(b"X: y\r\n")
                time.sleep(0.05)

    def give_hold(self):
        self.server.held.wait(60)
        self.give(200)

    def give_large(self):
        self.give(200, b"x" * (7 << 20))


class Server(http.server.ThreadingHTTPServer):
    """One that serves until it is closed; `asked` is what came."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, tls=None, host="127.0.0.1"):
        self.address_family = (
            socket.AF_INET6 if ":" in host else socket.AF_INET
        )
        super().__init__((host, 0), Handler)
        self.asked, self.elsewhere, self.held = [], "", threading.Event()
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        host = f"[{host}]" if ":" in host else host
        self.url = f"{self.scheme}://{host}:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Clients that go away are what is tested."""

    def close(self):
        self.held.set()
        self.shutdown()
        self.server_close()


class Raw:
    """Sends bytes to whoever comes, once it was asked; then hangs up."""

    def __init__(self, data):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.data = data
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                one, _ = self.listener.accept()
                with one:
                    one.recv(65536)
                    one.sendall(self.data)

    def close(self):
        self.listener.close()


class Authority:
    """Signs certificates; all of it is in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
                     "2", "-subj", "/CN=a test", "-keyout", "ca.key",
                     "-out", "ca.pem")
        self.trusted = folder / "ca.pem"

    def openssl(self, *words):
        subprocess.run(
            [tool("openssl"), *words], cwd=self.folder, check=True,
            capture_output=True, timeout=60,
        )

    def context(self, name, names, days="2"):
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj",
                     f"/CN={name}", "-keyout", f"{name}.key",
                     "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem",
                     "-CAkey", "ca.key", "-CAcreateserial", "-days", days,
                     "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(
            self.folder / f"{name}.pem", self.folder / f"{name}.key"
        )
        return made


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def serve():
    """Start a server; @return it."""
    started = []

    def start(made=None, **more):
        started.append(made or Server(**more))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def run(offline, tmp_path):
    """Run a script; @return what each of its show() showed."""
    frames = captures.frames([ether() / udp()])
    capture = captures.save(tmp_path / "in.pcap", frames)

    def run(text, trust=None):
        path = tmp_path / "script.lua"
        path.write_text(PRELUDE + text)
        environment = quiet_environment()
        # An empty one trusts nobody.
        environment["SSL_CERT_DIR"] = str(tmp_path)
        environment["SSL_CERT_FILE"] = str(trust or os.devnull)
        done = subprocess.run(
            offline("-s", "-n", "3", "-i", capture, "--run", path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env=environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def get(run, url, *more, trust=None):
    """@return what httpGet() returned: one table, or None and why"""
    words = ", ".join(json.dumps(word, ensure_ascii=False)
                      for word in (url, *more))
    (shown,) = run(f"show(ntop.httpGet({words}))", trust)
    return shown[0] if len(shown) == 1 else (None, shown[1])


def test_an_answer_is_a_table(run, serve):
    server = serve()
    assert get(run, server.url + "/page?a=b") == {
        "CONTENT": "a\0b",
        "CONTENT_LEN": 3,
        "RESPONSE_CODE": 200,
        "CONTENT_TYPE": "text/x; charset=utf-8",
        "EFFECTIVE_URL": server.url + "/page?a=b",
    }
    ((method, path, headers, body),) = server.asked
    assert (method, path, body) == ("GET", "/page?a=b", b"")
    assert headers["Host"] == server.url.split("/")[2]
    assert "Authorization" not in headers


def test_any_status_is_an_answer(run, serve):
    found = get(run, serve().url + "/missing")
    assert (found["RESPONSE_CODE"], found["CONTENT"]) == (404, "nothing here")


def test_users_are_told_to_the_server(run, serve):
    url = serve().url + "/locked"
    assert get(run, url, "ä", "p w")["RESPONSE_CODE"] == 200
    assert get(run, url, "ä", "wrong")["RESPONSE_CODE"] == 401
    assert get(run, url)["RESPONSE_CODE"] == 401
    inside = url.replace("://", "://%C3%A4:p%20w@")
    found = get(run, inside)
    assert found["RESPONSE_CODE"] == 200
    assert found["EFFECTIVE_URL"] == url


def test_json_is_posted(run, serve):
    server = serve()
    url, text = server.url + "/page", '{"a": "ä"}'
    call = f"show(ntop.postHTTPJsonData('u', 'p', '%s', [[{text}]]))"
    assert run(call % url) == [[True]]
    ((method, _, headers, body),) = server.asked
    assert (method, body.decode()) == ("POST", text)
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Basic dTpw"
    assert run(call % (server.url + "/missing")) == [
        [False, "the server answered 404"]
    ]


def test_ipv6(run, serve):
    server = serve(host="::1")
    assert get(run, server.url)["RESPONSE_CODE"] == 200
    assert server.asked[0][2]["Host"] == f"[::1]:{server.server_port}"


def test_redirections_lead_to_the_page(run, serve):
    server = serve()
    found = get(run, server.url + "/hop/one")
    assert found["RESPONSE_CODE"] == 200
    assert found["EFFECTIVE_URL"] == server.url + "/page"
    assert [path for _, path, _, _ in server.asked] == [
        "/hop/one", "/two?x=1", "/page"
    ]


def test_redirections_end(run, serve):
    server = serve()
    assert get(run, server.url + "/round") == (
        None, "127.0.0.1: too many redirections"
    )
    assert len(server.asked) == 6


def test_redirections_stay_in_the_web(run, serve):
    found, why = get(run, serve().url + "/file")
    assert found is None
    assert "no URL of http or https" in why


def test_secrets_do_not_follow_a_redirection_elsewhere(run, serve):
    first, other = serve(), serve()
    first.elsewhere = other.url + "/page"
    url = first.url + "/away"
    assert run(f"show(ntop.postHTTPJsonData('u', 'p', '{url}', '1'))") == [
        [True]
    ]
    assert first.asked[0][2]["Authorization"] == "Basic dTpw"
    ((method, _, headers, body),) = other.asked
    assert (method, body) == ("POST", b"1")
    assert "Authorization" not in headers


def test_certificates_of_the_authority_are_good(run, serve, authority):
    server = serve(tls=authority.context("good", "IP:127.0.0.1"))
    found = get(run, server.url, trust=authority.trusted)
    assert found["RESPONSE_CODE"] == 200
    by_name = serve(tls=authority.context("local", "DNS:localhost"))
    url = by_name.url.replace("127.0.0.1", "localhost")
    assert get(run, url, trust=authority.trusted)["RESPONSE_CODE"] == 200


@pytest.mark.parametrize(
    "names, trusts, why",
    [
        ("IP:127.0.0.1", False, "unable to get local issuer certificate"),
        ("IP:127.0.0.2", True, "IP address mismatch"),
        ("DNS:127.0.0.1", True, "IP address mismatch"),
    ],
)
def test_other_certificates_are_refused(
    names, trusts, why, run, serve, authority
):
    server = serve(tls=authority.context("bad", names))
    found, said = get(
        run, server.url, trust=authority.trusted if trusts else None
    )
    assert found is None
    assert why in said
    assert server.asked == []


def test_a_name_must_be_that_of_the_certificate(run, serve, authority):
    server = serve(tls=authority.context("other", "DNS:other.example"))
    url = server.url.replace("127.0.0.1", "localhost")
    assert get(run, url, trust=authority.trusted) == (
        None, "localhost: hostname mismatch"
    )


def test_a_certificate_that_is_over_is_refused(run, serve, authority):
    server = serve(tls=authority.context("old", "IP:127.0.0.1", days="-1"))
    assert get(run, server.url, trust=authority.trusted) == (
        None, "127.0.0.1: certificate has expired"
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(run, serve, authority):
    context = authority.context("oldtls", "IP:127.0.0.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    found, _ = get(run, serve(tls=context).url, trust=authority.trusted)
    assert found is None


def test_an_endless_body_is_cut_off(run, serve):
    assert get(run, serve().url + "/endless") == (
        None, "127.0.0.1: the answer is too long"
    )


def test_a_body_of_some_megabytes_comes_whole(run, serve):
    url = serve().url + "/large"
    (shown,) = run(f"local t = ntop.httpGet('{url}') "
                   "show(#t.CONTENT, t.CONTENT == ('x'):rep(#t.CONTENT))")
    assert shown == [7 << 20, True]


@pytest.mark.parametrize("path", ["/drip", "/hold"])
def test_time_is_up_whatever_drips(path, run, serve):
    start = time.monotonic()
    assert get(run, serve().url + path, "", "", 1) == (
        None, "127.0.0.1: no answer within 1 s"
    )
    assert time.monotonic() - start > 1


def test_nobody_answers_the_call(run):
    """A queue of one that is full: further calls are not even refused."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert get(run, url, "", "", 1) == (
            None, "127.0.0.1: no answer within 1 s"
        )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(range(256)) * 64,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200\r\nContent-Length: 5, 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"ffffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ],
)
def test_garbage_is_no_answer(data, run, serve):
    server = serve(Raw(data))
    for scheme in ("http", "https"):
        found, why = get(run, f"{scheme}://127.0.0.1:{server.port}/", "", "", 5)
        assert found is None
        assert why.startswith("127.0.0.1: ")


def test_bad_addresses_are_told(run):
    for url in ("", "/", "x", "ftp://x/", "http://", "http://a b/",
                "http://x/\r\nX: y", "https://x:0/"):
        found, why = get(run, url)
        assert found is None
        assert "no URL of http or https" in why


def test_arguments_are_checked(run):
    shown = run(
        "show(pcall(ntop.httpGet)) show(pcall(ntop.httpGet, {})) "
        "show(pcall(ntop.postHTTPJsonData, 'u', 'p', 'http://x/'))"
    )
    assert all(not row[0] and "expected" in row[1] for row in shown)


def test_many_pages_wait_and_others_are_answered(offline, serve, tmp_path):
    server = serve()
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    pages = tmp_path / "scripts/lua"
    (pages / "wait.lua").write_text(
        f"local t, why = ntop.httpGet('{server.url}/hold', '', '', 60) "
        "print(t and t.RESPONSE_CODE or why)"
    )
    (pages / "hello.lua").write_text("print('hello')")
    site = web.Site(offline, tmp_path, "-l", "1", "-2", tmp_path / "scripts")
    said = []
    threads = [
        threading.Thread(
            target=lambda: said.append(site.ask("/lua/wait.lua").text)
        )
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(server.asked) == 32 and len(said) == 8,
             lambda: f"{len(server.asked)} {said}")
    assert set(said) == {"too many requests at once"}
    assert site.ask("/lua/hello.lua").text == "hello"
    server.held.set()
    for thread in threads:
        thread.join(20)
    assert sorted(said)[:32] == ["200"] * 32
    assert len(server.asked) == 32
    site.close()
