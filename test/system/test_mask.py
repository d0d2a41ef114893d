# test_mask: hosts that a preference hides. SPDX-License-Identifier: MIT
"""ntopng.prefs.host_mask by redis-cli: pages do not tell of hosts inside, or
outside, of the local networks; who runs scripts beside them still knows."""

import json
import shutil

import pytest

import captures
import web
from captures import CLIENT, SERVER, ether, udp
from conftest import ROOT
from running import wait_for
from test_redis import folder, redis  # noqa: F401 (fixtures)

V6_LOCAL, V6_REMOTE = "fd00::1", "2001:db8::9"
LOCAL = {CLIENT, V6_LOCAL}
REMOTE = {SERVER, V6_REMOTE}

# What a page is told, by every function that names hosts.
TELL = """
local json = require "dkjson"
local flows = {}
for _, flow in ipairs(interface.getFlowsInfo(nil,
    { detailsLevel = "high" }).flows) do
  flows[#flows + 1] = {
    flow["cli.ip"], flow["srv.ip"], flow["cli.host"], flow["srv.host"],
    flow["cli.allowed_host"], flow["srv.allowed_host"],
  }
end
local hosts, one, flows_of = {}, {}, {}
for key in pairs(interface.getHostsInfo().hosts) do hosts[#hosts + 1] = key end
local asked = {}
for _, key in ipairs { "%s" } do
  asked[key] = 0
  for _, of in ipairs { "ip=", "cli.ip=", "srv.ip=", "ip in ", "host=" } do
    local flows = assert(interface.getFlowsInfo(nil, { filter = of .. key }))
    asked[key] = math.max(asked[key], flows.numFlows)
  end
  one[key] = interface.getHostInfo(key) ~= nil
  flows_of[key] = #interface.getFlowsInfo(key).flows
end
local found = {}
for key in pairs(interface.findHost("") or {}) do found[#found + 1] = key end
print("HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n\\r\\n" ..
  json.encode { flows = flows, hosts = hosts, one = one, found = found,
    flows_of = flows_of, asked = asked })
""" % '", "'.join(sorted(LOCAL | REMOTE))


@pytest.fixture
def site(offline, redis, tmp_path):  # noqa: F811
    redis.start()
    scripts = tmp_path / "scripts"
    shutil.copytree(ROOT / "scripts", scripts)
    (scripts / "lua/tell.lua").write_text(TELL)
    capture = captures.save(
        tmp_path / "both.pcap",
        captures.frames(
            [
                ether() / udp(),
                ether() / udp(src=V6_LOCAL, dst=V6_REMOTE),
            ]
        ),
    )
    one = web.Site(offline, tmp_path, "-l", "1", "-2", scripts, "-r",
                   f"unix:{redis.path}", "-m", "10.1.0.0/16,fd00::/8",
                   "-i", capture)
    one.kelvin.wait_said("all files are read")
    yield one
    one.close()


def told(site):
    answer = site.ask("/lua/tell.lua?ifid=1")
    assert answer.status == 200, answer.text
    return json.loads(answer.text)


@pytest.mark.parametrize("mask, hidden", [(0, set()), (1, LOCAL), (2, REMOTE)])
def test_masked_hosts_are_not_told(mask, hidden, site, redis):  # noqa: F811
    shown = (LOCAL | REMOTE) - hidden
    redis.cli("set", "ntopng.prefs.host_mask", mask)
    wait_for(lambda: set(told(site)["hosts"]) == shown, lambda: told(site))
    now = told(site)
    assert set(now["found"]) == shown
    assert {key for key, there in now["one"].items() if there} == shown
    assert now["flows_of"] == {
        key: int(key in shown) for key in LOCAL | REMOTE
    }
    assert now["asked"] == now["flows_of"]
    assert len(now["flows"]) == 2
    for cli, srv, cli_name, srv_name, cli_link, srv_link in now["flows"]:
        none = "::" if ":" in cli + srv else "0.0.0.0"
        ends = (V6_LOCAL, V6_REMOTE) if none == "::" else (CLIENT, SERVER)
        wanted = [none if end in hidden else end for end in ends]
        assert [cli, srv] == [cli_name, srv_name] == wanted
        assert [cli_link, srv_link] == [end not in hidden for end in ends]


def test_endpoints_do_not_tell_either(site, redis):  # noqa: F811
    redis.cli("set", "ntopng.prefs.host_mask", 1)
    wait_for(lambda: set(told(site)["hosts"]) == REMOTE, lambda: told(site))
    for path in ("get_hosts_data.lua", "get_flows_data.lua",
                 f"get_host_data.lua?host={CLIENT}",
                 f"find_host.lua?query={CLIENT}"):
        separator = "&" if "?" in path else "?"
        text = site.ask(f"/lua/{path}{separator}ifid=1").text
        assert CLIENT not in text.replace(f"host={CLIENT}", ""), path
