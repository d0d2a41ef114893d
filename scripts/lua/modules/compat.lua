-- compat: the Lua 5.1 that older scripts were written for, on 5.3.
-- SPDX-License-Identifier: MIT
--
-- Adds names that 5.1 and LuaJIT have and 5.3 has not, and lets functions take
-- fractions where 5.1 cut them off. What is there already stays.
--
-- What cannot be had in a program of its own:
-- * 10 / 2 is 5.0 in 5.3. tostring() and string.format() here show it as 5;
--   `..`, table.concat() and print() of the interpreter do not. Write 10 // 2,
--   or round(10 / 2).
-- * string.sub(), string.rep() and others still refuse 2.5 for an integer.
-- * n % 0 of integers is an error, where it was NaN.
-- * The hidden `arg` of functions with `...`; ffi and jit; byte-code as text.
-- * setfenv(), getfenv() and module() need the debug library. Where scripts
--   have none, setfenv() is an error that says what to do; getfenv() gives the
--   globals; and module(name) gives a table of the globals that are defined
--   after it, so that require(name).f works, while f is a global, too.

local compat = {}

local tointeger, math_type, floor, ceil = math.tointeger, math.type,
  math.floor, math.ceil

-- Numbers --------------------------------------------------------------------

local EXACT = 2.0 ^ 53

--- A float that is whole, as the integer; anything else as it is.
local function whole(value)
  if math_type(value) == "float" and value >= -EXACT and value <= EXACT
      and (value ~= 0 or 1 / value > 0) then -- not -0.0
    return tointeger(value) or value
  end
  return value
end

--- A fraction without what is behind the point; anything else as it is.
local function truncated(value)
  if math_type(value) ~= "float" then return value end
  if value ~= value then return 0 end
  local cut = tointeger(value < 0 and ceil(value) or floor(value))
  return cut or (value < 0 and math.mininteger or math.maxinteger)
end

local native_tostring, native_format, native_date, native_random = tostring,
  string.format, os.date, math.random

local function show(value)
  return native_tostring(whole(value))
end

local CONVERSION = "%%[-+ #0]*%d*%.?%d*(.)"
local OF_INTEGERS = { d = true, i = true, o = true, u = true, x = true,
  X = true, c = true }

local function format(pattern, ...)
  local count, fractions, floats = select("#", ...), false, false
  for i = 1, count do
    local value = select(i, ...)
    if math_type(value) == "float" then
      floats = true
      fractions = fractions or math_type(whole(value)) == "float"
    end
  end
  if not floats then return native_format(pattern, ...) end
  local values = { ... }
  for i = 1, count do values[i] = whole(values[i]) end
  if fractions and type(pattern) == "string" then
    local at = 0
    for letter in pattern:gmatch(CONVERSION) do
      if letter ~= "%" then
        at = at + 1
        if OF_INTEGERS[letter] then values[at] = truncated(values[at]) end
      end
    end
  end
  return native_format(pattern, table.unpack(values, 1, count))
end

local function date(pattern, time)
  if time == nil then return native_date(pattern) end
  return native_date(pattern, truncated(time))
end

local function random(...)
  local low, high = ...
  if high ~= nil then return native_random(truncated(low), truncated(high)) end
  if low ~= nil then return native_random(truncated(low)) end
  return native_random()
end

-- Tables and text ------------------------------------------------------------

local function getn(list)
  return #list
end

local function maxn(list)
  local largest = 0
  for key in pairs(list) do
    if type(key) == "number" and key > largest then largest = key end
  end
  return largest
end

local function foreach(list, call)
  for key, value in pairs(list) do
    local result = call(key, value)
    if result ~= nil then return result end
  end
end

local function foreachi(list, call)
  for i = 1, #list do
    local result = call(i, list[i])
    if result ~= nil then return result end
  end
end

local function setn()
  error("table.setn() has no meaning since Lua 5.1", 2)
end

