-- if_tcpflags_pkt_distro: TCP packets by flags, of an interface or a host.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local endpoint = require "endpoint"

local FLAGS = { { "syn", "SYN" }, { "synack", "SYN+ACK" },
  { "finack", "FIN+ACK" }, { "rst", "RST" } }

local asked = endpoint.read { host = "host", vlan = "vlan" }
if not asked.host then
  charts.send(charts.items(interface.getStats().pktSizeDistribution, FLAGS))
else
  local host = endpoint.need_host(asked)
  local sum = {}
  for _, pair in ipairs(FLAGS) do
    sum[pair[1]] = host["pktStats.sent"][pair[1]]
      + host["pktStats.recv"][pair[1]]
  end
  charts.send(charts.items(sum, FLAGS))
end
