-- glance: an interface in one sentence.
-- SPDX-License-Identifier: MIT

local tables = require "tables"

local glance = {}

local LATE = 3 -- seconds that an interface may be behind
local LOOKED_AT = 100 -- of the largest flows

--- Bytes per second in the last whole second of the interface that is known;
--- nil where none is.
function glance.rate(now)
  local seconds = interface.getSeconds(now - LATE, now + 1)
  for i = #seconds.bytes, 1, -1 do
    if seconds.bytes[i] then return seconds.bytes[i] end
  end
end

--- Who does most, and with what: of the largest flows by "thpt" or "bytes",
--- {name, ip, vlan, application, value, total} of the local end, or of the
--- client where none is local; nil when there is nothing.
function glance.loudest(column)
  local member = column == "thpt" and "throughput_bps" or "bytes"
  local found = interface.getFlowsInfo(nil, {
    sortColumn = "column_" .. column, a2zSortOrder = false,
    maxHits = LOOKED_AT, detailsLevel = "high",
  })
  local sums, total = {}, 0
  for _, flow in ipairs(found and found.flows or {}) do
    local is_server = flow["srv.network_id"] >= 0 and flow["cli.network_id"] < 0
    local side = is_server and "srv" or "cli"
    local app = flow["proto.ndpi"]:match("[^.]+$")
    local key = flow[side .. ".ip"] .. " " .. app
    local sum = sums[key] or {
      ip = flow[side .. ".ip"], vlan = flow.vlan, application = app,
      name = flow[side .. ".host"], value = 0,
    }
    sum.value = sum.value + flow[member]
    sums[key], total = sum, total + flow[member]
  end
  local list = {}
  for _, sum in pairs(sums) do list[#list + 1] = sum end
  tables.sort(list, function(a, b) return a.value > b.value end)
  if total == 0 then return nil end
  list[1].total = total
  return list[1]
end

return glance
