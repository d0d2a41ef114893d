-- get_as_data: one autonomous system as a row; [] if there is none.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"

local asked = endpoint.read {
  asn = { "integer", min = 0, max = 4294967295, required = true },
}
local as = interface.getASInfo(asked.asn)
endpoint.send(as and rows.as(as) or endpoint.list {})
