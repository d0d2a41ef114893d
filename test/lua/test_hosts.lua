-- test_hosts: addresses, names, interfaces, alerts.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local program = require "program"
local addresses = require "addresses"
local json = require "json"

local function all(name, call, good, bad)
  t.test(name, function()
    for _, text in ipairs(good) do t.same(call(text), true, text) end
    for _, text in ipairs(bad) do t.same(call(text), false, text) end
  end)
end

all("IPv4", addresses.is_ipv4,
  { "0.0.0.0", "10.0.0.1", "255.255.255.255" },
  { "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.-4", "1.2.3.4 ", "a.b.c.d",
    "1.2.3.0004", "1..2.3", "0x1.2.3.4", "::1", "1.2.3.4\n", "1.2.3.4/8" })

all("IPv6", addresses.is_ipv6,
  { "::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "2001:DB8::", "1::8",
    "::ffff:10.0.0.1", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
    "1:2:3:4:5:6:10.0.0.1" },
  { "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1::",
    "1:2:3:4:5:6:7:8::", "::12345", "::g", "fe80::1%eth0", "1.2.3.4",
    "::1.2.3", "::256.0.0.1", "::1.2.3.4:1", ":1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7:1.2.3.4", "::1 ", ("1:"):rep(100) })

all("MAC", addresses.is_mac,
  { "00:11:22:33:44:55", "AA:bb:CC:dd:EE:ff" },
  { "", "00:11:22:33:44", "00:11:22:33:44:55:66", "00-11-22-33-44-55",
    "0:1:2:3:4:5", "00:11:22:33:44:5g", "001122334455" })

all("network", addresses.is_network,
  { "10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32", "fe80::/10", "::/0", "::1/128" },
  { "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "fe80::/129", "/8", "x/8",
    "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/1000" })

t.test("keys of hosts", function()
  local key = addresses.hostkey2hostinfo
  t.same(key "10.0.0.1@5", { host = "10.0.0.1", vlan = 5 })
  t.same(key "10.0.0.1", { host = "10.0.0.1", vlan = 0 })
  t.same(key "fe80::1@12", { host = "fe80::1", vlan = 12 })
  t.same(key "a@b", { host = "a@b", vlan = 0 })
  t.same(key "a@1@2", { host = "a@1", vlan = 2 })
  t.same(key "@", { host = "@", vlan = 0 })
  t.same(key(""), { host = "", vlan = 0 })
  t.same(key(nil), { host = "", vlan = 0 })
  local back = addresses.hostinfo2hostkey
  t.same(back { host = "10.0.0.1", vlan = 5 }, "10.0.0.1@5")
  t.same(back { host = "10.0.0.1", vlan = 0 }, "10.0.0.1")
  t.same(back({ host = "10.0.0.1", vlan = 0 }, nil, true), "10.0.0.1@0")
  t.same(back { ip = "10.0.0.1", vlan = "7" }, "10.0.0.1@7")
  t.same(back { mac = "00:11:22:33:44:55" }, "00:11:22:33:44:55")
  t.same(back { host = "x", vlan = 5.0 }, "x@5")
  local flow = { ["cli.ip"] = "1.1.1.1", ["srv.ip"] = "2.2.2.2", vlan = 3 }
  t.same(back(flow, "cli"), "1.1.1.1@3")
  t.same(back(flow, "srv"), "2.2.2.2@3")
  t.same(back {}, "")
  t.same(back "10.0.0.1@5", "10.0.0.1@5")
  t.same(back { host = "x", vlan = "evil" }, "x")
end)

t.test("hosts in requests and URLs", function()
  t.same(addresses.url2hostinfo { host = "1.2.3.4@5" },
    { host = "1.2.3.4", vlan = 5 })
  t.same(addresses.url2hostinfo { host = "1.2.3.4@5", vlan = "6" },
    { host = "1.2.3.4", vlan = 6 })
  t.same(addresses.url2hostinfo {}, { host = "", vlan = 0 })
  t.same(addresses.url2hostinfo(nil), { host = "", vlan = 0 })
  t.same(addresses.hostinfo2url { host = "1.2.3.4", vlan = 5 },
    "host=1.2.3.4@5")
  t.same(addresses.hostinfo2url "fe80::1", "host=fe80::1")
  t.same(addresses.hostinfo2url({ ["srv.ip"] = "::1", vlan = 0 }, "srv"),
    "host=::1")
  t.same(addresses.hostinfo2url { host = "a&b=<c>\r\n" },
    "host=a%26b%3D%3Cc%3E%0D%0A")
end)

