# test_lua_modules: the helper modules of Lua, by their tests in Lua.
# SPDX-License-Identifier: MIT
"""test/lua/test_*.lua run in Debian's interpreter and speak TAP."""

import os
import re
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
