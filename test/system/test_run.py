# test_run: scripts over captures, and by the clock.
# SPDX-License-Identifier: MIT

import os
import re
import signal
import subprocess
import time

import pytest

import captures
from captures import ether, udp
from conftest import quiet_environment, read_records
from running import PATIENCE, Running, wait_for

LINES = captures.frames([ether() / udp(sport=p) for p in range(1000, 1020)])


@pytest.fixture
def capture(tmp_path):
    return captures.save(tmp_path / "in.pcap", LINES)


@pytest.fixture
def installed(tmp_path):
    """An installation directory with folders for scripts."""
    root = tmp_path / "install"
    (root / "scripts/lua/modules").mkdir(parents=True)
    (root / "scripts/callbacks/user").mkdir(parents=True)
    return root


@pytest.fixture
def run_script(offline, capture, tmp_path):
    """Run a text with --run; @return the finished process."""

    def run(text, *words, options=(), stdout=subprocess.PIPE, timeout=60):
        path = tmp_path / "script.lua"
        path.write_text(text)
        return subprocess.run(
            offline(
                *["-i", capture, "-s", "-v", "1", *options],
                *["--run", path, *words],
            ),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=quiet_environment(),
            timeout=timeout,
            check=False,
        )

    return run


def test_script_prints_and_the_program_ends(run_script):
    done = run_script("print('hello', 1, nil, 1.5)\nio.write('a', 2, '\\n')")
    assert (done.returncode, done.stdout) == (0, "hello\t1\tnil\t1.5\na2\n")
    assert done.stderr == ""


def test_words_after_the_script_are_its_own(run_script):
    done = run_script(
        "print(#arg, arg[0]:match('[^/]*$'), ...)", "one", "-i", "two words"
    )
    assert done.stdout == "3\tscript.lua\tone\t-i\ttwo words\n"


def test_error_is_told_with_its_place_and_fails(run_script):
    done = run_script("local function f()\n  error('oh')\nend\nprint(1) f()")
    assert (done.returncode, done.stdout) == (1, "1\n")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("kelvin: ")
    assert lines[0].endswith("script.lua:2: oh")
    assert lines[1] == "stack traceback:"
    assert any("script.lua:4:" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = = 1", "script.lua:1: unexpected symbol near '='"),
        ("\x1bLua", "script.lua: byte-code is not loaded"),
        ("error({})", "error object is a table value"),
        ("error(setmetatable({}, {__tostring=function() return 'me' end}))",
         "kelvin: me"),
        ("local function f() return 1 + f() end f()", "stack overflow"),
        ("local s = ('x'):rep(2^31 - 1)", "not enough memory"),
        ("ntop.mkdir()", "ntop.mkdir: expected mkdir(path: string)"),
        ("require 'nothing'", "module 'nothing' not found"),
        ("os.exit(3)", "attempt to call a nil value (field 'exit')"),
    ],
)  # fmt: skip
def test_what_fails_says_why(text, expected, run_script):
    done = run_script(text)
    assert done.returncode == 1
    assert expected in done.stderr


