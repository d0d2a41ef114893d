# test_lua_alerts: scripts that raise alerts. SPDX-License-Identifier: MIT

import subprocess

import pytest

import captures
from captures import Tcp, ether, udp
from conftest import ROOT, quiet_environment
from running import Running, wait_for

EXAMPLE = ROOT / "scripts/callbacks/examples/not_established.lua"


@pytest.fixture
def run(offline, tmp_path):
    """Run a text over a capture; what it printed, and what was logged."""

    def run_over(text, lines=None):
        script = tmp_path / "script.lua"
        script.write_text(text)
        lines = lines or captures.frames([ether() / udp()])
        path = captures.save(tmp_path / "in.pcap", lines)
        done = subprocess.run(
            offline("-i", path, "-s", "-v", "3", "--run", script),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env=quiet_environment(),
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    return run_over


ENGAGE = {
    "Host": 'interface.{}HostAlert(0, "10.1.0.1", "id", 2, 1, "text")',
    "Network": 'interface.{}NetworkAlert(0, "10.0.0.0/8", "id", 2, 1, "text")',
    "Interface": 'interface.{}InterfaceAlert(0, "id", 2, 1, "text")',
}


def test_hosts_are_sorted_by_their_alerts(run):
    printed, _ = run(
        f"{ENGAGE['Host'].format('engage')}\n"
        "for _, up in ipairs { false, true } do\n"
        "  local found = interface.getHostsInfo(false, 'column_alerts', 1, 0,"
        " up)\n"
        "  for _, host in pairs(found.hosts) do\n"
        "    print(host.ip == '10.1.0.1', host.num_alerts)\n"
        "  end\n"
        "end")
    assert printed.splitlines() == ["true\t1", "false\t0"]


@pytest.mark.parametrize("entity", ENGAGE)
def test_alert_begins_once_and_ends_once(entity, run):
    engage, release = (ENGAGE[entity].format(v) for v in ("engage", "release"))
    count = "interface.getCachedNumAlerts().num_alerts_engaged"
    text = "\n".join(
        [
            f"print({release})",
            f"print({engage}, {count})",
            f"print({engage}, {count})",
            f"print({release}, {count})",
            f"print({release})",
            "print(interface.getCachedNumAlerts().alerts_stored)",
        ]
    )
    printed, logged = run(text)
    assert printed.splitlines() == [
        "nil\tthere is no such alert",
        "true\t1",
        "true\t1",
        "true\t0",
        "nil\tthere is no such alert",
        "true",
    ]
    told = [line for line in logged.splitlines() if line.endswith(": text")]
    assert [" begins: " in line for line in told] == [True, False], logged
    assert " is over: " in told[1]


@pytest.mark.parametrize(
    "call",
    [
        "engageHostAlert()",
        'engageHostAlert(0, "nobody", "id", 2, 1, "text")',
        'engageHostAlert(9, "10.1.0.1", "id", 2, 1, "text")',
        'engageHostAlert(0, "10.1.0.1", {}, 2, 1, "text")',
        'engageHostAlert(0, "10.1.0.1", "id", 2, 77, "text")',
        'engageInterfaceAlert(0, "", 2, 1, "text")',
        "engageNetworkAlert(0, nil, nil, nil, nil, nil)",
    ],
)
def test_bad_arguments_are_nil_and_why(call, run):
    printed, logged = run(f"print(interface.{call})")
    assert printed == "nil\tbad arguments\n"
    assert "begins" not in logged


ASKED = """
for i = 1, 30 do
  interface.engageHostAlert(i % 2, "10.1.0." .. i, "id" .. i, i % 3, 1,
    "text " .. i)
end
for i = 1, 20 do
  interface.releaseHostAlert(i % 2, "10.1.0." .. i, "id" .. i, i % 3, 1, "")
end
local function ask(what, ...)
  local rows, why = interface.queryAlertsRaw(...)
  if not rows then print(what, "nil", why) return end
  local words = {}
  for _, row in ipairs(rows) do
    words[#words + 1] = row.alert_entity_val or row.count or row.n
  end
  print(what, table.concat(words, " "))
end
ask("all", true, "SELECT *", "ORDER BY alert_entity_val")
ask("some", true, "SELECT *",
  "WHERE alert_type = 1 AND alert_id LIKE 'id2%' ORDER BY alert_id DESC")
ask("page", true, "SELECT alert_entity_val",
  "ORDER BY alert_entity_val LIMIT 2,3")
ask("count", true, "SELECT COUNT(*) AS count", "WHERE alert_engine = 1")
ask("closed", false, "SELECT count(*) count")
ask("groups", false, "SELECT alert_type, COUNT(*) AS n", "GROUP BY alert_type")
ask("bad", true, "SELECT * FROM x")
ask("worse", true, nil, 7)
ask("delete", true, "DELETE", "WHERE alert_type = 2")
ask("left", true, "SELECT COUNT(*) AS count")
ask("flows", true, "SELECT COUNT(*) AS count")
print(#interface.queryFlowAlertsRaw("SELECT *"))
local host = interface.getHostInfo("10.1.0.1")
print(host.num_alerts)
interface.engageHostAlert(0, "10.1.0.1", "a", 2, 1, "")
interface.engageHostAlert(0, "10.1.0.1", "b", 2, 1, "")
print(interface.getHostInfo("10.1.0.1").num_alerts,
  interface.getHostsInfo(true, "column_ip", 1, 0, true)
    .hosts["10.1.0.1"].num_alerts)
"""


def test_alerts_are_asked_for_in_sql(run):
    printed, _ = run(ASKED)
    told = dict(line.split("\t", 1) for line in printed.splitlines()
                if line.count("\t") and not line[0].isdigit())  # fmt: skip
    on = [f"10.1.0.{i}@0" for i in range(21, 31)]
    assert told["all"].split() == on
    assert told["some"].split() == ["10.1.0.28@0", "10.1.0.25@0",
                                    "10.1.0.22@0"]  # fmt: skip
    assert told["page"].split() == on[2:5]
    assert told["count"] == "5"
    assert told["closed"] == "20"
    assert sorted(told["groups"].split()) == ["6", "7", "7"]
    assert told["bad"].startswith("nil\tthe selection goes on")
    assert told["worse"].startswith("nil\t")
    assert told["delete"] == ""
    assert told["left"] == "7"
    assert printed.splitlines()[-3:] == ["0", "0", "2\t2"]


def connections(good, bad):
    """TCP connections, the bad ones of a SYN alone."""
    lines = []
    for port in range(2000, 2000 + good + bad):
        tcp = Tcp(sport=port, dport=80)
        if port < 2000 + good:
            tcp.open().client(b"x").server(b"y")
        else:
            tcp.send("c", "S")
        lines += tcp.frames
    return sorted(lines, key=lambda line: line.when)


@pytest.mark.parametrize("good, bad, alerts", [(30, 2, 0), (30, 10, 1)])
def test_example_tells_of_connections_that_fail(good, bad, alerts, run):
    printed, logged = run(
        EXAMPLE.read_text()
        + "print(interface.getCachedNumAlerts().num_alerts_engaged)",
        connections(good, bad),
    )
    assert printed == f"{alerts}\n"
    assert logged.count("10 of 40 TCP flows are not established") == alerts


def test_example_runs_by_the_clock(offline, tmp_path):
    """As a callback, on the clock of the capture."""
    folder = tmp_path / "callbacks"
    (folder / "user").mkdir(parents=True)
    (folder / "user/minute.lua").write_text(EXAMPLE.read_text())
    lines = [
        line._replace(when=line.when + 19 * captures.SECOND)
        for line in connections(5, 20)
    ]
    path = captures.save(tmp_path / "in.pcap", lines)
    kelvin = Running(
        offline("-i", path, "-s", "-v", "3", "--callbacks-dir", folder),
        tmp_path,
    )
    try:
        kelvin.wait_said("20 of 25 TCP flows are not established")
        wait_for(lambda: kelvin.said().count("begins") >= 1, kelvin.said)
        assert kelvin.end() == 0
        assert "is over" not in kelvin.said()
    finally:
        kelvin.kill()
