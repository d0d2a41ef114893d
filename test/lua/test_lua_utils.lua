-- test_lua_utils: what is global after it, in each kind of run.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local program = require "program"

--- The names of globals.txt that belong to compat or lua_utils.
local function expected()
  local names, wanted = {}, false
  local folder = debug.getinfo(1, "S").source:match("^@(.*)/") or "."
  for line in io.lines(folder .. "/globals.txt") do
    local section = line:match("^%[(%S+)%]")
    if section then
      wanted = section == "compat" or section == "lua_utils"
    elseif wanted and not line:find("^#") then
      for name in line:gmatch("%S+") do names[name] = true end
    end
  end
  return names
end

local state = program.start()
local before = {}
for key in pairs(_G) do before[key] = true end
local names = expected()
require "lua_utils"

t.test("the globals are those of the list, no other", function()
  for name in pairs(names) do
    t.ok(rawget(_G, name) ~= nil, name .. " is missing")
  end
  for name in pairs(_G) do
    t.ok(before[name] or names[name] or name == "dirs",
      tostring(name) .. " is not in the list")
  end
end)

t.test("loading asks Redis nothing and prints nothing", function()
  t.same(state.calls, {})
  t.same(state.printed, {})
end)

t.test("every name that loads when called is there then", function()
  t.same(hostkey2hostinfo "a@5", { host = "a", vlan = 5 })
  t.same(getInterfaceName(1), "lo")
  t.same(alertType "flows_flood", 1)
  t.same(isAdministrator(), true)
  t.same(http_lint.check {}, true)
  local source = assert(package.searchpath("lua_utils", package.path))
  local text = assert(io.open(source)):read "a"
  local count = 0
  for name, published in pairs(load("return "
    .. text:match "WHEN_CALLED = (%b{})")()) do
    for member in published:gmatch "%S+" do
      t.ok(type(require(name)[member]) == "function", member)
      count = count + 1
    end
  end
  t.ok(count > 30, "found")
end)

t.test("functions of string and table", function()
  t.same(("a.b"):contains ".", true)
  t.same(("abc"):starts "ab", true)
  t.same(string.ends("abc", "bc"), true)
  t.same(("a,b"):split ",", { "a", "b" })
  t.same(("ab"):split ",", nil)
  t.same(table.len { a = 1 }, 1)
  t.same(table.empty {}, true)
  t.same(table.slice({ 1, 2, 3 }, 2, 3), { 2, 3 })
  t.same(table.merge({ a = 1 }, { b = 2 }), { a = 1, b = 2 })
  t.same(table.clone { { 1 } }, { { 1 } })
  t.same(table.tconcat({ a = 1 }, "=", "&"), "a=1")
end)

t.test("jsonencode makes text for between quotes", function()
  t.same(jsonencode 'a"b', "a'b")
  t.same(jsonencode "a\\b\n", "a\\\\b\\n")
  t.same(jsonencode(nil), "")
  t.same(jsonencode(5), "5")
  for byte = 0, 255 do
    local text = '"' .. jsonencode("x" .. string.char(byte) .. "y") .. '"'
    t.ok(require("json").decode(text), ("byte %d"):format(byte))
  end
end)

--- lua_utils once more, with these globals.
local function again(with)
  for _, name in ipairs { "_GET", "_POST", "_SESSION", "ifname", "dirs" } do
    _G[name] = with[name]
  end
  program.forget("lua_utils")
  local good, why = pcall(require, "lua_utils")
  local found = { ifname = ifname, dirs = dirs, why = why }
  _GET, _POST, _SESSION = nil, nil, nil
  return good, found
end

t.test("dirs and ifname", function()
  local _, plain = again {}
  t.same(plain.ifname, nil)
  t.same(plain.dirs, { installdir = "/there" })
  local _, session = again { _GET = {}, _SESSION = { ifname = "lo" } }
  t.same(session.ifname, "lo")
  local _, asked = again { _GET = { ifid = "1" },
    _SESSION = { ifname = "eth0" } }
  t.same(asked.ifname, "lo")
  local _, unknown = again { _GET = { ifid = "7" },
    _SESSION = { ifname = "eth0" } }
  t.same(unknown.ifname, "eth0", "one that is not to be seen")
  local _, given = again { ifname = "lo", dirs = { installdir = "/x" } }
  t.same(given.ifname, "lo")
  t.same(given.dirs, { installdir = "/x" })
end)

t.test("a request of wrong types ends the run with a 400", function()
  for _, with in ipairs { { _GET = { host = "<script>" } },
    { _GET = { ifid = "eth0" } }, { _GET = {}, _POST = { perPage = "x" } } } do
    local good, found = again(with)
    t.same(good, false)
    t.same(type(found.why) == "table" and found.why.status, 400)
  end
  t.same((again { _GET = { strange = "<x>", p_mine = "'" }, _POST = {} }), true)
end)

t.test("scripts may redefine helpers", function()
  local kept = split
  split = function() error("not this one") end
  isEmptyString, asc, round = split, split, split
  t.same(bytesToSize(2048), "2 KB")
  t.same(getHostAltName "10.0.0.1", "10.0.0.1")
  local keys = {}
  for key in pairsByKeys { b = 1, a = 1 } do keys[#keys + 1] = key end
  t.same(keys, { "a", "b" })
  split = kept
end)

t.test("without the program's classes, too", function()
  program.forget("lua_utils")
  interface, ntop, dirs = nil, nil, nil
  require "lua_utils"
  t.same(bytesToSize(1), "1 Bytes")
end)

t.done()