local function loadstring(text, name)
  if type(text) ~= "string" then
    error("bad argument #1 to 'loadstring' (string expected)", 2)
  end
  return load(text, name or text, "t")
end

-- Environments ---------------------------------------------------------------

local has_debug = debug and debug.getinfo and debug.getupvalue
  and debug.upvaluejoin and true or false

--- The function that is meant, and which of its upvalues is _ENV.
local function environment_of(target, name)
  if type(target) == "number" then
    local info = debug.getinfo(target + 2, "f")
    if not info then
      error(("bad argument #1 to '%s' (invalid level)"):format(name), 3)
    end
    target = info.func
  elseif type(target) ~= "function" then
    error(("bad argument #1 to '%s' (function or level expected)"):format(
      name), 3)
  end
  for i = 1, 255 do
    local upvalue = debug.getupvalue(target, i)
    if upvalue == "_ENV" then return target, i end
    if not upvalue then return target end
  end
end

local function setfenv(target, environment)
  if not has_debug then
    error("setfenv() is not available: give load(text, name, 't', "
      .. "environment) the environment instead", 2)
  end
  local call, at = environment_of(target, "setfenv")
  -- A new upvalue: those of other functions stay as they are.
  if at then
    debug.upvaluejoin(call, at, function() return environment end, 1)
  end
  return call
end

local function getfenv(target)
  if not has_debug or target == 0 then return _G end
  local call, at = environment_of(target or 1, "getfenv")
  if not at then return _G end
  local _, environment = debug.getupvalue(call, at)
  return environment
end

--- A table in which only names are seen that became global from now on.
local function later_globals()
  local before = {}
  for key in pairs(_G) do before[key] = true end
  return setmetatable({}, {
    __index = function(_, key)
      if not before[key] then return rawget(_G, key) end
    end,
  })
end

local function module(name, ...)
  local space = package.loaded[name]
  if type(space) ~= "table" then
    space = has_debug and {} or later_globals()
    package.loaded[name] = space
  end
  -- module("a.b") is the global a.b, as in 5.1.
  local place, parent, last = _G, name:match("^(.*)%.([^.]*)$")
  for part in (parent or ""):gmatch("[^.]+") do
    if type(place[part]) ~= "table" then place[part] = {} end
    place = place[part]
  end
  place[last or name] = space
  if has_debug then
    space._M, space._NAME = space, name
    space._PACKAGE = parent and parent .. "." or ""
  end
  for _, option in ipairs { ... } do option(space) end
  if has_debug then setfenv(2, space) end
  return space
end

--- The names of a module see the globals, too. One that is made without the
--- debug library does not need it.
local function seeall(space)
  if not getmetatable(space) then setmetatable(space, { __index = _G }) end
end

-- Putting it in place --------------------------------------------------------

local function add(place, name, value)
  if rawget(place, name) == nil then place[name] = value end
end

add(_G, "unpack", table.unpack)
add(_G, "loadstring", loadstring)
add(_G, "setfenv", setfenv)
add(_G, "getfenv", getfenv)
add(_G, "module", module)
add(_G, "arg", {})
add(_G, "bit", setmetatable({}, {
  __index = function(_, name) return require("bit")[name] end, -- few need it
}))
add(package, "seeall", seeall)
add(table, "getn", getn)
add(table, "setn", setn)
add(table, "maxn", maxn)
add(table, "foreach", foreach)
add(table, "foreachi", foreachi)
add(string, "gfind", string.gmatch)
add(math, "mod", math.fmod)
add(math, "pow", function(base, exponent) return base ^ exponent end)
add(math, "log10", function(value) return math.log(value, 10) end)
add(math, "ldexp", function(value, exponent) return value * 2.0 ^ exponent end)

_G.tostring = show
string.format = format
os.date = date
math.random = random

--- Whether setfenv() and module() do all that they did in 5.1.
compat.has_environments = has_debug

return compat
