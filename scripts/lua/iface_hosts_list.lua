-- iface_hosts_list: shares of the hosts of an interface, the largest by name.
-- SPDX-License-Identifier: MIT

local addresses = require "addresses"
local charts = require "charts"
local endpoint = require "endpoint"

local MOST = 100 -- the others are "Other"

local asked = endpoint.read { ajax_format = { "string", max = 16 } }
local found = interface.getHostsInfo(false, "column_traffic", MOST, 0, false)
local items, shown = {}, 0
for key, host in pairs(found.hosts) do
  local bytes = host["bytes.sent"] + host["bytes.rcvd"]
  shown = shown + bytes
  items[#items + 1] = {
    label = host.name ~= "" and host.name or key,
    value = bytes,
    url = ntop.getHttpPrefix() .. "/lua/host_details.lua?"
      .. addresses.hostinfo2url(key),
  }
end
local list = charts.shares(items, true)
if not asked.ajax_format then
  -- The older form, of pairs.
  for i, item in ipairs(list) do
    list[i] = endpoint.list { item.label, item.value }
  end
end
endpoint.send(endpoint.list(list))
