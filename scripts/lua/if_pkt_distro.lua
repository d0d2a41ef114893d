-- if_pkt_distro: packets of an interface by size, or by version of IP.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local endpoint = require "endpoint"

local asked = endpoint.read {
  distr = { "choice", of = { "size", "ipver" }, default = "size" },
}
local stats = interface.getStats()
if asked.distr == "size" then
  charts.send(charts.items(stats.pktSizeDistribution, charts.SIZES))
else
  charts.send(charts.items(stats.eth, {
    { "IPv4_packets", "IPv4" }, { "IPv6_packets", "IPv6" },
  }))
end