def test_script_that_is_not_there(offline, capture):
    done = subprocess.run(
        offline("-i", capture, "--run", "/nowhere/x.lua"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "/nowhere/x.lua" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_flows_are_still_there_and_exported_afterwards(run_script, tmp_path):
    """Nothing has been exported when the script runs, all is at the end."""
    out = tmp_path / "flows.json"
    done = run_script(
        "print(ntop.exists(arg[1]), ntop.notEmptyFile(arg[1]))",
        out,
        options=["-F", f"file;{out}"],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "true\tfalse\n"
    assert len(read_records(out.read_text())) == len(LINES)


def test_output_is_whole_however_slowly_it_is_read(offline, capture, tmp_path):
    path = tmp_path / "script.lua"
    path.write_text("for i = 1, 200000 do print(i) end")
    process = subprocess.Popen(
        offline("-i", capture, "--run", path),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(0.3)
    text = process.stdout.read().decode()
    process.stdout.close()
    assert process.wait(PATIENCE) == 0
    assert text == "".join(f"{i}\n" for i in range(1, 200001))


def test_output_to_a_file(run_script, tmp_path):
    with (tmp_path / "out").open("w") as out:
        done = run_script("for i = 1, 99999 do print(i) end", stdout=out)
    assert done.returncode == 0
    text = (tmp_path / "out").read_text()
    assert text == "".join(f"{i}\n" for i in range(1, 100000))


def test_reader_that_goes_away_ends_the_script(run_script):
    reader, writer = os.pipe()
    os.close(reader)
    done = run_script("while true do print('x') end", stdout=writer)
    os.close(writer)
    assert done.returncode == 1
    assert "standard output: Broken pipe" in done.stderr


def test_full_disk_ends_the_script(run_script):
    with open("/dev/full", "w") as full:
        done = run_script("while true do print('x') end", stdout=full)
    assert done.returncode == 1
    assert "No space left" in done.stderr


def test_signal_ends_an_endless_script(offline, capture, tmp_path):
    path = tmp_path / "script.lua"
    path.write_text(
        "print('begun')\nwhile true do pcall(function() while true do end end)"
        " end"
    )
    kelvin = Running(offline("-i", capture, "--run", path), tmp_path)
    wait_for(lambda: kelvin.out.read_text() == "begun\n", kelvin.said)
    assert kelvin.end(signal.SIGINT) == 1


def test_helpers_are_loaded_before(run_script, installed):
    modules = installed / "scripts/lua/modules"
    (modules / "lua_utils.lua").write_text("function helper() return 42 end")
    (modules / "other.lua").write_text("return 'other'")
    done = run_script(
        "dirs = ntop.getDirs()\n"
        "package.path = dirs.installdir .. '/scripts/lua/modules/?.lua;'"
        " .. package.path\n"
        "print(helper(), require('other'), (require('lua_utils')))",
        options=["-t", installed],
    )
    assert done.stdout == "42\tother\ttrue\n", done.stderr


def test_modules_beside_the_script_are_found(run_script, tmp_path):
    (tmp_path / "mine.lua").write_text("return 'mine'")
    assert run_script("print(require('mine'))").stdout == "mine\n"


def test_run_after_waits_on_a_live_interface(offline, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("skipped: only root can capture")
    path = tmp_path / "script.lua"
    path.write_text("print('later')")
    begin = time.monotonic()
    done = subprocess.run(
        offline("-i", "lo", "-s", "--run-after", "1", "--run", path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "later\n"), done.stderr
    assert time.monotonic() - begin >= 1


# --- Callbacks ---


# A network of its own: its loopback is down, which is an interface all the
# same, and has a clock.
ALONE = ["unshare", "--map-root-user", "--net", "--"]


@pytest.fixture
def start(offline, installed, tmp_path):
    """Start a kelvin that watches an interface and runs callbacks."""
    if subprocess.run([*ALONE, "true"], check=False).returncode != 0:
        pytest.skip("skipped: no namespaces here")
    started = []

    def run(*arguments):
        command = offline(
            *["-i", "lo", "-s", "-t", installed, "-v", "3", *arguments]
        )
        started.append(Running([*ALONE, *command], tmp_path))
        return started[-1]

    yield run
    for one in started:
        one.kill()


def test_callbacks_run_from_start_to_end(start, installed):
    callbacks = installed / "scripts/callbacks"
    (callbacks / "startup.lua").write_text("print('good morning')")
    (callbacks / "second.lua").write_text("print('tick')")
    (callbacks / "user/second_mine.lua").write_text("print('tock')")
    (callbacks / "shutdown.lua").write_text("print('good night')")
    kelvin = start()
    kelvin.wait_said("second: tock", 2)
    assert kelvin.end() == 0
    said = kelvin.said()
    assert said.index("good morning") < said.index("tick")
    assert said.index("tick") < said.index("tock")
    assert "shutdown: good night" in said


def test_other_directory_of_callbacks(start, tmp_path, installed):
    other = tmp_path / "other"
    other.mkdir()
    (other / "startup.lua").write_text("print('from there')")
    startup = installed / "scripts/callbacks/startup.lua"
    startup.write_text("print('from here')")
    kelvin = start("--callbacks-dir", other)
    kelvin.wait_said("from there")
    assert kelvin.end() == 0
    assert "from here" not in kelvin.said()


def test_bad_callbacks_harm_nobody(start, installed):
    """What is wrong is said with its place; the others go on."""
    callbacks = installed / "scripts/callbacks"
    (callbacks / "second.lua").write_text("print('alive')")
    user = callbacks / "user"
    (user / "startup_loop.lua").write_text(
        "while true do pcall(function() while true do end end) end"
    )
    (user / "second_a.lua").write_text("\nerror('oh')")
    (user / "second_b.lua").write_text("local s = ('x'):rep(1e9)")
    (user / "second_c.lua").write_text("x = = 1")
    (user / "second_d.lua").write_text(
        "setmetatable({}, {__gc = function() while true do end end})"
    )
    kelvin = start()
    kelvin.wait_said("second: alive", 3)
    said = kelvin.said()
    assert "second_a.lua:2: oh" in said
    assert "stack traceback" in said
    assert "not enough memory" in said
    assert "second_c.lua:1: unexpected symbol" in said
    assert kelvin.end() == 0


def test_callbacks_are_found_again_on_sighup(start, installed):
    kelvin = start()
    kelvin.wait_said("watching lo")
    path = installed / "scripts/callbacks/second.lua"
    path.write_text("print('new')")
    kelvin.send(signal.SIGHUP)
    kelvin.wait_said("second: new")
    assert kelvin.end() == 0


def test_second_signal_does_not_wait_for_callbacks(start, installed):
    path = installed / "scripts/callbacks/shutdown.lua"
    path.write_text("print('last') while true do end")
    kelvin = start()
    kelvin.wait_said("watching lo")
    kelvin.send(signal.SIGTERM)
    kelvin.wait_said("shutdown: last")
    time.sleep(0.6)  # sooner it would count as an echo of the first
    begin = time.monotonic()
    assert kelvin.end() == 0
    assert time.monotonic() - begin < 4


# --- Callbacks on the clock of a capture ---

TELL = """
local s, names = interface.getStats(), {}
for _, name in pairs(interface.getIfNames()) do names[#names + 1] = name end
print(table.concat({os.date("!%H:%M:%S"), s.name, s.stats.packets,
  s.stats.flows, table.concat(names, ",")}, " "))
"""


@pytest.fixture
def read(offline, installed):
    """Read captures to the end; @return what callbacks printed, by kind."""

    def run(*paths, options=()):
        inputs = [word for path in paths for word in ("-i", path)]
        done = subprocess.run(
            offline(*inputs, "-s", "-t", installed, "-v", "3",
                    "--shutdown-when-done", *options),  # fmt: skip
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env=quiet_environment(),
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        said = re.findall(r" lua: (\w+): (.*)", done.stderr)
        return [(kind, text.split()) for kind, text in said]

    return run


def test_ten_hours_in_a_moment(read, installed, tmp_path):
    """Each callback finds what had come before its time, and no more."""
    for kind in ("minute", "5min", "hourly", "daily"):
        path = installed / f"scripts/callbacks/{kind}.lua"
        path.write_text(TELL)
    # A packet each 10 seconds for ten hours from 12:26:40 on.
    every, hours = 10, 10
    count = hours * 3600 // every
    lines = [
        captures.frame(ether() / udp(sport=1000 + i % 50000), i * every)
        for i in range(count)
    ]
    began = time.monotonic()
    said = read(captures.save(tmp_path / "long.pcap", lines))
    assert time.monotonic() - began < 60

    start, last = captures.START, captures.START + (count - 1) * every
    expected = []
    for now in range(start // 60 * 60 + 60, last + 2, 60):
        clock = time.strftime("%H:%M:%S", time.gmtime(now))
        packets = (now - start + every - 1) // every
        for kind, period in (
            ("minute", 60),
            ("5min", 300),
            ("hourly", 3600),
            ("daily", 86400),
        ):
            if now % period == 0:
                expected.append((kind, clock, str(packets)))
    assert [(kind, words[0], words[2]) for kind, words in said] == expected
    assert len([1 for kind, *_ in expected if kind == "minute"]) == 600
    assert {(words[1], words[4]) for _, words in said} == {
        ("long.pcap", "long.pcap")
    }
    # Flows that were silent for a minute are gone.
    assert max(int(words[3]) for _, words in said) <= 60 // every + 1


def test_each_capture_has_its_own_clock(read, installed, tmp_path):
    (installed / "scripts/callbacks/minute.lua").write_text(TELL)
    paths = []
    for name, minutes in (("a.pcap", 3), ("b.pcap", 5)):
        lines = [
            captures.frame(ether() / udp(), 60 * i) for i in range(minutes)
        ]
        paths.append(captures.save(tmp_path / name, lines))
    said = read(*paths)
    clocks = [f"12:{minute}:00" for minute in range(27, 31)]
    for name, minutes in (("a.pcap", 2), ("b.pcap", 4)):
        mine = [words[0] for _, words in said if words[1] == name]
        assert mine == clocks[:minutes]
    assert {tuple(words[1::3]) for _, words in said} == {
        ("a.pcap", "a.pcap"),
        ("b.pcap", "b.pcap"),
    }


def test_last_second_of_a_capture_ends_too(read, installed, tmp_path):
    (installed / "scripts/callbacks/minute.lua").write_text(TELL)
    lines = [captures.frame(ether() / udp(), at) for at in (0, 19.5)]
    said = read(captures.save(tmp_path / "in.pcap", lines))
    assert [words[:3] for _, words in said] == [
        ["12:27:00", "in.pcap", "2"]
    ]


def test_slow_callback_holds_its_capture_only(read, installed, tmp_path):
    """The other one is read meanwhile; nothing of the slow one is left out."""
    (installed / "scripts/callbacks/minute.lua").write_text(
        """
        if interface.getDefaultIfName() == "a.pcap" then
          local begin = os.clock()
          while os.clock() - begin < 0.3 do end
        end
        """
        + TELL
    )
    lines = [captures.frame(ether() / udp(), 60 * i) for i in range(4)]
    said = read(
        captures.save(tmp_path / "a.pcap", lines),
        captures.save(tmp_path / "b.pcap", lines),
    )
    names = [words[1] for _, words in said]
    assert names == ["b.pcap"] * 3 + ["a.pcap"] * 3
    assert [words[2] for _, words in said] == ["1", "2", "3"] * 2


def test_failing_callbacks_do_not_stop_a_capture(read, installed, tmp_path):
    callbacks = installed / "scripts/callbacks"
    (callbacks / "minute.lua").write_text("error('oh')")
    (callbacks / "user/minute_b.lua").write_text(
        "for _ = 1, 1e9 do local s = ('x'):rep(1e9) end"
    )
    (callbacks / "user/minute_c.lua").write_text(TELL)
    lines = [captures.frame(ether() / udp(), 60 * i) for i in range(4)]
    said = read(captures.save(tmp_path / "in.pcap", lines))
    told = [words[0] for kind, words in said if kind == "minute"]
    assert told == ["12:27:00", "12:28:00", "12:29:00"]
