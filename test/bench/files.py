# files: capture files, beside other programs. SPDX-License-Identifier: MIT

import json
import os
import shutil
import tempfile

from tools import KEEP, Used, capture, kelvin_command, measure

ROUNDS = int(os.environ.get("ROUNDS", "3"))


def programs(name, path):
    ours = kelvin_command("-i", path, "--shutdown-when-done")
    commands = {
        "reading alone": [KEEP / "pcapfloor", path],
        "dpifloor": [KEEP / "dpifloor", path],
        "kelvin": ours,
        "kelvin, records": [*ours, "-F", "file;/dev/null"],
    }
    if shutil.which("softflowd"):
        commands["softflowd"] = ["softflowd", "-r", path, "-n",
                                 "127.0.0.1:9", "-d"]
    if shutil.which("ndpiReader") and (name != "flows" or
                                       os.environ.get("ALL")):
        commands["ndpiReader"] = ["ndpiReader", "-q", "-i", path]
    return commands


def compare(name):
    """The least CPU time of some rounds, in which all take turns."""
    path = capture(name)
    commands = programs(name, path)
    best = {}
    for _ in range(ROUNDS):
        for program, command in commands.items():
            used = measure(command)
            old = best.get(program, used)
            best[program] = Used(min(old.cpu_s, used.cpu_s),
                                 max(old.rss_mib, used.rss_mib))
    floor = best["dpifloor"].cpu_s
    print(f"{name}: {path.stat().st_size / 1e6:.0f} MB")
    for program, used in best.items():
        print(f"  {program:16} {used.cpu_s:7.2f} s CPU"
              f" {used.cpu_s / floor:6.2f} x dpifloor"
              f" {used.rss_mib:8.0f} MiB", flush=True)


def every_flow_once():
    """The million flows of `flows`: each recorded, no packet missing."""
    command = kelvin_command("-i", capture("flows"), "--shutdown-when-done",
                             "-F", "file;-")
    with tempfile.TemporaryFile("w+") as output:
        measure(command, output)
        output.seek(0)
        keys, packets, records = set(), 0, 0
        for line in output:
            record = json.loads(line)
            records += 1
            packets += record["IN_PKTS"] + record["OUT_PKTS"]
            keys.add((record["IPV4_SRC_ADDR"], record["L4_SRC_PORT"],
                      record["IPV4_DST_ADDR"], record["PROTOCOL"]))
    print(f"flows: {records} records, {len(keys)} different, "
          f"{packets} packets")