t.test("hosts in JSON and in ids", function()
  t.same(addresses.hostinfo2json { host = "1.2.3.4", vlan = 5 },
    '{"host":"1.2.3.4","vlan":5}')
  local hostile = 'a"b\\</script>\xFF'
  local text = addresses.hostinfo2json { host = hostile }
  t.same(json.decode(text).host, 'a"b\\</script>\u{FFFD}')
  t.ok(not text:find("[<>]"), "no tag")
  t.same(addresses.hostinfo2jqueryid { host = "1.2.3.4" }, "1__2__3__4")
  t.same(addresses.hostinfo2jqueryid "10.0.0.0/8", "10__0__0__0___8")
  t.same(addresses.hostinfo2jqueryid "fe80::1", "fe80________1")
  t.ok(not addresses.hostinfo2jqueryid("a'\"<>#@1 $(x)"):find("[^%w_-]"),
    "nothing else")
end)

t.test("directories of time series", function()
  t.same(addresses.getPathFromKey "10.0.0.1", "10/0/0/1")
  t.same(addresses.getPathFromKey "00:11:22:33:44:55", "00_11_22_33_44_55")
  t.ok(not addresses.getPathFromKey("../../etc"):find("..", 1, true), "..")
  t.same(addresses.getPathFromKey(nil), "")
  t.same(addresses.fixPath "/a/b", "/a/b")
end)

local function fresh(with)
  program.forget("hosts", "host_labels", "interfaces")
  return program.start(with)
end

t.test("names that users give", function()
  local state = fresh()
  local hosts = require "hosts"
  t.same(hosts.getHostAltName "10.0.0.1", "10.0.0.1")
  hosts.setHostAltName("10.0.0.1", "printer")
  t.same(state.hashes["ntopng.host_labels"]["10.0.0.1"], "printer")
  t.same(hosts.getHostAltName "10.0.0.1", "printer")
  t.same(hosts.getHostAltName { host = "10.0.0.1", vlan = 0 }, "printer")
  hosts.setHostAltName("00:11:22:33:44:55", "phone")
  t.same(hosts.getHostAltName("10.0.0.2", "00:11:22:33:44:55"), "phone")
  hosts.setHostAltName("10.0.0.1", "")
  t.same(hosts.getHostAltName "10.0.0.1", "10.0.0.1")
  t.same(hosts.getHostAltName(nil), "")
  t.same(hosts.getHostAltName "", "")
end)

