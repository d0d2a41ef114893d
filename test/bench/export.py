# export: what it costs to send records away. SPDX-License-Identifier: MIT

import contextlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

from tools import capture, kelvin_command, measure

FLOWS = 1_000_000  # in the capture


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def receiver(port):
    """Reads as fast as it can, and keeps nothing."""
    one = subprocess.Popen(
        ["socat", "-u", "-b", "262144",
         f"TCP-LISTEN:{port},reuseaddr,fork", "OPEN:/dev/null"]
    )
    time.sleep(0.5)
    yield
    one.kill()
    one.wait()


def run(folder, *words):
    """CPU seconds and MiB, and what the report says of loop and records."""
    with tempfile.TemporaryFile("w+") as report:
        command = kelvin_command(
            "-i", capture("flows"), "-d", folder, "-3", "/nonexistent", *words,
            "--shutdown-when-done",
        )
        # What nobody takes makes it end with 1.
        shell = ["sh", "-c", '"$@" 2>&1 || :', "sh", *map(str, command)]
        used = measure(shell, report)
        report.seek(0)
        text = report.read()
    late = re.search(r"peers ran.*", text)
    records = re.search(r"records     .*", text)
    return used, late and late[0], records and records[0].strip()


def export():
    if not shutil.which("socat"):
        print("export: skipped: socat is not installed")
        return
    port = free_port()
    target = f"logstash;127.0.0.1;tcp;{port}"
    with tempfile.TemporaryDirectory() as folder:
        alone, _, _ = run(folder)
        print(f"export: {FLOWS} flows, without: {alone.cpu_s:.2f} s CPU, "
              f"{alone.rss_mib:.0f} MiB")
        runs = [("file", "file;/dev/null", contextlib.nullcontext()),
                ("nobody there", f"{target};spool=256M",
                 contextlib.nullcontext()),
                ("logstash, and those", target, receiver(port))]
        for name, spec, other_side in runs:
            with other_side:
                used, peers, records = run(f"{folder}/{name[:4]}", "-F", spec)
            cost = used.cpu_s - alone.cpu_s
            print(f"  {name}: {used.cpu_s:.2f} s CPU, {used.rss_mib:.0f} MiB; "
                  f"export alone {cost / FLOWS * 1e6:.2f} us a flow, all "
                  f"{FLOWS / used.cpu_s:,.0f} flows a second of CPU\n"
                  f"    {records}\n    {peers}", flush=True)
