-- host_dns_breakdown: questions that a host sent, or received, by type.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local endpoint = require "endpoint"
local tables = require "tables"

local TYPES = {
  { "num_a", "A" }, { "num_ns", "NS" }, { "num_cname", "CNAME" },
  { "num_soa", "SOA" }, { "num_ptr", "PTR" }, { "num_mx", "MX" },
  { "num_txt", "TXT" }, { "num_aaaa", "AAAA" }, { "num_any", "ANY" },
  { "num_other", "Other" },
}

local asked = endpoint.read(tables.merge(endpoint.HOST, {
  direction = { "choice", of = { "sent", "recv" }, default = "sent" },
}))
local dns = endpoint.need_host(asked).dns or {}
local of = dns[asked.direction == "sent" and "sent" or "rcvd"] or {}
charts.send(charts.items(of.queries, TYPES))
