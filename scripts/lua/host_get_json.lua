-- host_get_json: what is kept of a host, to download; and its flows.
-- SPDX-License-Identifier: MIT

local addresses = require "addresses"
local endpoint = require "endpoint"
local json = require "json"
local tables = require "tables"

local COLUMNS = { "cli.ip", "srv.ip", "cli.port", "srv.port", "proto.ndpi_id",
  "proto.ndpi", "bytes", "throughput_bps", "cli2srv.bytes", "srv2cli.bytes",
  "cli2srv.tcp_flags", "srv2cli.tcp_flags", "tcp_established" }

local function add_flows(answer, key, limit)
  local found = interface.getFlowsInfo(key, { sortColumn = "column_bytes",
    a2zSortOrder = false, maxHits = limit, toSkip = 0,
    detailsLevel = "high" })
  local flows = {}
  for i, flow in ipairs(found.flows) do
    flows[i] = {}
    for _, name in ipairs(COLUMNS) do flows[i][name] = flow[name] end
  end
  answer.flows = endpoint.list(flows)
  answer.flows_count = found.numFlows
end

local asked = endpoint.read(tables.merge(endpoint.HOST, {
  host_stats = { "boolean", default = true },
  host_stats_flows = { "boolean", default = false },
  limit = { "integer", min = 1, max = 1000, default = 100 },
}))
local host = endpoint.need_host(asked)
local key = addresses.hostinfo2hostkey { host = host.ip, vlan = host.vlan }
local answer = asked.host_stats and json.decode(host.json) or {}
if asked.host_stats_flows then add_flows(answer, key, asked.limit) end
endpoint.send(endpoint.object(answer), ('attachment; filename="%s.json"')
  :format(key:gsub("[^%w.]", "_")))
