-- iface_tcp_stats: TCP flows by state.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local endpoint = require "endpoint"

endpoint.read {}
charts.send(charts.items(interface.getFlowsStatus(), {
  { "Established", "Established" }, { "SYN", "SYN" }, { "RST", "RST" },
  { "FIN", "FIN" },
}))
