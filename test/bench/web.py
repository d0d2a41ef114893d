# web: how fast pages come, and what that does to the loop.
# SPDX-License-Identifier: MIT

import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

from tools import KELVIN

SECONDS = 5
CONNECTIONS = 50

# What is asked for, over HTTP and HTTPS, and with other headers.
RUNS = (
    ("static file, 1 KB", "http", "/css/page.css"),
    ("static file, 1 KB, TLS", "https", "/css/page.css"),
    ("health", "http", "/health"),
    ("metrics, 20 KB", "http", "/metrics"),
)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def metric(url, pattern):
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        found = re.findall(pattern, answer.read().decode(), re.M)
    return [(float(bound), float(count)) for bound, count in found]


def lag(before, after):
    """The bound that 99.9 % of timers kept between two readings."""
    counts = [(b, new - old) for (b, new), (_, old) in zip(after, before)]
    wanted = counts[-1][1] * 0.999
    return next(bound for bound, count in counts if count >= wanted)


BUCKETS = r'^kelvin_loop_callback_seconds_bucket' \
          r'\{priority="page",le="([^"]+)"\} (\S+)$'


def one_run(title, wrk, base, url):
    before = metric(base, BUCKETS)
    said = subprocess.run(
        [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", url],
        capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+(\S+)", said)[1])
    late = re.search(r"99%\s+(\S+)", said)[1]
    failed = re.search(r"Non-2xx.*|Socket errors.*", said)
    page = lag(before, metric(base, BUCKETS)) * 1000
    print(f"web: {title}: {rate:,.0f} requests a second, p99 {late}; handlers"
          f" p99.9 <= {page:.3g} ms{'; ' + failed[0] if failed else ''}",
          flush=True)


def web():
    wrk = shutil.which("wrk")
    if not wrk:
        print("web: skipped: wrk is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="kelvin-bench.") as folder:
        html = pathlib.Path(folder) / "html"
        (html / "css").mkdir(parents=True)
        (html / "css/page.css").write_text("a { color: black }\n" * 50)
        ports = {"http": free_port(), "https": free_port()}
        process = subprocess.Popen(
            [KELVIN, "-s", "-r", "none", "-d", f"{folder}/data", "-1", html,
             "-w", f":{ports['http']}", "-W", f":{ports['https']}", "-i", "lo",
             "-B", "port 1", "-v", "0"])
        try:
            time.sleep(1)
            base = f"http://localhost:{ports['http']}"
            for title, scheme, path in RUNS:
                url = f"{scheme}://localhost:{ports[scheme]}{path}"
                one_run(title, wrk, base, url)
        finally:
            process.terminate()
            process.wait()
