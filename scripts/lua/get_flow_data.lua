-- get_flow_data: one active flow; {} if there is none.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"

local asked = endpoint.read {
  flow_key = { "integer", min = 0, required = true },
}
local flow = interface.findFlowByKey(asked.flow_key)
endpoint.send(flow and rows.flow(flow) or endpoint.object {})
