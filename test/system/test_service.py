# test_service: kelvin as its systemd unit runs it.
# SPDX-License-Identifier: MIT
"""Without systemd itself: its rules are read from the unit, its groups of
system calls from systemd-analyze, and applied as systemd applies them."""

import ctypes
import os
import pathlib
import platform
import re
import signal
import struct
import subprocess
import tempfile

import pytest

import captures
from captures import ether, udp
from conftest import ROOT, read_records, tool
from running import Running

UNIT = ROOT / "conf/kelvin.service"
NUMBERS = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")

# BPF: load the number of the call; jump if equal; return.
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # the latter with EPERM
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
NOBODY = 65534


def values(name):
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.M)


def calls_of(word):
    """The system calls that a word of SystemCallFilter= stands for."""
    if not word.startswith("@"):
        return {word}
    said = subprocess.run(
        [tool("systemd-analyze"), "--no-pager", "syscall-filter", word],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    words = [line.split("#")[0].strip() for line in said.splitlines()[1:]]
    return set().union(*[calls_of(word) for word in words if word])


def allowed_calls():
    calls = calls_of("@default")
    for value in values("SystemCallFilter"):
        named = set().union(*map(calls_of, value.lstrip("~").split()))
        calls = calls - named if value.startswith("~") else calls | named
    return calls


def filter_program(calls):
    known = dict(re.findall(r"#define __NR_(\w+) (\d+)", NUMBERS.read_text()))
    code = [struct.pack("HBBI", LOAD, 0, 0, 0)]
    for call in sorted(calls & known.keys()):
        code.append(struct.pack("HBBI", IF_EQUAL, 0, 1, int(known[call])))
        code.append(struct.pack("HBBI", RETURN, 0, 0, ALLOW))
    return b"".join([*code, struct.pack("HBBI", RETURN, 0, 0, REFUSE)])


def confine(program):
    """Apply it to this process and its children."""

    class Filter(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    libc = ctypes.CDLL(None)
    code = Filter(len(program) // 8, program)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        os._exit(90)
    if libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(code), 0, 0) != 0:
        os._exit(91)


def test_unit_is_safe_enough():
    said = subprocess.run(
        [tool("systemd-analyze"), "--no-pager", "security"]
        + ["--offline=true", str(UNIT)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    level = re.search(r"exposure level for .*: ([\d.]+)", said)
    assert level and float(level[1]) < 4, said


@pytest.fixture
def folder():
    """One that the user of the unit can enter, as those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="kelvin-test.") as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


def become_confined(program):
    """The user first: that is systemd's own work, not kelvin's."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    confine(program)


def test_system_calls_of_the_unit_are_enough(kelvin, is_asan, folder):
    """Also to give up rights, to choose cores, and to make a record."""
    if is_asan or platform.machine() != "x86_64" or not NUMBERS.exists():
        pytest.skip("skipped: made for the plain program on x86-64")
    program = filter_program(allowed_calls())
    path = captures.save(folder / "in.pcap", captures.frames([ether() / udp()]))
    data = folder / "data"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, NOBODY, NOBODY)
    words = ["-i", path, "-r", "none", "-w", "0", "-d", data, "-g", "0"]
    unit = Running(
        [str(word) for word in [kelvin, *words, "-F", f"file;{data}/all.json"]],
        folder,
        preexec_fn=lambda: become_confined(program),
    )
    try:
        unit.wait_said("all files are read")
        unit.send(signal.SIGHUP)
        unit.report()
        assert unit.end() == 0, unit.said()
        assert len(read_records((data / "all.json").read_text())) == 1
    finally:
        unit.kill()
