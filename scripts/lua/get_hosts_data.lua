-- get_hosts_data: the active hosts, page by page.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"
local tables = require "tables"

local LISTS = {
  all = interface.getHostsInfo,
  ["local"] = interface.getLocalHostsInfo,
  remote = interface.getRemoteHostsInfo,
}

-- What a row has only when it is asked for. The hosts come by key, without an
-- order, so the page is sorted again.
local RAW = {
  column_uploaders = "uploaders", column_downloaders = "downloaders",
  column_unknowers = "unknowers", column_incomingflows = "incomingflows",
  column_outgoingflows = "outgoingflows",
}

local asked = endpoint.read(rows.rules(
  "traffic ip vlan name country os since asn thpt num_flows mac uploaders"
    .. " downloaders unknowers incomingflows outgoingflows", {
    mode = { "choice", of = { "all", "local", "remote" }, default = "all" },
    version = "ip_version",
    asn = { "integer", min = 0, max = 4294967295 },
    vlan = "vlan",
    network = { "integer", min = -1, max = 65535 },
    country = { "string", max = 2 },
    os = { "string", max = 63 },
    mac = "mac",
    protocol = { "string", max = 64 },
    criteria = { "choice", of = rows.CRITERIA },
  }))

local is_ascending = rows.is_ascending(asked)
local found = LISTS[asked.mode](true, asked.sortColumn, asked.perPage,
  rows.skip(asked), is_ascending, asked.country, asked.os, asked.vlan,
  asked.asn, asked.network, asked.mac, nil, asked.version,
  endpoint.application(asked.protocol, "protocol"))

local criteria = asked.criteria or RAW[asked.sortColumn]
local data = {}
for _, host in pairs(found.hosts) do
  data[#data + 1] = rows.host(host, criteria)
end
tables.sort(data, function(a, b)
  local x, y = a.raw[asked.sortColumn], b.raw[asked.sortColumn]
  if x == y or asked.sortColumn == "column_ip" then x, y = a.key, b.key end
  if is_ascending then return x < y end
  return x > y
end)
rows.send(asked, found.numHosts, data, function(row) return row end)
