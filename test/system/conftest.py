# conftest: how the system tests run kelvin.
# SPDX-License-Identifier: MIT
"""Every test works on the program as built, from outside.

KELVIN names another program than build/kelvin; --asan takes the one with
sanitizers. Tests share nothing but what session fixtures hold, so any of them
can run alone or beside others.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
from collections import namedtuple

import pytest

import references

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
NOT_SHARED = "skipped: ../shared is not here"

# Exit codes of a file that was read in part: a warning is what matters.
FAULTY = (0, 1)

# What differs from run to run or from machine to machine.
VOLATILE = (
    "FLOW_ID",
    "NTOPNG_INSTANCE_NAME",
    "INTERFACE",
    "SRC_IP_COUNTRY",
    "DST_IP_COUNTRY",
    "SRC_IP_LOCATION",
    "DST_IP_LOCATION",
)


def pytest_addoption(parser):
    parser.addoption(
        "--asan",
        action="store_true",
        help="run the program that was built with sanitizers",
    )


def pytest_generate_tests(metafunc):
    """A test with `compared_file` runs for each file of ../shared/pcaps."""
    if "compared_file" in metafunc.fixturenames:
        names = [path.name for path in sorted((SHARED / "pcaps").glob("*"))]
        names = names or [pytest.param("", marks=pytest.mark.skip(NOT_SHARED))]
        metafunc.parametrize("compared_file", names, indirect=True)


@pytest.fixture(scope="session")
def is_asan(request):
    return request.config.getoption("--asan")


@pytest.fixture(scope="session")
def kelvin(is_asan):
    """The path of the program."""
    default = ROOT / "build" / ("asan/kelvin" if is_asan else "kelvin")
    path = pathlib.Path(os.environ.get("KELVIN", default)).resolve()
    if not path.exists():
        pytest.fail(f"{path} is not built: run make")
    return path


@pytest.fixture(scope="session")
def shared():
    """The path of a file in ../shared; skips where that is not."""

    def find(name):
        path = SHARED / name
        if not path.exists():
            pytest.skip(NOT_SHARED)
        return path

    return find


@pytest.fixture(scope="session")
def shared_pcaps():
    files = sorted((SHARED / "pcaps").glob("*"))
    if not files:
        pytest.skip(NOT_SHARED)
    return files


def tool(name):
    """The path of a program that a test compares with; skips without."""
    path = shutil.which(name)
    if not path:
        pytest.skip(f"skipped: {name} is not installed")
    return path


class Report:
    """The report on standard error, section by section.

    A section is an interface; its lines say what was counted.
    """

    def __init__(self, text):
        self.text = text

    def number(self, *words):
        """The number next to the first of these words that is there."""
        for word in words:
            pattern = rf"(?<![\w-]){word}(?![\w-])"
            for line in self.text.splitlines():
                hit = re.search(rf"{pattern}:?\s+([\d,]+)", line, re.I)
                hit = hit or re.search(rf"([\d,]+)\s+{pattern}", line, re.I)
                if hit:
                    return int(hit[1].replace(",", ""))
        raise AssertionError(f"no {'/'.join(words)} in report:\n{self.text}")


    def evicted(self, what):
        """How many flows or hosts made room for others."""
        for line in self.text.splitlines():
            if "evict" in line.lower() and what in line.lower():
                hit = re.search(rf"([\d,]+)\s+{what}", line)
                hit = hit or re.search(rf"{what}[^\d]*([\d,]+)", line)
                if hit:
                    return int(hit[1].replace(",", ""))
        raise AssertionError(f"no evicted {what} in report:\n{self.text}")


Result = namedtuple("Result", "records lines report stderr code")


def read_records(text):
    """One JSON object a line, keys unique; a bad one fails the test."""

    def unique(pairs):
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"a key appears twice: {keys}"
        return dict(pairs)

    return [
        json.loads(line, object_pairs_hook=unique)
        for line in text.split("\n")
        if line
    ]


def stable(record):
    """The record without what differs from run to run."""
    return {k: v for k, v in record.items() if k not in VOLATILE}


def quiet_environment():
    """Sanitizers stop at the first error, with a status of their own."""
    return {
        **os.environ,
        "ASAN_OPTIONS": "exitcode=99:detect_leaks=1",
        "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99:print_stacktrace=1",
        "TZ": "UTC",
    }


@pytest.fixture(scope="session")
def data_root(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def offline(kelvin, data_root):
    """Start arguments of a kelvin that asks nobody and serves nobody."""

    def arguments(*more):
        return [
            str(kelvin),
            "-r",
            "none",
            "--rrdcached",
            "none",
            "-w",
            "0",
            "-d",
            str(data_root),
            *map(str, more),
        ]

    return arguments


@pytest.fixture(scope="session")
def run_kelvin(offline):
    """Read capture files to the end; records come on standard output."""

    def run(capture, *more, expect=0, stdin=None, timeout=120):
        names = capture if isinstance(capture, (list, tuple)) else [capture]
        inputs = [word for name in names for word in ("-i", str(name))]
        done = subprocess.run(
            offline(
                *inputs,
                "-F",
                "file;-",
                "--shutdown-when-done",
                "-v",
                "2",
                *more,
            ),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env=quiet_environment(),
            timeout=timeout,
        )
        stderr = done.stderr.decode("utf-8", "backslashreplace")
        wanted = expect if isinstance(expect, tuple) else (expect,)
        assert done.returncode in wanted, (
            f"exit {done.returncode}, expected {wanted}:\n{stderr}"
        )
        text = done.stdout.decode("utf-8")
        return Result(
            read_records(text), text, Report(stderr), stderr, done.returncode
        )

    return run


@pytest.fixture(scope="session")
def compared(run_kelvin, shared_pcaps, tmp_path_factory):
    """By name, what kelvin, ndpiReader and tshark say of each file."""
    return references.compare_all(
        shared_pcaps,
        run_kelvin,
        tool("ndpiReader"),
        tool("tshark"),
        tmp_path_factory.mktemp("references"),
    )


@pytest.fixture
def compared_file(compared, request):
    return compared[request.param]


@pytest.fixture
def one_record(run_kelvin):
    """The only record that a capture makes."""

    def run(capture, *more):
        result = run_kelvin(capture, *more)
        assert len(result.records) == 1, result.lines or result.stderr
        return result.records[0]

    return run
