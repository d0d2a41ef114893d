# web: how fast pages come, and what that does to packets and to the loop.
# SPDX-License-Identifier: MIT
"""kelvin has one core; wrk, and what sends packets, have the other. All is in
two network namespaces, one end of a cable each (see live.py). Over 100,000
active flows pages are asked for alone, then while packets come, then while
slow clients hold connections."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from live import cable, inside
from tools import KELVIN, ROOT, capture

SECONDS = int(os.environ.get("WEB_SECONDS", "5"))  # of each run
CONNECTIONS = 20
# Packets of `flows`, whose first millions begin 100,000 flows and more.
FLOWS = int(os.environ.get("WEB_FLOWS", "2200000"))
RATE = int(os.environ.get("WEB_RATE", "50000"))  # packets a second beside it
SLOW = 1000  # clients that never end their request
PORT, TLS_PORT = 3000, 3001
PASSWORD = "correct horse battery"

PAGE = "/lua/get_flows_data.lua?perPage=10"

# What is asked for: over HTTPS or not, logged in or not.
RUNS = (
    ("static file, 1 KB", "http", "/css/page.css", False),
    ("static file, 1 KB, TLS", "https", "/css/page.css", False),
    ("metrics, 20 KB, logged in", "http", "/metrics", True),
    ("first page, logged in", "http", "/", True),
    ("JSON of the largest flows, logged in", "http", PAGE, True),
)

LAG = r'^kelvin_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)$'
PAGES = r'^kelvin_loop_callback_seconds_bucket' \
        r'\{priority="page",le="([^"]+)"\} (\S+)$'
SEEN = r"^kelvin_interface_packets_total\{.*\} (\S+)$"
LOST = r"^kelvin_interface_dropped_packets_total\{.*\} (\S+)$"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def ask(path, cookie="", **fields):
    """The answer's headers and text, whatever its status."""
    body = urllib.parse.urlencode(fields).encode() if fields else None
    request = urllib.request.Request(
        f"http://localhost:{PORT}{path}", body,
        {"Cookie": cookie, "Accept": "text/html"})
    try:
        answer = OPENER.open(request, timeout=30)
    except urllib.error.HTTPError as told:
        answer = told
    with answer:
        return answer.headers, answer.read().decode()


def log_in():
    """Admin's way in; the cookie."""
    headers, _ = ask("/lua/login.lua", user="admin", password="admin")
    cookie = headers["Set-Cookie"].split(";")[0]
    form = ask("/lua/change_password.lua", cookie)[0]["Location"]
    headers, _ = ask(form, cookie, old_password="admin",
                     new_password=PASSWORD, confirm_password=PASSWORD)
    return headers["Set-Cookie"].split(";")[0]


class Reading:
    """The metrics at one time."""

    def __init__(self, cookie):
        self.text = ask("/metrics", cookie)[1]

    def sum(self, pattern):
        return sum(float(n) for n in re.findall(pattern, self.text, re.M))

    def buckets(self, pattern):
        return [(float(bound), float(count)) for bound, count
                in re.findall(pattern, self.text, re.M)]

    def bound(self, before, pattern):
        """The milliseconds that 99.9 % kept since an earlier reading."""
        counts = [(bound, new - old) for (bound, new), (_, old) in zip(
            self.buckets(pattern), before.buckets(pattern))]
        wanted = counts[-1][1] * 0.999
        return 1000 * next(b for b, count in counts if count >= wanted)


def one_run(title, url, cookie, session):
    before = Reading(session)
    words = ["-H", f"Cookie: {cookie}"] if cookie else []
    said = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}",
         f"-d{SECONDS}s", "--timeout", "30s", "--latency", *words, url],
        capture_output=True, text=True, check=True).stdout
    after = Reading(session)
    rate = float(re.search(r"Requests/sec:\s+(\S+)", said)[1])
    late = re.search(r"99%\s+(\S+)", said)[1]
    failed = re.search(r"Non-2xx.*|Socket errors.*", said)
    print(f"web: {title}: {rate:,.0f} requests a second, p99 {late}; loop lag"
          f" p99.9 <= {after.bound(before, LAG):.3g} ms, page callbacks"
          f" {after.bound(before, PAGES):.3g} ms"
          f"{'; ' + failed[0] if failed else ''}", flush=True)


