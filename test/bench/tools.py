# tools: programs, captures and what processes use. SPDX-License-Identifier: MIT

import collections
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
KEEP = pathlib.Path(os.environ.get("BENCH_DIR", ROOT / "build/bench"))
KELVIN = ROOT / "build/kelvin"

Used = collections.namedtuple("Used", "cpu_s rss_mib")


def measure(command, output=subprocess.DEVNULL):
    """Run a command to its end; CPU seconds and peak memory of it alone.

    The kernel counts our own memory for a child too, until it is the other
    program: so nothing here may ever hold much."""
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench: {command[0]} ended with {process.returncode}")
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def build_tools():
    KEEP.mkdir(parents=True, exist_ok=True)
    for name, libraries in (
        ("mkpcap", ["-lpcap"]),
        ("pcapfloor", ["-lpcap"]),
        ("dpifloor", ["-lpcap", "-lndpi"]),
    ):
        source = SHARED / "bench" / f"{name}.c"
        subprocess.run(
            ["cc", "-O2", "-w", "-o", KEEP / name, source, *libraries],
            check=True,
        )


CAPTURES = {
    "flows": ["flows", "1000000", "50000"],
    "big": ["big", "1500000"],
    "mix": ["mix", "40"],
    "mix4": ["mix", "4"],
}


def capture(name):
    """The path of a capture, made if need be, in the page cache."""
    path = KEEP / f"{name}.pcap"
    if not path.exists():
        made = path.with_suffix(".part")
        words = [KEEP / "mkpcap", *CAPTURES[name], made]
        if words[1] == "mix":
            words += sorted((SHARED / "pcaps").iterdir())
        subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
        made.rename(path)
    with path.open("rb") as source, open(os.devnull, "wb") as nowhere:
        shutil.copyfileobj(source, nowhere, 1 << 20)
    return path


def kelvin_command(*words):
    return [KELVIN, "-s", "-r", "none", "-w", "0", *words]
