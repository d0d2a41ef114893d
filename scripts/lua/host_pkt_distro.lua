-- host_pkt_distro: packets that a host sent, or received, by size.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local endpoint = require "endpoint"
local tables = require "tables"

local asked = endpoint.read(tables.merge(endpoint.HOST, {
  direction = { "choice", of = { "sent", "recv" }, default = "sent" },
  distr = { "choice", of = { "size" }, default = "size" },
}))
local host = endpoint.need_host(asked)
charts.send(charts.items(host["pktStats." .. asked.direction], charts.SIZES))
