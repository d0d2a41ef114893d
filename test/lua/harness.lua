-- harness: tests of Lua in Lua, as lines of TAP.
-- SPDX-License-Identifier: MIT
--
--   local t = require "harness"
--   t.test("a name", function()
--     t.same(got, want, "what")
--     t.boom(fn, { args }, "what", "part of the message")
--   end)
--   t.done()

local harness = {}

local number, failed, problems = 0, 0, nil

local function show(value, depth)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  if (depth or 0) > 5 then return "{...}" end
  local keys, parts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do
    parts[i] = ("[%s] = %s"):format(show(key, 9),
      show(value[key], (depth or 0) + 1))
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function equal(a, b)
  if a ~= a and b ~= b then return true end -- NaN
  if type(a) ~= "table" or type(b) ~= "table" or a == b then
    -- An integer and a float are not the same, as they print differently.
    return a == b and math.type(a) == math.type(b)
  end
  for key, value in pairs(a) do
    if not equal(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

harness.equal = equal

local function note(problem)
  local caller = debug.getinfo(3, "Sl")
  problems[#problems + 1] = ("%s:%d: %s"):format(caller.short_src,
    caller.currentline, problem)
end

--- Both are equal, tables by what they hold.
function harness.same(got, want, what)
  if not equal(got, want) then
    note(("%s: got %s, want %s"):format(what or "value", show(got),
      show(want)))
  end
end

function harness.ok(condition, what)
  if not condition then note(what or "not so") end
end

--- Calling it is an error, whose message holds this part.
function harness.boom(call, arguments, what, part)
  local results = table.pack(pcall(call, table.unpack(arguments, 1,
    arguments.n or #arguments)))
  if results[1] then
    note(("%s: no error, but %s"):format(what or "call", show(results[2])))
  elseif part and not tostring(results[2]):find(part, 1, true) then
    note(("%s: the error is %s"):format(what or "call",
      show(tostring(results[2]))))
  end
end

function harness.test(name, call)
  number, problems = number + 1, {}
  local good, why = xpcall(call, debug.traceback)
  if not good then problems[#problems + 1] = why end
  local bad = #problems > 0
  failed = failed + (bad and 1 or 0)
  io.write(bad and "not ok " or "ok ", number, " - ", name, "\n")
  for _, problem in ipairs(problems) do
    io.write("# ", (problem:gsub("\n", "\n# ")), "\n")
  end
end

function harness.done()
  io.write("1..", number, "\n")
  os.exit(failed == 0)
end

return harness