def all_runs(session):
    for title, scheme, path, is_private in RUNS:
        port = TLS_PORT if scheme == "https" else PORT
        one_run(title, f"{scheme}://localhost:{port}{path}",
                session if is_private else "", session)


def sender(far, *words):
    return inside(far, "taskset", "-c", "1", "tcpreplay", "-i", "wire1",
                  "--preload-pcap", "--pps", str(RATE), *words)


@contextlib.contextmanager
def packets(far, session):
    """Packets come meanwhile; afterwards it says how many were lost."""
    before = Reading(session)
    process = subprocess.Popen(
        sender(far, "--loop", "1000000", str(capture("mix4"))),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield
    finally:
        process.send_signal(2)
        said = process.communicate(timeout=60)[0]
    time.sleep(1)
    after = Reading(session)
    sent = int(re.search(r"Actual: (\d+) packets", said)[1])
    got = after.sum(SEEN) - before.sum(SEEN)
    lost = after.sum(LOST) - before.sum(LOST)
    print(f"web: of {sent:,} packets {got:,.0f} were seen and {lost:,.0f}"
          f" lost", flush=True)


def slow_clients(session):
    """As slowloris: they send some bytes a second and come again when they
    are dropped. How long a login takes beside them."""
    ones, times = [], []
    before = Reading(session)
    end = time.monotonic() + 3 * SECONDS

    def dial(number):
        one = socket.create_connection(
            ("127.0.0.1", PORT), 10, (f"127.0.20.{number % 50 + 1}", 0))
        one.setblocking(False)
        one.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        return one

    try:
        ones = [dial(number) for number in range(SLOW)]
        while time.monotonic() < end:
            for number, one in enumerate(ones):
                try:
                    one.send(b"X: y\r\n")
                except OSError:
                    one.close()
                    ones[number] = dial(number)
            begin = time.monotonic()
            headers, _ = ask("/lua/login.lua", user="admin",
                             password=PASSWORD)
            times.append(time.monotonic() - begin)
            assert headers["Location"] == "/", headers
            time.sleep(0.2)
    finally:
        for one in ones:
            one.close()
    after = Reading(session)
    print(f"web: {SLOW} slow clients: the slowest of {len(times)} logins took"
          f" {max(times) * 1000:.0f} ms; loop lag p99.9 <="
          f" {after.bound(before, LAG):.3g} ms", flush=True)


def measure(far):
    session = log_in()
    all_runs(session)
    with packets(far, session):
        time.sleep(SECONDS)
    print(f"web: the same with {RATE:,} packets a second:")
    with packets(far, session):
        all_runs(session)
    slow_clients(session)


def start(folder):
    """kelvin here, in the namespace that we are in, over many flows."""
    html = pathlib.Path(folder) / "html"
    shutil.copytree(ROOT / "html", html)
    (html / "css/page.css").write_text("a { color: black }\n" * 50)
    return subprocess.Popen(
        [KELVIN, "-s", "-r", "none", "-d", f"{folder}/data", "-1", html,
         "-w", f":{PORT}", "-W", f":{TLS_PORT}", "-i", "wire0", "-g", "0",
         "-m", "10.0.0.0/8", "-X", "262144", "-x", "262144", "-v", "0",
         "--flow-timeout", "tcp-closed=3600,tcp-opening=3600,udp=3600"])


def inner(far):
    """What runs at the near end of the cable."""
    with tempfile.TemporaryDirectory(prefix="kelvin-bench.") as folder:
        process = start(folder)
        try:
            time.sleep(2)
            subprocess.run(
                sender(far, "--limit", str(FLOWS), str(capture("flows"))),
                capture_output=True, check=True)
            measure(far)
        finally:
            process.terminate()
            process.wait()


def web():
    missing = [name for name in ("wrk", "tcpreplay", "taskset")
               if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        print("web: skipped: needs root, wrk and tcpreplay")
        return
    for name in ("flows", "mix4"):
        capture(name)
    with cable() as (near, far):
        subprocess.run(["ip", "-n", near, "link", "set", "lo", "up"],
                       check=True)
        subprocess.run(
            inside(near, sys.executable, "-c",
                   f"import sys; sys.path.insert(0, {str(ROOT)!r}"
                   f" + '/test/bench'); import web; web.inner({far!r})"),
            check=True)
