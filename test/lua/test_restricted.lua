-- test_restricted: the modules with no more of Lua than the program gives.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local program = require "program"

local function part(library, names)
  local some = {}
  for name in names:gmatch("%S+") do some[name] = library[name] end
  return some
end

local exit, write, wrote = os.exit, io.write, {}

debug = part(debug, "traceback")
os = part(os, "time date clock difftime")
io = { write = write, stderr = { write = function(_, ...)
  wrote[#wrote + 1] = table.concat { ... }
end } }
package = { loaded = package.loaded, path = package.path,
  preload = package.preload }
collectgarbage = nil
require "program".start()
require "lua_utils"

t.test("helpers", function()
  t.same(bytesToSize(2048), "2 KB")
  t.same(tostring(10 / 2), "5")
  t.same(("%d %s"):format(2.5, os.date("!%Y", 0.5)), "2 1970")
  t.same(program.writing(function() tprint { a = { 1 } } end), "a:\n  1 = 1\n")
  t.same(getInterfaceName(1), "lo")
end)

t.test("json and templates", function()
  local json = require "dkjson"
  t.same(json.encode(json.decode '{"a":[1,{}]}'), '{"a":[1,{}]}')
  t.same(require("template").render("{{ a }}", { a = "<" }), "&lt;")
end)

t.test("traces tell who calls", function()
  traceError(TRACE_ERROR, TRACE_CONSOLE, "here")
  t.ok(wrote[1]:find("test_restricted.lua:%d+: error: here\n"), wrote[1])
end)

t.test("modules of 5.1", function()
  load [[
    module("plain", package.seeall)
    function twice(x) return x * 2 end
  ]]()
  t.same(require("plain").twice(4), 8)
  t.boom(setfenv, { print, {} }, "setfenv", "not available")
end)

os.exit = exit
t.done()
