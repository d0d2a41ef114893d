-- iface_ndpi_stats: shares of the applications of an interface or a host.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local endpoint = require "endpoint"

local asked = endpoint.read {
  host = "host",
  vlan = "vlan",
  ndpistats_mode = { "choice", of = { "sinceStartup", "count" } },
  breed = { "boolean", default = false },
}

local function listed(values)
  local items = {}
  for label, value in pairs(values or {}) do
    items[#items + 1] = { label = label, value = value }
  end
  return items
end

local items
if asked.host then
  items = charts.applications(endpoint.need_host(asked).ndpi, asked.breed)
elseif asked.ndpistats_mode == "sinceStartup" then
  items = charts.applications(interface.getnDPIStats().ndpi, asked.breed)
elseif asked.ndpistats_mode == "count" then
  items = listed(interface.getnDPIFlowsCount())
else
  local stats = interface.getFlowsStats()
  items = listed(asked.breed and stats.breeds or stats.protos)
end
charts.send(items, true)
