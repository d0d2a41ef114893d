-- test_tables: order that never fails, copies, tprint.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local program = require "program"
local tables = require "tables"

local NAN = 0 / 0

local function keys_of(iterate, of, before)
  local keys = {}
  for key in iterate(of, before) do keys[#keys + 1] = key end
  return keys
end

t.test("pairsByKeys", function()
  local of = { b = 1, a = 2, C = 3 }
  t.same(keys_of(tables.pairsByKeys, of), { "C", "a", "b" })
  t.same(keys_of(tables.pairsByKeys, of, tables.rev), { "b", "a", "C" })
  t.same(keys_of(tables.pairsByKeys, of, tables.asc_insensitive),
    { "a", "b", "C" })
  t.same(keys_of(tables.pairsByKeys, of, tables.rev_insensitive),
    { "C", "b", "a" })
  t.same(keys_of(tables.pairsByKeys, {}), {})
  t.same(keys_of(tables.pairsByKeys, { x = 1, [2] = 1, [1.5] = 1, [true] = 1 }),
    { true, 1.5, 2, "x" })
end)

t.test("pairsByValues", function()
  local of = { x = 10, y = 30, z = 20, w = 20 }
  t.same(keys_of(tables.pairsByValues, of), { "x", "w", "z", "y" })
  t.same(keys_of(tables.pairsByValues, of, tables.rev), { "y", "w", "z", "x" })
  local seen = {}
  for key, value in tables.pairsByValues(of) do seen[key] = value end
  t.same(seen, of)
end)

t.test("values that have no order are still all there", function()
  local of = { a = NAN, b = 1, c = "x", d = true, e = {}, f = NAN, g = print,
    h = -1 / 0 }
  for _, before in ipairs { tables.asc, tables.rev, tables.asc_insensitive,
    tables.rev_insensitive } do
    local keys = keys_of(tables.pairsByValues, of, before)
    table.sort(keys)
    t.same(keys, { "a", "b", "c", "d", "e", "f", "g", "h" })
  end
end)

t.test("comparators that contradict themselves do no harm", function()
  math.randomseed(7)
  local of = {}
  for i = 1, 500 do of[i] = math.random(50) end
  for what, before in pairs {
    always = function() return true end,
    never = function() return false end,
    ["<="] = function(a, b) return a <= b end,
    random = function() return math.random(2) == 1 end,
  } do
    local count = 0
    for _ in tables.pairsByValues(of, before) do count = count + 1 end
    t.same(count, 500, what)
  end
end)

t.test("sort: in order, and equal ones as they were", function()
  math.randomseed(11)
  for count = 0, 300 do
    local list = {}
    for i = 1, count do list[i] = { math.random(20), i } end
    tables.sort(list, function(a, b) return a[1] < b[1] end)
    t.same(#list, count)
    for i = 2, count do
      local a, b = list[i - 1], list[i]
      t.ok(a[1] < b[1] or a[1] == b[1] and a[2] < b[2], "at " .. i)
    end
  end
end)

t.test("sort gives way within the comparator", function()
  local run = coroutine.wrap(function()
    local list = tables.sort({ 3, 1, 2 }, function(a, b)
      coroutine.yield("later")
      return a < b
    end)
    return list
  end)
  local result = run()
  while result == "later" do result = run() end
  t.same(result, { 1, 2, 3 })
end)

t.test("what is no table", function()
  t.boom(tables.pairsByKeys, {}, "nil", "table expected, got nil")
  t.boom(tables.pairsByValues, { 5 }, "number", "table expected, got number")
  t.boom(tables.pairsByKeys, { "x" }, "string", "got string")
end)

t.test("len, empty, slice, merge, clone, tconcat", function()
  t.same(tables.len { 1, 2, a = 3 }, 3)
  t.same(tables.len {}, 0)
  t.same(tables.len(nil), 0)
  t.same(tables.empty {}, true)
  t.same(tables.empty { false }, false)
  t.same(tables.empty(nil), true)
  t.same(tables.slice({ 1, 2, 3, 4 }, 2, 3), { 2, 3 })
  t.same(tables.slice({ 1, 2, 3, 4 }, 1, 4, 2), { 1, 3 })
  t.same(tables.slice({ 1, 2 }, 2, 9), { 2 })
  t.same(tables.slice({ 1, 2 }, 3), {})
  t.same(tables.slice { 1, 2 }, { 1, 2 })
  local a, b = { x = 1, y = 2 }, { y = 3 }
  t.same(tables.merge(a, b), { x = 1, y = 3 })
  t.same(a, { x = 1, y = 2 }, "the first stays")
  t.same(tables.merge(nil, b), { y = 3 })
  t.same(tables.merge(a, nil), a)
  t.same(tables.tconcat({ b = 1, a = 2 }, "=", ","), "a=2,b=1")
  t.same(tables.tconcat({}, "=", ","), "")
end)

t.test("a clone is all new, with cycles and metatables", function()
  local meta = {}
  local of = setmetatable({ a = { 1 }, s = "x" }, meta)
  of.self, of.again = of, of.a
  local copy = tables.clone(of)
  t.ok(copy ~= of and copy.a ~= of.a, "new")
  t.ok(copy.self == copy and copy.again == copy.a, "the same shape")
  t.ok(getmetatable(copy) == meta, "metatable")
  t.same(copy.a, { 1 })
  t.same(tables.clone(5), 5)
end)

t.test("tprint", function()
  local function shown(value)
    return program.writing(function() tables.tprint(value) end)
  end
  t.same(shown "plain", "plain\n")
  t.same(shown(5), "5\n")
  t.same(shown(nil), "nil\n")
  t.same(shown(false), "false\n")
  t.same(shown {}, "{}\n")
  t.same(shown { 1, "x", a = { b = true, c = {} } },
    '1 = 1\n2 = "x"\na:\n  b = true\n  c = {}\n')
  t.same(shown { ["a\27"] = "\27[2J" }, 'a\\027 = "\\027[2J"\n')
  local around = { 1 }
  around.self = around
  t.same(shown(around), "1 = 1\nself = (see above)\n")
  local many = {}
  for i = 1, 5000 do many[i] = i end
  local _, lines = shown(many):gsub("\n", "")
  t.same(lines, 1001)
end)

t.test("tprint prints where there is no io", function()
  local state, io_before, print_before = program.start(), io, print
  io = nil
  tables.tprint { 1 }
  io = io_before
  t.same(state.printed, { "1 = 1" })
  t.ok(print_before, "print")
end)

t.test("tprint shows nothing to the client of a page", function()
  local state, io_before, wrote = program.start(), io, {}
  _SERVER = {}
  io = {
    write = function(...) wrote[#wrote + 1] = table.concat { "out", ... } end,
    stderr = {
      write = function(_, ...) wrote[#wrote + 1] = table.concat { ... } end,
    },
  }
  tables.tprint { 1 }
  io = nil
  tables.tprint { 1 }
  io, _SERVER = io_before, nil
  t.same(wrote, { "1 = 1\n" })
  t.same(state.printed, {})
end)

t.done()
