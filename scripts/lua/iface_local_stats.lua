-- iface_local_stats: traffic by protocol, or by direction.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local endpoint = require "endpoint"

local asked = endpoint.read {
  iflocalstat_mode = { "choice", of = { "distribution" } },
}
local stats = interface.getStats()
if asked.iflocalstat_mode then
  charts.send(charts.items(stats.eth, {
    { "IPv4_packets", "IPv4" }, { "IPv6_packets", "IPv6" },
    { "ARP_packets", "ARP" }, { "MPLS_packets", "MPLS" },
    { "other_packets", "Other" },
  }))
else
  charts.send(charts.items(stats.localstats.bytes, {
    { "local2local", "Local->Local" }, { "local2remote", "Local->Remote" },
    { "remote2local", "Remote->Local" }, { "remote2remote", "Remote->Remote" },
  }))
end
