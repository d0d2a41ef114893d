-- host_http_breakdown: requests of a host by method, or answers by class.
-- SPDX-License-Identifier: MIT
--
-- It sent the requests as a client, or received them as a server.

local charts = require "charts"
local endpoint = require "endpoint"
local tables = require "tables"

local KINDS = {
  queries = { "query", {
    { "num_get", "GET" }, { "num_post", "POST" }, { "num_head", "HEAD" },
    { "num_put", "PUT" }, { "num_other", "Other" },
  } },
  responses = { "response", {
    { "num_1xx", "1xx" }, { "num_2xx", "2xx" }, { "num_3xx", "3xx" },
    { "num_4xx", "4xx" }, { "num_5xx", "5xx" },
  } },
}

local asked = endpoint.read(tables.merge(endpoint.HOST, {
  http_mode = { "choice", of = { "queries", "responses" },
    default = "queries" },
  direction = { "choice", of = { "sent", "recv" }, default = "sent" },
}))
local http = endpoint.need_host(asked).http or {}
local side = http[asked.direction == "sent" and "sender" or "receiver"] or {}
local kind = KINDS[asked.http_mode]
charts.send(charts.items(side[kind[1]], kind[2]))
