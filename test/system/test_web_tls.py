# test_web_tls: HTTPS.
# SPDX-License-Identifier: MIT

import os
import re
import socket
import ssl
import stat
import subprocess
import time
from signal import SIGHUP

import pytest

import web
from conftest import tool
from running import wait_for


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory):
    one = web.Site(offline, tmp_path_factory.mktemp("tls"), tls=True)
    yield one
    one.close()


def openssl(*words, given=b""):
    done = subprocess.run([tool("openssl"), *map(str, words)], input=given,
                          capture_output=True, check=False)
    return done.stdout.decode() + done.stderr.decode()


def make_pair(folder, name, *more):
    """A certificate and a key for this name, made elsewhere."""
    files = folder / f"{name}.crt", folder / f"{name}.key"
    said = openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                   "-subj", f"/CN={name}", "-out", files[0], "-keyout",
                   files[1], *more)
    assert files[0].exists(), said
    return files


def subject(site):
    """Common name of the certificate that is shown."""
    der = ssl.get_server_certificate(("127.0.0.1", site.tls_port))
    return re.search(r"CN ?= ?(\S+)", openssl("x509", "-noout", "-subject",
                                              given=der.encode()))[1]


def test_it_answers(site):
    answer = site.ask("/health", tls=web.no_verify())
    assert answer.status == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    large = site.ask("/js/large.js", tls=web.no_verify())
    assert large.body == web.FILES["js/large.js"]


def test_many_answers_come_over_one_connection(site):
    request = b"GET /js/large.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with site.connect(tls=web.no_verify()) as one:
        one.sendall(request * 4 + request.replace(
            b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert web.drain(one).count(web.FILES["js/large.js"]) == 5


def test_events_come(site):
    with site.connect(tls=web.no_verify()) as one:
        one.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        data = b""
        while data.count(b"event: throughput") < 3:
            data += one.recv(65536)
    wait_for(lambda: site.metric("kelvin_http_streams") == 0, "its end")


def test_its_own_certificate_is_as_it_should_be(site):
    path = site.data / "https.pem"
    info = path.stat()
    assert stat.S_IMODE(info.st_mode) == 0o600
    assert info.st_uid == os.geteuid() or os.geteuid() == 0
    text = openssl("x509", "-in", path, "-noout", "-text")
    assert "prime256v1" in text and "ecdsa-with-SHA256" in text
    assert f"DNS:{socket.gethostname()}" in text
    assert "DNS:localhost" in text and "IP Address:127.0.0.1" in text
    assert "CA:FALSE" in text and "TLS Web Server Authentication" in text
    dates = re.findall(r"Not (?:Before|After) ?: (.*)", text)
    begin, end = (time.strptime(d, "%b %d %H:%M:%S %Y %Z") for d in dates)
    assert (time.mktime(end) - time.mktime(begin)) / 86400 == 825


def test_a_browser_that_trusts_it_is_content(site):
    context = ssl.create_default_context(cafile=site.data / "https.pem")
    with site.connect() as plain:
        plain.close()
    raw = socket.create_connection(("127.0.0.1", site.tls_port))
    with context.wrap_socket(raw, server_hostname="localhost") as one:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in one.recv(65536)


def test_old_versions_are_refused(site):
    version = ssl.TLSVersion
    for one in (version.TLSv1_2, version.TLSv1_3):
        with site.connect(tls=web.no_verify(one, one)) as stream:
            assert stream.version() == one.name.replace("_", ".")
    for name in ("-tls1", "-tls1_1", "-ssl3"):
        said = openssl("s_client", "-connect", f"127.0.0.1:{site.tls_port}",
                       name, "-cipher", "ALL:@SECLEVEL=0")
        assert "Cipher is (NONE)" in said or "nknown option" in said, said


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "AES128-GCM-SHA256",
                                     "ECDHE-ECDSA-AES128-SHA", "aNULL",
                                     "eNULL", "3DES", "RC4", "DHE"])
def test_weak_ciphers_are_refused(site, ciphers):
    said = openssl("s_client", "-connect", f"127.0.0.1:{site.tls_port}",
                   "-tls1_2", "-cipher", f"{ciphers}:@SECLEVEL=0")
    assert "Cipher is (NONE)" in said or "no cipher match" in said, said


def test_renegotiation_is_refused(site):
    said = openssl("s_client", "-connect", f"127.0.0.1:{site.tls_port}",
                   "-tls1_2", given=b"R\n")
    assert "RENEGOTIATING" in said and "no renegotiation" in said, said


def test_plain_http_on_the_tls_port_and_back(site):
    with socket.create_connection(("127.0.0.1", site.tls_port)) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" not in web.drain(one)
    hello = bytes.fromhex("160301") + bytes(200)
    assert web.Answer(site.raw(hello)).status == 400
    assert site.ask("/health", tls=web.no_verify()).status == 200


def test_a_certificate_is_read_again(offline, tmp_path):
    certificate, key = make_pair(tmp_path, "first")
    site = web.Site(offline, tmp_path, "--https-cert", certificate,
                    "--https-key", key, tls=True)
    try:
        assert subject(site) == "first"
        with site.connect(tls=web.no_verify()) as old:
            for source, target in zip(make_pair(tmp_path, "second"),
                                      (certificate, key)):
                source.replace(target)
            site.kelvin.send(SIGHUP)
            wait_for(lambda: subject(site) == "second", "the new one")
            # A connection that was there goes on.
            old.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in old.recv(65536)
        # A broken one does not take its place.
        certificate.write_text("junk")
        site.kelvin.send(SIGHUP)
        site.kelvin.wait_said("the old certificate stays")
        assert subject(site) == "second"
    finally:
        site.close()


def test_bad_files_end_the_start(offline, tmp_path):
    certificate, key = make_pair(tmp_path, "a")
    _, other = make_pair(tmp_path, "b")
    port = web.free_ports(1)[0]
    for words in (
        ["--https-cert", tmp_path / "none"],
        ["--https-cert", certificate],
        ["--https-cert", certificate, "--https-key", other],
        ["--https-cert", key, "--https-key", key],
        ["--https-key", key],
    ):
        done = subprocess.run(
            offline("-s", "-d", tmp_path / "data", "-i", "lo",
                    "-W", f":{port}", *words),
            capture_output=True, timeout=30, check=False)
        said = done.stderr.decode().strip()
        assert done.returncode == 1 and len(said.splitlines()) == 1, said
        assert "http" in said.lower()


def test_an_own_certificate_that_ends_is_renewed(offline, tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o750)
    certificate, key = make_pair(tmp_path, "old")
    (data / "https.pem").write_bytes(key.read_bytes() +
                                     certificate.read_bytes())
    site = web.Site(offline, tmp_path, tls=True)
    try:
        assert subject(site) != "old"
    finally:
        site.close()


def test_handshakes_that_are_not_finished_do_no_harm(site):
    """Half of them say nothing, half of them begin."""
    flood = []
    try:
        for number in range(300):
            one = socket.create_connection(
                ("127.0.0.1", site.tls_port), 10,
                (f"127.0.2.{number // 50 + 1}", 0))
            if number % 2:
                one.sendall(bytes.fromhex("1603010200010001fc0303"))
            flood.append(one)
        answer = site.ask("/health", tls=web.no_verify())
        assert answer.status == 200
    finally:
        for one in flood:
            one.close()
    wait_for(lambda: site.metric("kelvin_http_connections") <= 1, "the end")
