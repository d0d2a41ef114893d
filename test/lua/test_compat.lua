-- test_compat: Lua 5.1 on 5.3, with and without the debug library.
-- SPDX-License-Identifier: MIT

local t = require "harness"

local native_tostring = tostring
local compat = require "compat"

t.test("names that are there again", function()
  t.same({ unpack { 1, 2 } }, { 1, 2 })
  t.same(loadstring("return 1 + 1")(), 2)
  t.same(table.getn { 1, 2, 3 }, 3)
  t.same(table.maxn { [10] = 1, [2.5] = 1, x = 1 }, 10)
  t.same(table.maxn {}, 0)
  t.same(math.pow(2, 10), 1024.0)
  t.same(math.log10(1000), 3.0)
  t.same(math.mod(7, 3), 1)
  t.same(math.ldexp(1, 3), 8.0)
  t.ok(string.gfind == string.gmatch, "gfind")
  t.ok(type(arg) == "table", "arg")
  local seen = {}
  table.foreach({ a = 1 }, function(key, value) seen[key] = value end)
  t.same(seen, { a = 1 })
  t.same(table.foreachi({ 5, 6, 7 }, function(i, value)
    if value == 6 then return i end
  end), 2)
end)

t.test("wrong use is an error that says so", function()
  t.boom(loadstring, { 5 }, "loadstring", "string expected")
  t.boom(table.setn, { {}, 1 }, "setn", "no meaning")
  local call, why = loadstring("return +", "=mine")
  t.ok(call == nil and why:find("^mine:1:"), "a syntax error")
  t.ok(loadstring(string.dump(function() end)) == nil, "byte-code")
end)

t.test("whole numbers show without .0", function()
  t.same(tostring(10 / 2), "5")
  t.same(tostring(-4 / 2), "-2")
  t.same(tostring(0.5), "0.5")
  t.same(tostring(2.0 ^ 53), "9007199254740992")
  t.same(tostring(1e300), "1e+300")
  t.same(tostring(1 / 0), "inf")
  t.same(tostring(-0.0), "-0.0")
  t.same(tostring(7), "7")
  t.same(tostring(nil), "nil")
  t.same(tostring "x", "x")
  local with = setmetatable({}, { __tostring = function() return "me" end })
  t.same(tostring(with), "me")
  t.same(native_tostring(5.0), "5.0")
end)

t.test("string.format cuts fractions off, where 5.1 did", function()
  t.same(string.format("%d", 5.7), "5")
  t.same(string.format("%d", -5.7), "-5")
  t.same(string.format("%5.1f|%d|%s", 2.25, 10 / 4, 10 / 2), "  2.2|2|5")
  t.same(string.format("%d%%|%d", 50.5, 1.5), "50%|1")
  t.same(string.format("%x %X %c %i", 255.5, 255.5, 65.5, 1.5), "ff FF A 1")
  t.same(string.format("%-5d|%05d|%+d", 1.5, 1.5, 1.5), "1    |00001|+1")
  t.same(string.format("%.2f", 1), "1.00")
  t.same(string.format("%s %s", 1.5, "x"), "1.5 x")
  t.same(string.format("%d", 0 / 0), "0")
  t.same(string.format("%d", 1e300), "9223372036854775807")
  t.same(string.format("%d", -1e300), "-9223372036854775808")
  t.same(string.format("%q", "a\nb"), '"a\\\nb"')
  t.same(("%d"):format(2.5), "2")
  t.same(string.format("%.1f", -0.0), "-0.0")
  t.same(string.format("%s %s", nil, 2.0), "nil 2")
end)

t.test("string.format refuses what it did", function()
  t.boom(string.format, { "%d", "x" }, "text for %d")
  t.boom(string.format, { "%d" }, "a missing one", "no value")
  t.boom(string.format, { "%y", 1.5 }, "no conversion")
  t.boom(string.format, { nil, 1.5 }, "no pattern")
  t.boom(string.format, { "%d", {} }, "a table")
end)

