# test_lua_modules: the helper modules of Lua, by their tests in Lua.
# SPDX-License-Identifier: MIT
"""test/lua/test_*.lua run in Debian's interpreter and speak TAP."""

import json
import math
import os
import random
import re
import string
import subprocess

import pytest

from conftest import ROOT, SHARED, tool

TESTS = ROOT / "test/lua"
MODULES = ROOT / "scripts/lua/modules"
RESULT = re.compile(r"^(not ok|ok) \d+ - (.*)$", re.M)


def run_lua(*words, **more):
    """With our modules and those of the tests, and with no others."""
    return subprocess.run(
        [tool("lua5.3"), *words],
        cwd=TESTS,
        env={
            **os.environ,
            "LUA_INIT": "",
            "LUA_PATH": f"{MODULES}/?.lua;{TESTS}/?.lua",
            "LUA_CPATH": "",
            "TZ": "UTC",
        },
        capture_output=True,
        timeout=120,
        **more,
    )


@pytest.mark.parametrize(
    "name", [path.name for path in sorted(TESTS.glob("test_*.lua"))]
)
def test_modules(name):
    done = run_lua(name)
    said = done.stdout.decode("utf-8", "backslashreplace")
    results = RESULT.findall(said)
    assert "not ok" not in [result for result, _ in results], said
    # One that died half way has no plan.
    assert f"\n1..{len(results)}\n" in said, said + done.stderr.decode()
    assert (done.returncode, done.stderr) == (0, b"")


def test_every_module_loads_alone():
    for path in sorted(MODULES.glob("*.lua")):
        done = run_lua("-e", f"require '{path.stem}'")
        assert (done.returncode, done.stderr, done.stdout) == (0, b"", b"")


def test_the_harness_tells_failures_by_name():
    done = run_lua(
        "-e",
        """
        local t = require "harness"
        t.test("good", function() t.same(1, 1) end)
        t.test("differs", function() t.same({ 1.0 }, { 1 }, "type") end)
        t.test("no error", function() t.boom(function() end, {}, "boom") end)
        t.test("breaks", function() error("why") end)
        t.done()
        """,
    )
    said = done.stdout.decode()
    assert done.returncode == 1
    assert [result for result, _ in RESULT.findall(said)] == [
        "ok",
        "not ok",
        "not ok",
        "not ok",
    ]
    assert "type: got {[1] = 1.0}, want {[1] = 1}" in said
    assert "boom: no error" in said and "why" in said


AGAIN = """
local json = require "json"
for line in io.lines() do
  local value, at = json.decode(line, 1, json.null)
  if value == nil or line:find("[^ ]", at) then
    print("wrong")
  else
    print(json.encode(value))
  end
end
"""


def random_value(luck, depth=4):
    """What JSON can hold, and Lua too (no empty list beside an object)."""
    kind = luck.randrange(7 if depth else 5)
    if kind == 0:
        return luck.choice([None, True, False])
    if kind == 1:
        return luck.randrange(-(2**63), 2**63)
    if kind == 2:
        return luck.uniform(-1, 1) * 10.0 ** luck.randrange(-300, 300)
    if kind in (3, 4):
        letters = string.printable + "\0\x7f\u00e9\u2028\u20ac\U0001f600"
        return "".join(luck.choices(letters, k=luck.randrange(12)))
    values = [random_value(luck, depth - 1) for _ in range(luck.randrange(5))]
    if kind == 5:
        return values
    return {f"k{random_value(luck, 0)}": value for value in values}


def python_reads(text):
    """@return (is it JSON, its value), as Python's own parser has it."""

    def refuse(word):
        raise ValueError(word)

    def finite(digits):
        value = float(digits)
        return value if math.isfinite(value) else refuse(digits)

    try:
        value = json.loads(text, parse_constant=refuse, parse_float=finite)
    except ValueError:
        return False, None
    return True, value


def test_json_agrees_with_python():
    luck = random.Random(20170612)
    lines = [
        json.dumps(random_value(luck), ensure_ascii=luck.random() < 0.5)
        for _ in range(1500)
    ]
    for line in lines[:1000]:  # and with one character changed
        at = luck.randrange(len(line))
        new = luck.choice('{}[]",:\\0123456789.-+eEtfn ux')
        lines.append(line[:at] + new + line[at + luck.randrange(2) :])
    lines = [line for line in lines if "\r" not in line and "\n" not in line]
    done = run_lua("-e", AGAIN, input="\n".join(lines).encode())
    assert done.stderr == b""
    results = done.stdout.decode("utf-8").split("\n")[:-1]
    assert len(results) == len(lines)
    count = 0
    for line, result in zip(lines, results):
        is_json, value = python_reads(line)
        assert (result != "wrong") == is_json, (line, result)
        if is_json and not re.search(r"\\u[dD][89a-fA-F]|[0-9]{19}", line):
            assert json.loads(result) == value, line
            count += 1
    assert count > 500


EXAMPLE = """
local program = require "program"
local state = program.start()
require "lua_utils"
local hosts = {}
for i = 1, 9 do
  hosts["10.0.0." .. i] = { ["bytes.sent"] = i, ["bytes.rcvd"] = i * 100 }
end
interface.getHostsInfo = function() return { hosts = hosts } end
local flows = {}
for i = 1, 10 do
  flows[i] = { ["proto.14"] = "TCP", tcp_established = i < 8 }
end
interface.getFlowsInfo = function() return { flows = flows } end
print = function(...) io.write(table.concat({ ... }, " "), "\\n") end
dofile(arg[1])
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "top_hosts.lua",
            {"10.0.0.9 909", "10.0.0.8 808", "10.0.0.7 707"},
        ),
        ("not_established.lua", {"Too many flows not established"}),
    ],
)
def test_the_examples_of_the_talk_find_their_helpers(
    name, expected, tmp_path
):
    path = SHARED / "contracts/examples" / name
    if not path.exists():
        pytest.skip("skipped: ../shared is not here")
    script = tmp_path / "example.lua"
    script.write_text(EXAMPLE)
    done = run_lua(str(script), str(path))
    assert done.stderr == b""
    assert set(done.stdout.decode().splitlines()) == expected
