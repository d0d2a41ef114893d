# test_restore: scripts and the hosts that Redis keeps.
# SPDX-License-Identifier: MIT
"""interface.restoreHost() and its kin, by a script of --run that watches the
loopback, with a redis-server of its own."""

import json
import socket
import subprocess

import pytest

from conftest import quiet_environment
from running import wait_for
from test_redis import folder, needs_root, redis  # noqa: F401 (fixtures)

pytestmark = needs_root

KEY = "ntopng.serialized_hosts.ifid_0__{}@0"
IDLE = "127.0.0.99"
OLD = {
    "v": 1,
    "seen.first": 1500000000,
    "symbolic_name": "old name",
    "ip": {"ipVersion": 4, "localHost": True, "ip": IDLE},
    "tcp_rcvd": {"packets": 1000, "bytes": 64000},
    "udp_sent": {"packets": 2, "bytes": 300},
}

PRELUDE = """
local json = require "dkjson"
local function show(...)
  local t = table.pack(...)
  for i = 1, t.n do if t[i] == nil then t[i] = "nil" end end
  io.write(json.encode({table.unpack(t, 1, t.n)}), "\\n")
end
while ntop.getHashCache("ntopng.prefs.iface_id", "lo") == "" do end
"""


@pytest.fixture
def run(kelvin, redis, tmp_path):  # noqa: F811
    """Run a script that watches; @return what each of its show() showed."""
    redis.start()
    redis.cli("hset", "ntopng.prefs.iface_id", "lo", 0, 0, "lo")

    def run(text):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        script = tmp_path / "script.lua"
        script.write_text(PRELUDE + text)
        done = subprocess.run(
            [str(kelvin), "-i", f"lo;udp dst port {port}", "-s", "-w", "0",
             "-d", tmp_path / "data", "-n", "3", "-r", f"unix:{redis.path}",
             "--run", script, "--run-after", "1"],
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


def test_an_idle_host_is_there_again(run, redis):  # noqa: F811
    redis.cli("set", KEY.format(IDLE), json.dumps(OLD))
    before, restored, host, again, bytes_now, latest = run(
        f"""
        show(interface.getHostInfo("{IDLE}"))
        show(interface.restoreHost("{IDLE}"))
        local host = interface.getHostInfo("{IDLE}")
        show(host["bytes.rcvd"], host["bytes.sent"], host["seen.first"],
          host.name, (json.decode(host.json)))
        show(interface.restoreHost("{IDLE}"))
        show(interface.getHostInfo("{IDLE}")["bytes.rcvd"])
        local latest = interface.getLatestActivityHostsInfo()["{IDLE}"]
        show(latest["bytes.rcvd"], latest["bytes.sent"], latest.ip)
        """
    )
    assert before[0] == "nil"
    assert restored == again == [True]
    assert host[:4] == [64000, 300, 1500000000, "old name"]
    assert host[4]["tcp_rcvd"] == OLD["tcp_rcvd"]
    assert host[4]["ip"] == OLD["ip"]
    assert bytes_now == [64000]
    assert latest == [0, 0, IDLE]


def test_what_cannot_be_restored_is_told(run, redis):  # noqa: F811
    redis.cli("set", KEY.format("127.0.0.98"), "nonsense")
    redis.cli("hset", KEY.format("127.0.0.97"), "a", "b")
    redis.cli("set", KEY.format("127.0.0.96"), json.dumps(OLD))
    redis.cli("set", KEY.format("192.0.2.1"), json.dumps(OLD))
    shown = run(
        """
        for _, host in ipairs { "127.0.0.95", "127.0.0.98", "127.0.0.97",
            "127.0.0.96", "192.0.2.1", "nowhere" } do
          show(interface.restoreHost(host))
        end
        show(interface.restoreHost())
        """
    )
    whys = [why for _, why in shown]
    assert whys[0] == "nothing is kept of it"
    assert whys[1] == whys[3] == "what is kept of it cannot be read"
    assert "WRONGTYPE" in whys[2]
    assert whys[4] == "hosts like it are not kept"
    assert whys[5] == whys[6] == "expected restoreHost(host, skip_check?)"


def test_hosts_are_written_when_a_script_says_so(run, redis):  # noqa: F811
    redis.cli("set", KEY.format(IDLE), json.dumps(OLD))
    ((done,), (again,)) = run(
        f"""
        assert(interface.restoreHost("{IDLE}"))
        ntop.delCache("{KEY.format(IDLE)}")
        show(interface.dumpLocalHosts2redis())
        while ntop.getCache("{KEY.format(IDLE)}") == "" do end
        show((json.decode(ntop.getCache("{KEY.format(IDLE)}"))))
        """
    )
    assert done is True
    assert again["tcp_rcvd"] == OLD["tcp_rcvd"]
    wait_for(lambda: 0 < int(redis.cli("ttl", KEY.format(IDLE))) <= 3600,
             "a time to live")
