# test_web_scan: a scanner that knows the usual mistakes finds none.
# SPDX-License-Identifier: MIT
"""Modules of wapiti that ask nobody else. By HTTP Basic it is administrator all
the time, so that it reaches what there is; the capture has names that mean
harm."""

import json
import re
import subprocess
import sys
import time

import pytest

import web
from conftest import ROOT, quiet_environment, tool
from test_login import NEW, basic, first_login

# Those that end soon and need neither the network nor a database of theirs. Not
# "csrf": tokens belong to sessions, and HTTP Basic has none; forms of other
# sites are told by their origin (test_other_sites_cannot_post).
MODULES = ("backup", "cookieflags", "crlf", "csp", "exec", "file", "htaccess",
           "http_headers", "methods", "permanentxss", "redirect",
           "shellshock", "sql", "xss")
SCAN_S, ATTACK_S = 45, 12

# What it says of this server that is right, and why it is no mistake.
KNOWN = {
    # Plain HTTP is what is scanned.
    "Strict-Transport-Security is not set",
    # Set where it matters: CSP forbids what the filter of old browsers did.
    "X-XSS-Protection is not set",
    "Secure flag is not set in the cookie : session",
}


@pytest.fixture
def site(offline, tmp_path):
    capture = tmp_path / "hostile.pcap"
    subprocess.run([sys.executable, ROOT / "test/web/capture.py", capture],
                   check=True)
    one = web.Site(offline, tmp_path, "-1", ROOT / "html", "-i", capture,
                   needs_login=True)
    one.kelvin.wait_said("all files are read")
    first_login(one)
    yield one
    one.close()


def test_wapiti_finds_nothing(site, tmp_path, is_asan):
    if is_asan:
        pytest.skip("skipped: as without sanitizers, only slower")
    out = tmp_path / "found.json"
    base = f"http://localhost:{site.port}"
    begin = time.monotonic()
    done = subprocess.run(
        [tool("wapiti"), "-u", f"{base}/", "--scope", "folder",
         "-s", f"{base}/lua/get_flows_data.lua?perPage=10&host=10.1.0.1",
         "-s", f"{base}/lua/get_hosts_data.lua?mode=all&filter=bytes",
         "-s", f"{base}/lua/find_host.lua?query=10",
         "-s", f"{base}/lua/login.lua?referer=/x&message=wrong",
         "-a", f"admin%{NEW}", "--auth-type", "basic",
         "-m", ",".join(MODULES), "-d", "3", "-l", "1",
         "--max-links-per-page", "20", "--max-files-per-dir", "40",
         "--max-scan-time", str(SCAN_S), "--max-attack-time", str(ATTACK_S),
         "--store-session", tmp_path / "session", "--store-config",
         tmp_path / "config", "-v", "0", "--no-bugreport",
         "-f", "json", "-o", out],
        capture_output=True, text=True, env=quiet_environment(),
        timeout=SCAN_S + ATTACK_S * len(MODULES) + 120, check=False)
    assert out.exists(), done.stdout + done.stderr
    found = json.loads(out.read_text())
    problems = [
        (kind, one["method"], one["path"], one["parameter"], one["info"])
        for part in ("vulnerabilities", "anomalies")
        for kind, those in found[part].items() for one in those
        if one["info"] not in KNOWN]
    metrics = site.ask("/metrics", headers=[basic("admin", NEW)]).text
    asked = re.search(r"^kelvin_http_requests_total (\d+)", metrics, re.M)[1]
    print(f"{time.monotonic() - begin:.0f} s, {asked} requests")
    assert problems == []
    assert 'kelvin_http_answers_total{class="5xx"} 0\n' in metrics
    assert int(asked) > 300, "it was not let in"
