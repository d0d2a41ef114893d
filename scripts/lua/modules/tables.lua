-- tables: order, copies and counts.
-- SPDX-License-Identifier: MIT

local escape = require "escape"

local tables = {}

--- Comparators. Values of different types have an order too (by the name of
--- the type), and NaN comes first: sorting what scripts find never fails.
function tables.asc(a, b)
  local kind, other = type(a), type(b)
  if kind ~= other then return kind < other end
  if kind == "number" then
    if a ~= a then return b == b end
    return a < b
  end
  if kind == "string" then return a < b end
  if kind == "boolean" then return not a and b end
  return false
end

function tables.rev(a, b)
  return tables.asc(b, a)
end

local function lower(value)
  return type(value) == "string" and value:lower() or value
end

function tables.asc_insensitive(a, b)
  return tables.asc(lower(a), lower(b))
end

function tables.rev_insensitive(a, b)
  return tables.asc(lower(b), lower(a))
end

local RUN = 8 -- so few are sorted fastest by insertion

local function insert_runs(list, count, before)
  for first = 1, count, RUN do
    for i = first + 1, math.min(first + RUN - 1, count) do
      local item, at = list[i], i
      while at > first and before(item, list[at - 1]) do
        list[at] = list[at - 1]
        at = at - 1
      end
      list[at] = item
    end
  end
end

--- Sort a list by merging: equal ones keep their order, and a comparator that
--- contradicts itself gives some order. table.sort() raises an error then, and
--- cannot give way to the program's loop while it is at it; this can.
--- @return the list
function tables.sort(list, before)
  local count = #list
  before = before or tables.asc
  insert_runs(list, count, before)
  local from, to, width = list, {}, RUN
  while width < count do
    for left = 1, count, 2 * width do
      local middle = math.min(left + width, count + 1)
      local past = math.min(left + 2 * width, count + 1)
      local a, b = left, middle
      for at = left, past - 1 do
        if a < middle and (b >= past or not before(from[b], from[a])) then
          to[at], a = from[a], a + 1
        else
          to[at], b = from[b], b + 1
        end
      end
    end
    from, to, width = to, from, 2 * width
  end
  return from == list and list or table.move(from, 1, count, 1, list)
end

local function check(of, name)
  if type(of) ~= "table" then
    error(("bad argument #1 to '%s' (table expected, got %s)"):format(name,
      type(of)), 3)
  end
end

local function sorted_keys(of, before)
  local keys = {}
  for key in pairs(of) do keys[#keys + 1] = key end
  return tables.sort(keys, before)
end

local function walk(of, keys)
  local at = 0
  return function()
    at = at + 1
    local key = keys[at]
    if key ~= nil then return key, of[key] end
  end
end

--- for key, value in pairsByKeys(t, rev) do ...
function tables.pairsByKeys(of, before)
  check(of, "pairsByKeys")
  return walk(of, sorted_keys(of, before))
end

--- The same in order of the values; equal values in order of their keys.
function tables.pairsByValues(of, before)
  check(of, "pairsByValues")
  before = before or tables.asc
  local keys = tables.sort(sorted_keys(of), function(a, b)
    return before(of[a], of[b])
  end)
  return walk(of, keys)
end

--- The number of keys of any kind; 0 of nil.
function tables.len(of)
  local count = 0
  for _ in pairs(of or {}) do count = count + 1 end
  return count
end

function tables.empty(of)
  return of == nil or next(of) == nil
end

--- The items first to last of a list, each step-th.
function tables.slice(list, first, last, step)
  local part = {}
  for i = first or 1, math.min(last or #list, #list), step or 1 do
    part[#part + 1] = list[i]
  end
  return part
end

--- A new table with what both hold; where both have a key, the second wins.
function tables.merge(a, b)
  local both = {}
  for key, value in pairs(a or {}) do both[key] = value end
  for key, value in pairs(b or {}) do both[key] = value end
  return both
end

local function clone(value, known)
  if type(value) ~= "table" then return value end
  if known[value] then return known[value] end
  local copy = {}
  known[value] = copy
  for key, item in pairs(value) do
    copy[clone(key, known)] = clone(item, known)
  end
  return setmetatable(copy, getmetatable(value))
end

--- A copy down to the leaves; what appears twice, or within itself, does so in
--- the copy.
function tables.clone(value)
  return clone(value, {})
end

--- "a=1,b=2" of {a = 1, b = 2}, in order of the keys.
function tables.tconcat(of, between, after)
  local parts = {}
  for key, value in tables.pairsByKeys(of) do
    parts[#parts + 1] = tostring(key) .. between .. tostring(value)
  end
  return table.concat(parts, after)
end

local MOST_LINES = 1000

local function shown(value)
  if type(value) ~= "string" then return escape.line(value) end
  return '"' .. escape.line(value) .. '"'
end

local function describe(value, indent, lines, above)
  above[value] = true
  for key, item in tables.pairsByKeys(value) do
    if #lines >= MOST_LINES then break end
    local name = indent .. escape.line(key)
    if type(item) ~= "table" then
      lines[#lines + 1] = name .. " = " .. shown(item)
    elseif above[item] then
      lines[#lines + 1] = name .. " = (see above)"
    elseif next(item) == nil then
      lines[#lines + 1] = name .. " = {}"
    else
      lines[#lines + 1] = name .. ":"
      describe(item, indent .. "  ", lines, above)
    end
  end
  above[value] = nil
end

--- Show a value, tables line by line, on the output of the run. That of a page
--- goes to the log: a client is not to see it.
function tables.tprint(value)
  local lines = {}
  if type(value) ~= "table" then
    lines[1] = escape.line(value == nil and "nil" or value)
  elseif next(value) == nil then
    lines[1] = "{}"
  else
    describe(value, "", lines, {})
    if #lines >= MOST_LINES then lines[#lines + 1] = "..." end
  end
  local text = table.concat(lines, "\n")
  if _SERVER then
    if io and io.stderr then io.stderr:write(text, "\n") end
  elseif io and io.write then
    io.write(text, "\n")
  else
    print(text)
  end
end

return tables