t.test("os.date and math.random take fractions", function()
  t.same(os.date("!%H:%M:%S", 61.9), "00:01:01")
  t.ok(os.date("%Y"), "now")
  for _ = 1, 50 do
    local value = math.random(1.5, 3.7)
    t.ok(value >= 1 and value <= 3 and math.type(value) == "integer", "random")
  end
  t.ok(math.random() < 1, "random()")
  t.boom(math.random, { 3, 1 }, "an empty interval")
end)

t.test("setfenv and getfenv", function()
  t.ok(compat.has_environments, "debug is here")
  local function f() return here end
  local function g() return here end
  t.same(f(), nil)
  t.ok(setfenv(f, { here = 5 }) == f, "the function")
  t.same(f(), 5)
  t.same(g(), nil, "others stay")
  t.same(getfenv(f).here, 5)
  t.ok(getfenv(0) == _G and getfenv() == _G, "_G")
  local chunk = loadstring("setfenv(1, {y = 7}); return y")
  t.same(chunk(), 7)
  t.boom(setfenv, { "x", {} }, "setfenv", "function or level")
  t.boom(setfenv, { 1000, {} }, "setfenv", "invalid level")
end)

t.test("module", function()
  local chunk = loadstring [[
    module("some.where", package.seeall)
    function twice(x) return tonumber(x) * 2 end
    name = _NAME
  ]]
  chunk()
  t.same(require("some.where").twice("4"), 8)
  t.ok(some.where == package.loaded["some.where"], "the global")
  t.same(some.where.name, "some.where")
  t.same(rawget(_G, "twice"), nil)
end)

-- The same module once more, in a world without debug.
local function without_debug(call)
  local kept, loaded = debug, package.loaded.compat
  local globals = {}
  for key, value in pairs(_G) do globals[key] = value end
  debug = { traceback = kept.traceback }
  setfenv, getfenv, module, package.seeall = nil, nil, nil, nil
  package.loaded.compat = nil
  local good, why = pcall(function()
    require "compat"
    call()
  end)
  for key in pairs(_G) do _G[key] = globals[key] end
  for key, value in pairs(globals) do _G[key] = value end
  package.loaded.compat = loaded
  if not good then error(why, 0) end
end

t.test("without debug: setfenv says what to do", function()
  without_debug(function()
    t.boom(setfenv, { function() end, {} }, "setfenv", "not available: give")
    t.ok(getfenv(1) == _G, "getfenv")
  end)
end)

t.test("without debug: a module is what is global after it", function()
  local second
  without_debug(function()
    local chunk = load [[
      module("other", package.seeall)
      function thrice(x) return x * 3 end
    ]]
    chunk()
    second = require "other"
    t.same(second.thrice(3), 9)
    t.ok(other == second, "the global")
    t.same(second.print, nil, "no other globals")
  end)
end)

t.test("bit", function()
  local rows = {
    { "band", { 0xFF, 0x0F }, 15 }, { "bor", { 1, 2, 4 }, 7 },
    { "bxor", { 5, 1 }, 4 }, { "bnot", { 0 }, -1 },
    { "band", { -1, 0xFFFFFFFF }, -1 }, { "lshift", { 1, 31 }, -2147483648 },
    { "lshift", { 1, 32 }, 1 }, { "rshift", { -1, 28 }, 15 },
    { "arshift", { -16, 2 }, -4 }, { "rol", { 0x12345678, 8 }, 0x34567812 },
    { "ror", { 0x12345678, 8 }, 0x78123456 }, { "bswap", { 1 }, 16777216 },
    { "tobit", { 0x1FFFFFFFF }, -1 }, { "tobit", { 2.0 ^ 31 }, -2147483648 },
    { "tohex", { 255 }, "000000ff" }, { "tohex", { 255, 4 }, "00ff" },
    { "tohex", { 255, -2 }, "FF" }, { "band", { "7", 3 }, 3 },
    { "tohex", { 255, 0 }, "" }, { "rol", { 1, 0 }, 1 },
  }
  for _, row in ipairs(rows) do
    t.same(bit[row[1]](table.unpack(row[2])), row[3], row[1])
  end
  t.boom(bit.band, { "x" }, "text", "number expected")
  t.boom(bit.bor, { 1, {} }, "a table", "number expected")
  t.boom(bit.bnot, { n = 1 }, "nil", "number expected")
end)

t.done()
