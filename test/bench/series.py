# series: what values over time cost, and what they cost a disk.
# SPDX-License-Identifier: MIT

import json
import os
import pathlib
import re
import resource
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

from tools import KELVIN

START = 1_600_000_000 - 1_600_000_000 % 86400
SLOT = 300
HOSTS = 10_000
FEW = 200  # local hosts of a home
DAYS = 7
ASKED = 200  # times


def datagram(source):
    """A frame of 142 bytes to a remote host."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 128, 0, 0, 64, 17, 0, source,
                     b"\xc0\0\2\1")
    return (b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0" + ip
            + struct.pack(">HHHH", 5000, 9999, 108, 0) + b"x" * 100)


def make_capture(path, hosts, start, seconds, every):
    """Each host sends once in `every` seconds."""
    frames = [datagram(b"\x0a\x01" + bytes([i >> 8, i & 255]))
              for i in range(hosts)]
    with path.open("wb") as out:
        out.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at in range(start, start + seconds, every):
            for i, frame in enumerate(frames):
                us = i * every * 1_000_000 // hosts
                out.write(struct.pack(
                    "<IIII", at + us // 1_000_000, us % 1_000_000, len(frame),
                    len(frame)) + frame)


def kelvin(data, capture, *more):
    return [KELVIN, "-s", "-r", "none", "-n", "3", "-v", "0", "-d", data,
            "-m", "10.0.0.0/8", "-i", capture, *more]


def read(data, capture, *more):
    """CPU seconds of kelvin and of its children, and its report."""
    process = subprocess.Popen(
        [str(w) for w in kelvin(data, capture, "-w", "0",
                                "--shutdown-when-done", *more)],
        stderr=subprocess.PIPE, text=True)
    report = process.stderr.read()
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime, report


def updates(work):
    """10,000 hosts, whose files are there already."""
    first, second = work / "first.pcap", work / "second.pcap"
    make_capture(first, HOSTS, START, SLOT + 2, SLOT)
    make_capture(second, HOSTS, START + SLOT, 6 * SLOT + 2, SLOT)
    print(f"series: {HOSTS:,} hosts: making their files", flush=True)
    read(work / "data", first, "--rrdcached", "own")
    without, _ = read(work / "data", second, "--rrdcached", "none")
    cpu, report = run_with_daemon(work, second)
    points = int(re.search(r"([\d,]+) recorded", report)[1].replace(",", ""))
    late = re.search(r"files, pages ran\s+(.*)", report)[1]
    print(f"series: {points:,} values of {HOSTS:,} hosts: "
          f"{(cpu - without) / points * 1e6:.1f} us of kelvin each, with the"
          f" scripts that write them; turns {late}", flush=True)


def run_with_daemon(work, capture):
    """An rrdcached beside it, so that its time does not count."""
    place = work / "d"
    daemon = subprocess.Popen(
        ["rrdcached", "-g", "-l", f"unix:{place}.s", "-p", f"{place}.p", "-b",
         work / "data", "-B", "-j", work / "journal", "-w", "1800"])
    while not pathlib.Path(f"{place}.s").exists():
        time.sleep(0.05)
    used = read(work / "data", capture, "--rrdcached", f"unix:{place}.s")
    daemon.kill()
    daemon.wait()
    return used


# --- Wear ---


def written(pid):
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(re.search(r"^write_bytes: (\d+)", text, re.M)[1])


def tell(place, *commands):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(place))
        for command in commands:
            one.sendall(command.encode() + b"\n")
            answer = one.recv(65536)
    return answer


def daemon_for(work, *more):
    for name in ("w.s", "w.p"):
        (work / name).unlink(missing_ok=True)
    daemon = subprocess.Popen(
        ["rrdcached", "-g", "-l", f"unix:{work}/w.s", "-p", f"{work}/w.p",
         "-b", work / "wear", "-B", *more])
    while not (work / "w.s").exists():
        time.sleep(0.05)
    return daemon


def hour_of(work, day, flush, *more):
    """Bytes that a daemon has written for an hour of FEW hosts: `flush` is
    after how many five minutes their files are written."""
    names = [f"{i}.rrd" for i in range(FEW * 2)]
    daemon = daemon_for(work, *more)
    os.sync()
    before = written(daemon.pid)
    for slot in range(12):
        now = START + day * 86400 + slot * SLOT
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(work / "w.s"))
            one.sendall("".join(
                f"UPDATE {name} {now}:{slot * 1000}:{slot * 500}\n"
                for name in names).encode())
            total = 0
            while total < len(names):
                total += one.recv(65536).count(b"\n")
        if slot % flush == flush - 1:
            with socket.socket(socket.AF_UNIX) as one:
                one.connect(str(work / "w.s"))
                one.sendall("".join(f"FLUSH {name}\n"
                                    for name in names).encode())
                total = 0
                while total < len(names):
                    total += one.recv(65536).count(b"\n")
        os.sync()  # as five minutes do
    after = written(daemon.pid)
    daemon.kill()
    daemon.wait()
    return after - before


def wear(work):
    (work / "wear").mkdir()
    (work / "wear-journal").mkdir()
    daemon = daemon_for(work)
    for i in range(FEW * 2):
        tell(work / "w.s",
             f"CREATE {i}.rrd -s {SLOT} -b {START} DS:sent:DERIVE:600:U:U "
             "DS:rcvd:DERIVE:600:U:U RRA:AVERAGE:0.5:1:288 "
             "RRA:AVERAGE:0.5:12:2400 RRA:AVERAGE:0.5:288:365")
    daemon.kill()
    daemon.wait()
    direct = hour_of(work, 1, 1)
    ours = hour_of(work, 2, 6, "-w", "7200", "-f", "14400", "-j",
                   work / "wear-journal")
    print(f"series: an hour of {FEW} hosts of two files each: "
          f"{ours / 1e6:.2f} MB written, {direct / 1e6:.2f} MB if each value"
          " was written at once", flush=True)


# --- Questions ---


def questions(work):
    """A week of an interface, as Grafana asks for it."""
    capture = work / "week.pcap"
    make_capture(capture, 1, START, DAYS * 86400, 60)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    process = subprocess.Popen(
        [str(w) for w in kelvin(work / "week", capture, "-w", f":{port}", "-l",
                                "0", "--rrdcached", "own")],
        stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}/lua/modules/grafana/query"
    end = START + DAYS * 86400
    for name, span in (("traffic_bps", DAYS * 86400), ("traffic_bps", 3600),
                       ("allprotocols_bps", DAYS * 86400)):
        body = json.dumps({
            "range": {"from": (end - span) * 1000, "to": end * 1000},
            "maxDataPoints": 600, "intervalMs": 1000,
            "targets": [{"target": f"interface_week.pcap_{name}",
                         "type": "timeserie"}],
        }).encode()
        ask = urllib.request.Request(
            base, body, {"Content-Type": "application/json"})
        while True:
            try:
                if len(urllib.request.urlopen(ask).read()) > 100:
                    break
            except OSError:
                pass
            time.sleep(0.5)
        times = []
        for _ in range(ASKED):
            began = time.perf_counter()
            urllib.request.urlopen(ask).read()
            times.append((time.perf_counter() - began) * 1000)
        times.sort()
        print(f"series: {span // 3600} h of {name}: median"
              f" {times[ASKED // 2]:.1f} ms, p99"
              f" {times[ASKED * 99 // 100]:.1f} ms", flush=True)
    process.terminate()
    process.wait()


def series():
    if not shutil.which("rrdcached"):
        print("series: skipped: rrdcached is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="kelvin-bench.") as folder:
        work = pathlib.Path(folder)
        (work / "journal").mkdir()
        wear(work)
        questions(work)
        updates(work)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    series()
