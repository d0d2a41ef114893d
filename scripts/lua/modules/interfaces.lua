-- interfaces: their names, numbers and settings.
-- SPDX-License-Identifier: MIT

local strings = require "strings"
local tables = require "tables"

local interfaces = {}

local DEFAULT_REFRESH = 3 -- seconds

--- for _, name in interfaces.each() do: those that the user may see, in the
--- order of the command line.
function interfaces.each()
  local names = {}
  for index, name in pairs(interface.getIfNames() or {}) do
    names[#names + 1] = { index = tonumber(index) or 0, name = name }
  end
  tables.sort(names, function(a, b) return a.index < b.index end)
  local at = 0
  return function()
    at = at + 1
    if names[at] then return at, names[at].name end
  end
end

--- The number of an interface; -1 if there is none of this name to be seen.
function interfaces.getInterfaceId(name)
  for _, known in interfaces.each() do
    if known == name then return interface.name2id(name) end
  end
  return -1
end

--- The name to a number; "" if there is none to be seen.
function interfaces.getInterfaceName(id)
  id = tonumber(id)
  for _, name in interfaces.each() do
    if id and interface.name2id(name) == id then return name end
  end
  return ""
end

--- The name of an interface that is given by its name or number.
local function name_of(name_or_id)
  if strings.isEmptyString(name_or_id) then
    return (interface.getStats() or {}).name or ""
  end
  for _, name in interfaces.each() do
    if name == name_or_id then return name end
  end
  return interfaces.getInterfaceName(name_or_id)
end

--- Call with an interface selected, then select the former again.
--- @return what the function does
function interfaces.with(name, call)
  local before = (interface.getStats() or {}).name
  interface.select(name)
  local results = table.pack(pcall(call))
  if before then interface.select(before) end
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

--- What the user calls it, else its name.
function interfaces.getInterfaceNameAlias(name)
  if strings.isEmptyString(name) then return "" end
  local alias = ntop.getCache("ntopng.prefs." .. name .. ".name")
  return strings.isEmptyString(alias) and name or alias
end

--- The same for an interface by its name or number.
function interfaces.getHumanReadableInterfaceName(name_or_id)
  local name = name_of(name_or_id)
  if name == "" then name = tostring(name_or_id or "") end
  return interfaces.getInterfaceNameAlias(name)
end

local function positive(text)
  local number = tonumber(text)
  return number and number > 0 and number < math.huge and number or nil
end

--- In Mbit/s, as the user or else the system says; 0 if unknown.
function interfaces.getInterfaceSpeed(name_or_id)
  local name = name_of(name_or_id)
  if name == "" then return 0 end
  local set = positive(ntop.getCache("ntopng.prefs." .. name .. ".speed"))
  if set then return set end
  return interfaces.with(name, function()
    return (interface.getStats() or {}).speed or 0
  end)
end

--- Seconds between two looks at an interface.
function interfaces.getInterfaceRefreshRate(id)
  local key = ("ntopng.prefs.iface_%s.refresh_rate"):format(id)
  return positive(ntop.getCache(key)) or DEFAULT_REFRESH
end

return interfaces
