-- host_query: which hosts a request asks for.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"
local tables = require "tables"

local host_query = {}

local LISTS = {
  all = "getHostsInfo",
  ["local"] = "getLocalHostsInfo",
  remote = "getRemoteHostsInfo",
}

--- Names of columns that hosts are sorted by, the first of them at first.
host_query.COLUMNS = "traffic ip vlan name country os since asn thpt num_flows"
  .. " mac uploaders downloaders unknowers incomingflows outgoingflows"

--- Rules of parameters.
host_query.FILTERS = {
  mode = { "choice", of = { "all", "local", "remote" }, default = "all" },
  version = "ip_version",
  asn = { "integer", min = 0, max = 4294967295 },
  vlan = "vlan",
  network = { "integer", min = -1, max = 65535 },
  country = { "string", max = 2 },
  os = { "string", max = 63 },
  mac = "mac",
  protocol = { "string", max = 64 },
  filter = { "string", max = 1024 },
}

--- A page of hosts, in its order, and how many there are. `value` gives what a
--- host is sorted by, of the name of the column.
function host_query.page(asked, first, count, value)
  local is_ascending = rows.is_ascending(asked)
  local found, why = interface[LISTS[asked.mode]](true, asked.sortColumn,
    count, first, is_ascending, asked.country, asked.os, asked.vlan, asked.asn,
    asked.network, asked.mac, nil, asked.version,
    endpoint.application(asked.protocol, "protocol"), asked.filter)
  if not found then endpoint.refuse(400, tostring(why)) end
  -- They come by key, without an order.
  local list = {}
  for key, host in pairs(found.hosts) do
    list[#list + 1] = { key = key, host = host,
      value = value(host, asked.sortColumn) }
  end
  tables.sort(list, function(a, b)
    local x, y = a.value, b.value
    if x == y or x == nil or y == nil then x, y = a.key, b.key end
    if is_ascending then return tables.asc(x, y) end
    return tables.asc(y, x)
  end)
  local hosts = {}
  for i, item in ipairs(list) do hosts[i] = item.host end
  return hosts, found.numHosts
end

return host_query
