# rrd: files of time series, read with rrdtool.
# SPDX-License-Identifier: MIT

import math
import os
import subprocess

from conftest import tool


def fetch(path, start, end, daemon=None):
    """[(end of the row's time, [values])], the step first; NaN is None."""
    command = [tool("rrdtool"), "fetch", str(path), "AVERAGE"]
    command += ["-s", str(int(start)), "-e", str(int(end))]
    if daemon:
        command += ["--daemon", f"unix:{daemon}"]
    said = subprocess.run(
        command, capture_output=True, check=True, encoding="utf-8",
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
    ).stdout
    rows = []
    for line in said.splitlines()[2:]:
        when, _, values = line.partition(":")
        numbers = [float(value) for value in values.split()]
        rows.append((int(when), [None if math.isnan(x) else x
                                 for x in numbers]))
    return rows[1][0] - rows[0][0], rows


def total(path, start, end, column=0):
    """The integral over the rows that are known."""
    step, rows = fetch(path, start, end)
    return sum(row[column] * step for _, row in rows
               if row[column] is not None)


def info(path):
    """What rrdtool says of a file, as {name: text}."""
    said = subprocess.run(
        [tool("rrdtool"), "info", str(path)], capture_output=True, check=True,
        encoding="utf-8",
    ).stdout
    return dict(line.split(" = ", 1) for line in said.splitlines())
