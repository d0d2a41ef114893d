-- get_flows_data: the active flows, page by page.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"

local SIDES = {
  local_only = { "local", "local" },
  remote_only = { "remote", "remote" },
  local_origin_remote_target = { "local", "remote" },
  remote_origin_local_target = { "remote", "local" },
}

local asked = endpoint.read(rows.rules(
  "bytes client server vlan proto_l4 ndpi duration thpt info", {
    host = "host",
    vlan = "vlan",
    application = { "string", max = 64 },
    port = "port",
    network = { "integer", min = 0, max = 65535 },
    version = "ip_version",
    flowhosts_type = { "choice", of = { "local_only", "remote_only",
      "local_origin_remote_target", "remote_origin_local_target" } },
    traffic_type = { "choice", of = { "unicast", "broadcast_multicast" } },
    flow_status = { "choice", of = { "normal", "alerted" } },
    filter = { "string", max = 1024 },
  }))

local sides = SIDES[asked.flowhosts_type] or {}
local page = {
  sortColumn = asked.sortColumn,
  a2zSortOrder = rows.is_ascending(asked),
  maxHits = asked.perPage,
  toSkip = rows.skip(asked),
  detailsLevel = "high",
  l7protoFilter = endpoint.application(asked.application, "application"),
  portFilter = asked.port,
  vlanIdFilter = asked.vlan,
  LocalNetworkFilter = asked.network,
  ipVersion = asked.version,
  clientMode = sides[1],
  serverMode = sides[2],
  filter = asked.filter,
}
if asked.traffic_type then
  page.unicast = asked.traffic_type == "unicast"
  page.unidirectional = true
end
if asked.flow_status then page.alertedFlows = asked.flow_status == "alerted" end

local found, why = interface.getFlowsInfo(
  endpoint.host_key(asked.host, asked.vlan), page)
if not found then endpoint.refuse(400, tostring(why)) end
rows.send(asked, found.numFlows, found.flows, rows.flow)
