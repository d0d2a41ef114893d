# test_snmp: scripts that ask agents. SPDX-License-Identifier: MIT
"""ntop.snmpget() and snmpgetnext() against net-snmp's own agent, and against
sockets that answer what no agent would."""

import json
import pathlib
import random
import shutil
import socket
import subprocess
import threading
import time

import pytest

import captures
import web
from captures import ether, udp
from conftest import ROOT, quiet_environment
from running import wait_for

SNMPD = shutil.which("snmpd", path="/usr/sbin:/usr/bin")
SYSTEM = "1.3.6.1.2.1.1"
NAME, CONTACT, UPTIME = f"{SYSTEM}.5.0", f"{SYSTEM}.4.0", f"{SYSTEM}.3.0"
OWN = "1.3.6.1.4.1.8072.9999"

VIEWS = """
view all included .1
sysName agent of a test
sysContact Änne <a@b>
sysLocation here
override {own}.1 octet_str 0x00ff41
override {own}.2 integer -5
override {own}.3 object_id .1.3.6.1.4.1.1
override {own}.4 octet_str ""
"""
BOTH = "rocommunity secret default\nrocommunity6 secret default\n"
V1_ALONE = """
com2sec ro default secret
group old v1 ro
access old "" v1 noauth exact all none none
"""


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.bind((host, 0))
        return one.getsockname()[1]


