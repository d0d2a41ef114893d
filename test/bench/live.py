# live: over a cable between two namespaces. SPDX-License-Identifier: MIT
"""kelvin has one core, the sender another. Nothing of the machine's own
network is touched; without root or namespaces it says that it is skipped."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from tools import capture, kelvin_command

SECONDS = float(os.environ.get("LIVE_SECONDS", "4"))  # of one replay
STEPS = 6  # halvings of the interval that the highest rate lies in
FASTEST = 1_000_000  # packets a second that are tried at most
FLOWS_RATE = 50_000  # packets a second of many_flows()
QUIET_SECONDS = 10


def inside(space, *words):
    return ["ip", "netns", "exec", space, *map(str, words)]


@contextlib.contextmanager
def cable():
    """Two namespaces with a veth pair between: names of both."""
    near, far = f"kb{os.getpid()}n", f"kb{os.getpid()}f"

    def ip(*words, check=True):
        subprocess.run(["ip", *words], check=check, capture_output=True)

    try:
        for space in (near, far):
            ip("netns", "add", space)
        ip("link", "add", "wire0", "netns", near, "type", "veth",
           "peer", "name", "wire1", "netns", far)
        for space, link in ((near, "wire0"), (far, "wire1")):
            ip("netns", "exec", space, "sysctl", "-q", "-w",
               "net.ipv6.conf.all.disable_ipv6=1")
            ip("-n", space, "link", "set", link, "mtu", "9000", "up")
        yield near, far
    finally:
        for space in (near, far):
            ip("netns", "del", space, check=False)


class Watcher:
    """A kelvin on one end of the cable, on a core of its own."""

    def __init__(self, space, *more):
        self.said = tempfile.TemporaryFile("w+")
        words = kelvin_command("-i", "wire0", "-g", "0", *more)
        self.process = subprocess.Popen(
            inside(space, *words), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self.said)
        self.report()

    def text(self):
        self.said.seek(0)
        return self.said.read()

    def report(self):
        """Ask until there is a whole new report; its text."""
        while True:
            before = len(self.text())
            time.sleep(0.3)
            if "wire0" not in self.text():
                continue
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(0.3)
            new = self.text()[before:]
            if "timers late" in new:
                return new

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.said.close()


def number(report, pattern):
    found = re.search(pattern, report)
    return int(found[1].replace(",", "")) if found else 0


def replay(space, path, rate):
    """Send at this rate for SECONDS; packets sent and the rate got."""
    said = subprocess.run(
        inside(space, "taskset", "-c", "1", "tcpreplay", "-i", "wire1",
               "--preload-pcap", "--loop", "1000000", "--pps", str(rate),
               "--duration", f"{SECONDS:.0f}", str(path)),
        capture_output=True, text=True, check=True).stdout
    sent = int(re.search(r"Actual: (\d+) packets", said)[1])
    return sent, float(re.search(r"([\d.]+) pps", said)[1])


def lossless(near, far, path, rate):
    """(rate got, report) when no packet was lost at it, else None."""
    watcher = Watcher(near)
    try:
        sent, got = replay(far, path, rate)
        report = watcher.report()
        seen = number(report, r"packets +([\d,]+)")
        lost = number(report, r"dropped +([\d,]+) by the kernel")
        return (got, report) if lost == 0 and seen >= sent else None
    finally:
        watcher.end()


def lag_lines(report):
    wanted = ("timers late", "captures ran", "ticks ran")
    return [line for line in report.splitlines() if line.startswith(wanted)]


def highest_rate(near, far):
    path = capture("mix4")
    best = lossless(near, far, path, FASTEST)
    low, high = 0, FASTEST
    for _ in range(0 if best else STEPS):
        rate = (low + high) // 2
        result = lossless(near, far, path, rate)
        if result:
            best, low = result, rate
        else:
            high = rate
    got, report = best or (0, "")
    print(f"live: {got:,.0f} packets a second without loss, one core")
    for line in lag_lines(report):
        print(f"  {line}", flush=True)


def many_flows(near, far):
    """Lag with far over 100,000 active flows, as each of them stays."""
    watcher = Watcher(near, "-X", "262144",
                      "--flow-timeout", "tcp-closed=300,udp=300")
    try:
        subprocess.run(
            inside(far, "taskset", "-c", "1", "tcpreplay", "-i", "wire1",
                   "--preload-pcap", "--pps", str(FLOWS_RATE), "--limit",
                   str(20 * FLOWS_RATE), str(capture("flows"))),
            capture_output=True, check=True)
        report = watcher.report()
    finally:
        watcher.end()
    active = number(report, r"([\d,]+) active")
    print(f"live, many flows: {active:,} active,"
          f" {FLOWS_RATE:,} packets a second")
    for line in lag_lines(report):
        print(f"  {line}", flush=True)


def quiet(near):
    """What a program that has nothing to see costs."""
    watcher = Watcher(near)
    try:
        # `ip netns exec` has become the program itself.
        proc = pathlib.Path("/proc") / str(watcher.process.pid)
        before = spent(proc)
        time.sleep(QUIET_SECONDS)
        after = spent(proc)
        resident = number((proc / "status").read_text(), r"VmRSS:\s+(\d+)")
    finally:
        watcher.end()
    cpu, wakeups = ((b - a) / QUIET_SECONDS for a, b in zip(before, after))
    print(f"quiet: {cpu * 100:.2f} % of a core, {wakeups:.1f} wake-ups a"
          f" second, {resident / 1024:.1f} MiB", flush=True)


def spent(proc):
    """CPU seconds and times it was woken."""
    fields = (proc / "stat").read_text().rsplit(")", 1)[1].split()
    ticks = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    status = (proc / "status").read_text()
    return ticks, number(status, r"\nvoluntary_ctxt_switches:\s+(\d+)")


def live():
    if os.geteuid() != 0 or not shutil.which("tcpreplay"):
        print("live: skipped: needs root and tcpreplay")
        return
    with cable() as (near, far):
        quiet(near)
        highest_rate(near, far)
        many_flows(near, far)
