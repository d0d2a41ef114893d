# lua: what scripts cost, and what they cost others.
# SPDX-License-Identifier: MIT

import subprocess

from tools import ROOT


def lua():
    """test/bench/lua.c: an engine with 100,000 flows, and scripts over it."""
    program = ROOT / "build/test/bench/lua"
    subprocess.run(["make", "-s", "-C", ROOT, program.relative_to(ROOT)],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run([program, ROOT], check=True)