@pytest.fixture
def agent(tmp_path):
    """Start an agent; @return what kelvin calls it."""
    started = []

    def start(who=BOTH, v6=False):
        port = free_port(*((socket.AF_INET6, "::1") if v6 else ()))
        folder = tmp_path / f"agent{port}"
        folder.mkdir()
        address = f"udp6:[::1]:{port}" if v6 else f"udp:127.0.0.1:{port}"
        conf = folder / "snmpd.conf"
        conf.write_text(
            f"agentaddress {address}\n{who}" + VIEWS.format(own="." + OWN)
        )
        log = folder / "log"
        started.append(
            subprocess.Popen(
                [SNMPD, "-f", "-C", "-c", conf, "-Lf", log, "-p",
                 folder / "pid", "-I", "-smux"],
                env={"SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""},
                stderr=subprocess.DEVNULL,
            )
        )
        wait_for(lambda: log.exists() and "version" in log.read_text(),
                 "an agent")
        return f"[::1]:{port}" if v6 else f"127.0.0.1:{port}"

    if SNMPD is None:
        pytest.skip("skipped: snmpd is not installed")
    yield start
    for one in started:
        one.kill()
        one.wait()


@pytest.fixture
def run(offline, tmp_path):
    """Run a script; @return what each of its show() showed."""
    frames = captures.frames([ether() / udp()])
    capture = captures.save(tmp_path / "in.pcap", frames)

    def run(text):
        path = tmp_path / "script.lua"
        path.write_text(
            'local json = require "dkjson" local function show(...) '
            'io.write(json.encode({...}), "\\n") end ' + text
        )
        done = subprocess.run(
            offline("-s", "-n", "3", "-i", capture, "--run", path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env=quiet_environment(),
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def ask(run, function, host, *oids, community="secret"):
    words = ", ".join(json.dumps(word) for word in (host, community, *oids))
    (shown,) = run(f"show(ntop.{function}({words}))")
    return shown[0] if len(shown) == 1 else (None, shown[1])


def test_objects_are_told_by_their_oid(agent, run):
    host = agent()
    found = ask(run, "snmpget", host, NAME, f".{CONTACT}", UPTIME)
    assert found.pop(UPTIME).isdigit()
    assert found == {NAME: "agent of a test", f".{CONTACT}": "Änne <a@b>"}


def test_values_of_all_types(agent, run):
    mtu = pathlib.Path("/sys/class/net/lo/mtu").read_text().strip()
    index = pathlib.Path("/sys/class/net/lo/ifindex").read_text().strip()
    table = "1.3.6.1.2.1.2.2.1"
    octets = f"1.3.6.1.2.1.31.1.1.1.6.{index}"  # Counter64
    found = ask(
        run, "snmpget", agent(), f"{OWN}.1", f"{OWN}.2", f"{OWN}.3",
        f"{OWN}.4", f"{table}.4.{index}", f"{table}.5.{index}", octets,
        "1.3.6.1.2.1.4.20.1.1.127.0.0.1",
    )
    assert found.pop(octets).isdigit()
    assert found.pop(f"{table}.5.{index}").isdigit()  # Gauge32
    assert found == {
        f"{OWN}.1": "00:FF:41",
        f"{OWN}.2": "-5",
        f"{OWN}.3": "1.3.6.1.4.1.1",
        f"{OWN}.4": "",
        f"{table}.4.{index}": mtu,
        "1.3.6.1.2.1.4.20.1.1.127.0.0.1": "127.0.0.1",
    }


def test_next_objects_walk_a_tree(agent, run):
    host = agent()
    ((walked, names),) = run(
        f"""
        local at, names, walked = "{SYSTEM}", {{}}, 0
        while true do
          local found, why = ntop.snmpgetnext("{host}", "secret", at)
          assert(found, why)
          local oid, value = next(found)
          if oid:sub(1, #"{SYSTEM}." ) ~= "{SYSTEM}." then break end
          at, names[oid], walked = oid, value, walked + 1
        end
        show(walked, names)
        """
    )
    assert walked == len(names) > 6
    assert names[NAME] == "agent of a test"
    found = ask(run, "snmpgetnext", host, f"{SYSTEM}.4", f"{SYSTEM}.5")
    assert found == {CONTACT: "Änne <a@b>", NAME: "agent of a test"}


def test_what_the_agent_has_not_is_left_out(agent, run):
    host = agent()
    missing = f"{SYSTEM}.77.0"
    assert ask(run, "snmpget", host, NAME, missing) == {
        NAME: "agent of a test"
    }
    assert ask(run, "snmpget", host, missing) == (
        None, "127.0.0.1: it has no such object"
    )
    assert ask(run, "snmpgetnext", host, "2.9.9") == (
        None, "127.0.0.1: it has no such object"
    )


def test_an_agent_that_knows_version_1_alone(agent, run):
    host = agent(V1_ALONE)
    assert ask(run, "snmpget", host, NAME, 2) == {NAME: "agent of a test"}
    found, why = ask(run, "snmpget", host, f"{SYSTEM}.77.0", 2)
    assert found is None
    assert "noSuchName" in why


def test_ipv6(agent, run):
    assert ask(run, "snmpget", agent(v6=True), NAME) == {
        NAME: "agent of a test"
    }


def test_names_are_looked_up(agent, run):
    host = agent().replace("127.0.0.1", "localhost")
    assert ask(run, "snmpget", host, NAME)[NAME] == "agent of a test"
    assert ask(run, "snmpget", "no such host", NAME, 1)[0] is None


def test_a_wrong_community_gets_no_answer(agent, run):
    start = time.monotonic()
    found = ask(run, "snmpget", agent(), NAME, 1, community="public")
    assert found == (None, "127.0.0.1: no answer within 1 s")
    assert time.monotonic() - start > 1


class Mute:
    """Answers each question with what `say` makes of it, or not at all."""

    def __init__(self, say=lambda data: None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.asked, self.say = [], say
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                data, peer = self.socket.recvfrom(65536)
            except OSError:
                return
            self.asked.append(data)
            for answer in self.say(data) or ():
                self.socket.sendto(answer, peer)

    def close(self):
        # A thread that waits is woken by a datagram alone.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"", self.socket.getsockname())
        self.socket.close()


def test_it_asks_twice_in_each_version(run):
    mute = Mute()
    assert ask(run, "snmpget", mute.host, NAME, 1)[0] is None
    versions = [data[4] for data in mute.asked]  # 30 LEN 02 01 VERSION
    assert versions == [1, 1, 0, 0]
    mute.close()


def response(question):
    """The question as the answer that it would be: a GET becomes a
    response, its NULL an integer."""
    data = bytearray(question)
    data[data.index(0xA0)] = 0xA2
    return bytes(data)


def test_garbage_is_no_answer(run):
    rng = random.Random(7)

    def broken(question):
        good = response(question)
        for i in range(len(good)):
            yield good[:i]
            changed = bytearray(good)
            changed[i] ^= 1 << rng.randrange(8)
            if changed[4] in (0, 1):  # else it may be right by chance
                yield bytes(changed[:2]) + b"\xff" + bytes(changed[3:])
        yield bytes(rng.randrange(256) for _ in range(1400))
        yield b"\x30\x84\xff\xff\xff\xff" + good[2:]
        yield b"\x30\x80" * 600

    liar = Mute(broken)
    found = ask(run, "snmpget", liar.host, NAME, 1)
    assert found == (None, "127.0.0.1: no answer within 1 s")
    liar.close()


def test_bad_arguments_are_told(run):
    for host in ("", ":161", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000",
                 "[::1", "[::1]x", "h" * 300):
        assert ask(run, "snmpget", host, NAME)[1] == (
            "no host, or no port behind it"
        ), host
    for oid in ("", ".", "1", "1.", "1..2", "1.x", "sysName.0", "1.3.-1",
                "1.3.4294967296", "1." * 127 + "1.1.1.1"):
        assert ask(run, "snmpget", "127.0.0.1", oid)[1] == (
            "an OID has numbers and dots"
        ), oid
    many = ", ".join(f"'1.3.{i}'" for i in range(33))
    shown = run(
        "show(pcall(ntop.snmpget)) show(pcall(ntop.snmpget, 'h', 'c')) "
        f"show(pcall(ntop.snmpget, 'h', 'c', {many})) "
        "show(pcall(ntop.snmpgetnext, 'h', 'c', {}))"
    )
    assert all(not row[0] and "expected" in row[1] for row in shown)


def test_many_pages_wait_and_others_are_answered(offline, tmp_path):
    mute = Mute()
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    pages = tmp_path / "scripts/lua"
    (pages / "wait.lua").write_text(
        f"print(select(2, ntop.snmpget('{mute.host}', 'c', '{NAME}', 2)))"
    )
    (pages / "hello.lua").write_text("print('hello')")
    site = web.Site(offline, tmp_path, "-l", "1", "-2", tmp_path / "scripts")
    said = []
    threads = [
        threading.Thread(
            target=lambda own: said.append(
                site.ask("/lua/wait.lua", own=own).text
            ),
            args=[f"127.0.1.{i % 8}"],  # an address may have so many
        )
        for i in range(80)
    ]
    for thread in threads:
        thread.start()
    assert site.ask("/lua/hello.lua").text == "hello"
    for thread in threads:
        thread.join(30)
    assert set(said) == {"too many requests at once",
                         "127.0.0.1: no answer within 2 s"}
    assert len(said) == 80
    assert site.ask("/lua/hello.lua").text == "hello"
    site.close()
    mute.close()
