-- hosts: names of hosts, and their flows.
-- SPDX-License-Identifier: MIT

local addresses = require "addresses"
local labels = require "host_labels"
local strings = require "strings"
local tables = require "tables"

local hosts = {}

local LABELS = "ntopng.host_labels"

--- The name that a user gave to an address, or nil.
local function label_of(address)
  if labels[address] == nil then
    local label = ntop.getHashCache(LABELS, address)
    labels[address] = not strings.isEmptyString(label) and label or false
  end
  return labels[address] or nil
end

--- The name given to the address, or to its MAC address, else the address.
function hosts.getHostAltName(host, mac)
  if type(host) == "table" then
    host, mac = host.host or host.ip or host.mac, mac or host.mac
  end
  if strings.isEmptyString(host) then return "" end
  return label_of(host) or not strings.isEmptyString(mac) and label_of(mac)
    or host
end

--- Give a name; an empty one takes it away.
function hosts.setHostAltName(host, name)
  if type(host) == "table" then host = host.host or host.ip or host.mac end
  labels[host] = nil
  if strings.isEmptyString(name) then
    ntop.delHashCache(LABELS, host)
  else
    ntop.setHashCache(LABELS, host, name)
  end
end

local function named(info, resolve)
  if type(info) ~= "table" then info = addresses.hostkey2hostinfo(info) end
  local address = tostring(info.host or info.ip or info.mac or "")
  if address == "" then return "" end
  local name = label_of(address)
  if not name and addresses.is_ip(address) then name = resolve(address) end
  if strings.isEmptyString(name) then name = address end
  local vlan = math.tointeger(tonumber(info.vlan) or 0) or 0
  return vlan ~= 0 and name .. "@" .. vlan or name
end

--- The name of a host as known now: the user's, the cached DNS name, else the
--- address; "@vlan" behind it where there is one. What is unknown will be
--- looked up for the next time.
function hosts.getResolvedAddress(info)
  return named(info, function(address)
    return ntop.getResolvedName(address)
  end)
end

--- The same, but waits for the look-up.
function hosts.resolveAddress(info)
  return named(info, function(address)
    return ntop.resolveName(address)
  end)
end

--- The largest flows of a host, at most so many. The options are those of
--- interface.getFlowsInfo().
function hosts.getTopFlowPeers(key, max, detailed, options)
  local found = interface.getFlowsInfo(key, tables.merge({
    sortColumn = "column_bytes",
    a2zSortOrder = false,
    maxHits = max,
    toSkip = 0,
    detailedResults = detailed == true,
  }, options))
  return found and found.flows or {}
end

return hosts
