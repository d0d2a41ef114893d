-- get_grouped_hosts_data: hosts by what they have in common, page by page.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"
local tables = require "tables"

local asked = endpoint.read(rows.rules(
  "traffic id name since thpt hosts alerts", {
    grouped_by = { "choice", of = { "asn", "vlan", "country", "os", "mac",
      "local_network", "local_network_id" }, required = true },
    country = { "string", max = 2 },
    os = { "string", max = 63 },
    vlan = "vlan",
    asn = { "integer", min = 0, max = 4294967295 },
    network = { "integer", min = -1, max = 65535 },
    version = "ip_version",
  }))

local groups = interface.getGroupedHosts(true, "column_" .. asked.grouped_by,
  asked.country, asked.os, asked.vlan, asked.asn, asked.network, true, nil,
  asked.version) or {}
local data = {}
for i, group in ipairs(groups) do data[i] = rows.group(group) end

local is_ascending = rows.is_ascending(asked)
tables.sort(data, function(a, b)
  local x, y = a.raw[asked.sortColumn], b.raw[asked.sortColumn]
  if x == y then x, y = tostring(a.key), tostring(b.key) end
  if is_ascending then return x < y end
  return x > y
end)
local first = rows.skip(asked) + 1
rows.send(asked, #data, tables.slice(data, first, first + asked.perPage - 1),
  function(row) return row end)
