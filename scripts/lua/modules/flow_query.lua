-- flow_query: which flows a request asks for.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"

local flow_query = {}

local SIDES = {
  local_only = { "local", "local" },
  remote_only = { "remote", "remote" },
  local_origin_remote_target = { "local", "remote" },
  remote_origin_local_target = { "remote", "local" },
}

--- Names of columns that flows are sorted by, the first of them at first.
flow_query.COLUMNS = "bytes client server vlan proto_l4 ndpi duration thpt info"

--- Rules of parameters.
flow_query.FILTERS = {
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
  hosts = { "list", each = "ip", max = 50 },
  vhost = { "string", max = 255 },
}

--- The filter, and as one what has no option of its own: either end is one of
--- `hosts`, the server is called `vhost`.
local function filter_of(asked)
  local tests = { asked.filter and #asked.filter > 0 and asked.filter or nil }
  if asked.hosts then
    tests[#tests + 1] = ("ip in (%s)"):format(table.concat(asked.hosts, ", "))
  end
  if asked.vhost then
    tests[#tests + 1] = ('host_server_name = "%s"'):format(
      asked.vhost:gsub('[\\"]', "\\%0"))
  end
  if #tests <= 1 then return tests[1] end
  return "(" .. table.concat(tests, ") and (") .. ")"
end

--- What interface.getFlowsInfo() is asked for, but for the page: the host and
--- the options.
function flow_query.options(asked)
  local sides = SIDES[asked.flowhosts_type] or {}
  local options = {
    sortColumn = asked.sortColumn,
    a2zSortOrder = rows.is_ascending(asked),
    detailsLevel = "high",
    l7protoFilter = endpoint.application(asked.application, "application"),
    portFilter = asked.port,
    vlanIdFilter = asked.vlan,
    LocalNetworkFilter = asked.network,
    ipVersion = asked.version,
    clientMode = sides[1],
    serverMode = sides[2],
    filter = filter_of(asked),
  }
  if asked.traffic_type then
    options.unicast = asked.traffic_type == "unicast"
    options.unidirectional = true
  end
  if asked.flow_status then
    options.alertedFlows = asked.flow_status == "alerted"
  end
  return endpoint.host_key(asked.host, asked.vlan), options
end

return flow_query
