-- test_callback_utils: every interface, every host; and texts by key.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local program = require "program"
local utils = require "callback_utils"

local function stats_of(types)
  local stats, names = {}, {}
  for i, kind in ipairs(types) do
    stats["if" .. i] = { name = "if" .. i, type = kind }
    names[tostring(i - 1)] = "if" .. i
  end
  return { stats = stats, names = names, selected = "if1" }
end

t.test("foreachInterface: all that are listed", function()
  local state = program.start(stats_of { "pcap", "pcap dump", "unknown",
    "zmq" })
  local seen = {}
  t.same(utils.foreachInterface(nil, false, function(name, stats)
    t.same(state.selected, name, "selected")
    seen[#seen + 1] = name .. " " .. stats.type
  end), true)
  t.same(seen, { "if1 pcap", "if2 pcap dump", "if4 zmq" })
  t.same(state.printed, {}, "quiet")
end)

t.test("foreachInterface: given names, and one that is not there", function()
  local state = program.start(stats_of { "pcap", "zmq" })
  local seen = {}
  utils.foreachInterface({ ["0"] = "if2", ["1"] = "gone" }, true,
    function(name) seen[#seen + 1] = name end)
  t.same(seen, { "if2" })
  t.same(state.printed, { "gone: no such interface", "interface if2" })
end)

t.test("foreachInterface: false ends it, other values do not", function()
  program.start(stats_of { "pcap", "pcap", "pcap" })
  local count = 0
  t.same(utils.foreachInterface(nil, false, function()
    count = count + 1
    return count < 2
  end), false)
  t.same(count, 2)
  count = 0
  t.same(utils.foreachInterface(nil, false, function()
    count = count + 1
    return nil
  end), true)
  t.same(count, 3)
  t.same(utils.foreachInterface({}, false, error), true)
end)

t.test("foreachInterface: an error is the caller's", function()
  program.start()
  t.boom(utils.foreachInterface, { nil, false, function()
    error("why", 0)
  end }, "error", "why")
end)

local function many(count)
  local hosts = {}
  for i = 1, count do
    hosts[i] = ("10.%d.%d.%d"):format(i >> 16, i >> 8 & 255, i & 255)
  end
  return hosts
end

t.test("foreachHost: each once, whatever their number", function()
  for _, count in ipairs { 0, 1, 255, 256, 257, 448, 480, 512, 1000 } do
    local state = program.start { hosts = many(count) }
    local seen, calls = {}, 0
    t.same(utils.foreachHost("eth0", false, false, function(key, host)
      t.ok(host.detailed and host.ip == key, "the host")
      seen[key], calls = true, calls + 1
    end), true)
    t.same(calls, count, "calls")
    for _, key in ipairs(state.hosts) do t.ok(seen[key], key) end
  end
end)

t.test("foreachHost: hosts that go meanwhile", function()
  local state = program.start { hosts = many(600) }
  local seen, calls = {}, 0
  utils.foreachHost("eth0", false, true, function(key)
    seen[key], calls = true, calls + 1
    if calls % 20 == 0 then table.remove(state.hosts, 1) end
  end)
  t.same(calls, 600)
  state = program.start { hosts = many(3), gone = { ["10.0.0.2"] = true } }
  calls = 0
  t.same(utils.foreachHost("eth0", false, false, function()
    calls = calls + 1
  end), true)
  t.same(calls, 2)
end)

t.test("foreachHost: false or the deadline ends it", function()
  program.start { hosts = many(600) }
  local calls = 0
  t.same(utils.foreachHost("eth0", false, false, function()
    calls = calls + 1
    return calls < 300
  end), false)
  t.same(calls, 300)
  t.same(utils.foreachHost("eth0", false, false, error, os.time() - 1), false)
  t.same(utils.foreachHost("eth0", false, false, function() end,
    os.time() + 1000), true)
  t.same(utils.foreachHost("gone", false, false, error), false)
end)

t.test("foreachHost: an interface without hosts", function()
  program.start()
  interface.getHostsInfo = function() return nil end
  t.same(utils.foreachHost("eth0", false, false, error), true)
end)

t.test("i18n", function()
  local i18n = require "i18n"
  i18n.add { about = { title = "About %{product}", n = 5 } }
  i18n.add { about = { more = "100% %{a}%{b}" } }
  t.same(i18n("about.title", { product = "kelvin" }), "About kelvin")
  t.same(i18n("about.title"), "About %{product}")
  t.same(i18n("about.more", { a = "%1", b = 2 }), "100% %12")
  t.same(i18n("about.n"), "5")
  for _, key in ipairs { "about", "nope", "about.title.x", "", "a.b.c" } do
    t.same(i18n(key), key)
  end
  t.same(i18n(nil), "nil")
end)

t.done()
