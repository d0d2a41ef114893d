# tree: what the lint checks share.
# SPDX-License-Identifier: MIT
"""The files of the repository, and a line of TAP for each check."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*patterns, within=("",)):
    """Paths relative to the root of what git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
    else:  # an unpacked archive
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")]
    paths = sorted({pathlib.Path(name) for name in names if name})
    return [
        path
        for path in paths
        if any(path.match(pattern) for pattern in patterns)
        and any(path.is_relative_to(folder) for folder in within)
        and (ROOT / path).is_file()
        and "build" not in path.parts
    ]


def lines(path):
    """(number, line) of a file."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return enumerate(text.splitlines(), 1)


def run(*checks):
    """Call each check, which yields what it finds wrong; report, and exit.

    The name of a check is that of its function.
    """
    failed = 0
    print(f"1..{len(checks)}")
    for number, check in enumerate(checks, 1):
        found = list(check())
        failed += bool(found)
        name = check.__name__.replace("_", " ")
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
        for problem in found:
            print(f"# {problem}")
    sys.exit(bool(failed))
