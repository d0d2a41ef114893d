-- if_stats_ndpi: bytes of the interface by application, all of them.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local tables = require "tables"

endpoint.read { format = { "choice", of = { "json" }, default = "json" } }
local items = {}
for name, of in pairs(interface.getnDPIStats().ndpi) do
  items[#items + 1] = { proto = name, breed = of.breed,
    bytes = of["bytes.sent"] + of["bytes.rcvd"] }
end
tables.sort(items, function(a, b)
  if a.bytes ~= b.bytes then return a.bytes > b.bytes end
  return a.proto < b.proto
end)
endpoint.send(endpoint.list(items))
