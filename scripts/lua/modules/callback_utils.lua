-- callback_utils: the same for every interface, for every host.
-- SPDX-License-Identifier: MIT

local interfaces = require "interfaces"

local callback_utils = {}

local PAGE = 256 -- hosts at a time, so that memory does not follow their number
local OVERLAP = 32

--- Call callback(name, statistics) with each interface selected. `names` is a
--- table of names, nil for those that the run is about: by the wall clock
--- those that are live, by a file's clock the one that reads it. A callback
--- that returns false ends it. @return whether all were called
function callback_utils.foreachInterface(names, verbose, callback)
  local list = {}
  if names then
    for _, name in pairs(names) do list[#list + 1] = name end
    table.sort(list)
  else
    for _, name in interfaces.each() do list[#list + 1] = name end
  end
  local complete = true
  for _, name in ipairs(list) do
    if interface.select(name) == false then
      if verbose then print(name .. ": no such interface") end
    else
      local stats = interface.getStats() or {}
      if stats.type ~= "unknown" then
        if verbose then print("interface " .. name) end
        if callback(name, stats, verbose) == false then
          complete = false
          break
        end
      end
    end
  end
  return complete
end

local function sorted_keys(hosts)
  local keys = {}
  for key in pairs(hosts) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- Call callback(key, host) for the hosts of an interface, or for the local
--- ones; `host` is what interface.getHostInfo() tells. It ends at the deadline
--- (epoch seconds, nil for none), or when a callback returns false.
--- Hosts come and go meanwhile: none is called twice; one that is moved to an
--- earlier page may be missed when many go at once. @return whether all were
--- called
function callback_utils.foreachHost(name, verbose, local_only, callback,
    deadline)
  if interface.select(name) == false then return false end
  local list = local_only and interface.getLocalHostsInfo
    or interface.getHostsInfo
  local done, skip = {}, 0
  while true do
    local page = list(false, "column_ip", PAGE, skip, true)
    local keys = sorted_keys(page and page.hosts or {})
    for _, key in ipairs(keys) do
      if deadline and os.time() >= deadline then
        if verbose then print(name .. ": the time is over") end
        return false
      end
      local host = not done[key] and interface.getHostInfo(key)
      done[key] = true
      if host and callback(key, host, verbose) == false then return false end
    end
    if #keys < PAGE then return true end
    -- Pages overlap: hosts that are gone have moved the others up.
    skip = skip + PAGE - OVERLAP
  end
end

return callback_utils
