-- host_l4_stats: bytes of a host by protocol.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local endpoint = require "endpoint"

local host = endpoint.need_host(endpoint.read(endpoint.HOST))
local items = {}
for _, pair in ipairs { { "tcp", "TCP" }, { "udp", "UDP" },
    { "icmp", "ICMP" }, { "other_ip", "Other IP" } } do
  items[#items + 1] = {
    label = pair[2],
    value = (host[pair[1] .. ".bytes.sent"] or 0)
      + (host[pair[1] .. ".bytes.rcvd"] or 0),
  }
end
charts.send(items)