t.test("a name is asked for once in a run", function()
  local state = fresh()
  local hosts = require "hosts"
  for _ = 1, 5 do hosts.getHostAltName "10.0.0.9" end
  t.same(#state.calls, 1)
end)

t.test("names by DNS", function()
  fresh { resolved = { ["10.0.0.1"] = "a.example", ["10.0.0.2"] = "" } }
  local hosts = require "hosts"
  t.same(hosts.getResolvedAddress { host = "10.0.0.1", vlan = 0 }, "a.example")
  t.same(hosts.getResolvedAddress { host = "10.0.0.1", vlan = 5 },
    "a.example@5")
  t.same(hosts.resolveAddress "10.0.0.1@5", "a.example@5")
  t.same(hosts.resolveAddress "10.0.0.2", "10.0.0.2")
  t.same(hosts.resolveAddress "10.0.0.3", "10.0.0.3")
  t.same(hosts.resolveAddress "00:11:22:33:44:55", "00:11:22:33:44:55")
  t.same(hosts.resolveAddress {}, "")
  hosts.setHostAltName("10.0.0.1", "mine")
  t.same(hosts.resolveAddress "10.0.0.1", "mine")
end)

t.test("getTopFlowPeers", function()
  local state = fresh { flows = { numFlows = 1, flows = { { bytes = 5 } } } }
  local hosts = require "hosts"
  t.same(hosts.getTopFlowPeers("10.0.0.1", 7, true, { ipVersion = 4 }),
    { { bytes = 5 } })
  t.same(state.calls[1], { "getFlowsInfo", "10.0.0.1", {
    sortColumn = "column_bytes", a2zSortOrder = false, maxHits = 7,
    toSkip = 0, detailedResults = true, ipVersion = 4 } })
  state.flows = nil
  t.same(hosts.getTopFlowPeers("10.0.0.1", 7), {})
end)

t.test("interfaces by name and number", function()
  local state = fresh { cache = {
    ["ntopng.prefs.eth0.name"] = "Uplink",
    ["ntopng.prefs.iface_1.refresh_rate"] = "10",
    ["ntopng.prefs.iface_2.refresh_rate"] = "-1",
    ["ntopng.prefs.iface_3.refresh_rate"] = "soon",
    ["ntopng.prefs.lo.speed"] = "100",
  } }
  local i = require "interfaces"
  t.same(i.getInterfaceId "lo", 1)
  t.same(i.getInterfaceId "nope", -1)
  t.same(i.getInterfaceId(nil), -1)
  t.same(i.getInterfaceName(1), "lo")
  t.same(i.getInterfaceName "0", "eth0")
  t.same(i.getInterfaceName(7), "")
  t.same(i.getInterfaceName "eth0", "")
  t.same(i.getInterfaceName(nil), "")
  t.same(i.getInterfaceNameAlias "eth0", "Uplink")
  t.same(i.getInterfaceNameAlias "lo", "lo")
  t.same(i.getInterfaceNameAlias "", "")
  t.same(i.getHumanReadableInterfaceName "0", "Uplink")
  t.same(i.getHumanReadableInterfaceName "lo", "lo")
  t.same(i.getHumanReadableInterfaceName "other", "other")
  t.same(i.getInterfaceSpeed "lo", 100)
  t.same(i.getInterfaceSpeed(0), 1000)
  t.same(i.getInterfaceSpeed "nope", 0)
  t.same(i.getInterfaceRefreshRate(0), 3)
  t.same(i.getInterfaceRefreshRate(1), 10)
  t.same(i.getInterfaceRefreshRate(2), 3)
  t.same(i.getInterfaceRefreshRate(3), 3)
  t.same(state.selected, "eth0", "the selected one stays")
end)

t.test("with(): selected again, also after an error", function()
  local state = fresh()
  local i = require "interfaces"
  t.same({ i.with("lo", function() return state.selected, nil, 3 end) },
    { "lo", nil, 3 })
  t.same(state.selected, "eth0")
  t.boom(i.with, { "lo", function() error("why", 0) end }, "error", "why")
  t.same(state.selected, "eth0")
end)

t.test("interfaces in their order", function()
  fresh { names = { ["10"] = "k", ["2"] = "c", ["0"] = "a", ["1"] = "b" } }
  local names = {}
  for at, name in require("interfaces").each() do names[at] = name end
  t.same(names, { "a", "b", "c", "k" })
end)

t.test("alerts by name and number", function()
  fresh()
  local a = require "alert_names"
  t.same(a.alertSeverity "error", 2)
  t.same(a.alertSeverityRaw(1), "warning")
  t.same(a.alertSeverityLabel(0), "Info")
  t.same(a.alertType "tcp_syn_flood", 0)
  t.same(a.alertType "flow_misbehaviour", 14)
  t.same(a.alertTypeRaw(2), "threshold_cross")
  t.same(a.alertEngine "5mins", 1)
  t.same(a.alertEngineRaw "3", "day")
  t.same(a.alertEntity "snmp_device", 3)
  t.same(a.alertEntityLabel(1), "Host")
  for i = 0, 14 do t.same(a.alertType(a.alertTypeRaw(i)), i) end
  for _, bad in ipairs { -1, 15, 1.5, "x", {}, 1e300, 0 / 0 } do
    t.same(a.alertTypeRaw(bad), "unknown", tostring(bad))
    t.same(a.alertTypeLabel(bad), "Unknown", tostring(bad))
    t.same(a.alertType(bad ~= bad and "nan" or bad), -1, tostring(bad))
  end
  t.same(a.alertTypeRaw(nil), "unknown")
  t.same(a.alertType(nil), -1)
  t.same(a.areAlertsEnabled(), true)
  ntop.getPrefs = function() return nil end
  t.same(a.areAlertsEnabled(), false)
end)

t.done()
