-- get_geo_hosts: where hosts are, as far as that is known.
-- SPDX-License-Identifier: MIT
--
-- An object has one place, or with `host` two, that of the host, if that is
-- known, and that of its peer; "flusso" is the share of the largest in percent.

local addresses = require "addresses"
local dialogs = require "dialogs"
local endpoint = require "endpoint"
local escape = require "escape"

local MOST = 1000

local function is_known(latitude, longitude)
  return latitude and longitude and (latitude ~= 0 or longitude ~= 0)
end

local function place(key, name, latitude, longitude)
  name = name and name ~= "" and name or key
  return { lat = latitude, lng = longitude, name = name,
    html = escape.html(name) }
end

local function hosts()
  local objects = {}
  local found = interface.getHostsInfo(true, "column_traffic", MOST, 0, false)
  for key, host in pairs(found.hosts) do
    if is_known(host.latitude, host.longitude) then
      objects[#objects + 1] = {
        host = endpoint.list { place(key, host.name, host.latitude,
          host.longitude) },
        bytes = host["bytes.sent"] + host["bytes.rcvd"],
      }
    end
  end
  return objects
end

local function peers(asked)
  local own = endpoint.need_host(asked)
  local objects, known = {}, {}
  local first = is_known(own.latitude, own.longitude)
    and place(endpoint.host_key(asked.host, asked.vlan), own.name,
      own.latitude, own.longitude)
  for _, flow in ipairs(dialogs.flows(asked)) do
    local side = flow["cli.ip"] == own.ip and "srv" or "cli"
    local key = addresses.hostinfo2hostkey(flow, side)
    if not known[key] then
      local peer = interface.getHostInfo(key)
      known[key] = { bytes = 0 }
      if peer and is_known(peer.latitude, peer.longitude) then
        local second = place(key, peer.name, peer.latitude, peer.longitude)
        known[key].host = endpoint.list(first and { first, second }
          or { second })
        objects[#objects + 1] = known[key]
      end
    end
    known[key].bytes = known[key].bytes + flow.bytes
  end
  return objects
end

local asked = endpoint.read { host = "host", vlan = "vlan" }
local objects = asked.host and peers(asked) or hosts()
table.sort(objects, function(a, b) return a.bytes > b.bytes end)
local largest = objects[1] and objects[1].bytes or 0
for _, object in ipairs(objects) do
  object.flusso = largest > 0 and math.floor(100 * object.bytes / largest) or 0
  object.html = ("%d %%"):format(object.flusso)
end
endpoint.send { center = endpoint.list { 0, 0 },
  objects = endpoint.list(objects) }
