-- get_host_data: one active host as a row; {} if there is none.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"
local tables = require "tables"

local asked = endpoint.read(tables.merge(endpoint.HOST, {
  criteria = { "choice", of = rows.CRITERIA },
}))
local host = interface.getHostInfo(endpoint.host_key(asked.host, asked.vlan))
endpoint.send(host and rows.host(host, asked.criteria) or endpoint.object {})
