-- get_flows_data: the active flows, page by page.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local flow_query = require "flow_query"
local rows = require "rows"

local asked = endpoint.read(rows.rules(flow_query.COLUMNS,
  flow_query.FILTERS))
local host, options = flow_query.options(asked)
options.maxHits = asked.perPage
options.toSkip = rows.skip(asked)

local found, why = interface.getFlowsInfo(host, options)
if not found then endpoint.refuse(400, tostring(why)) end
rows.send(asked, found.numFlows, found.flows, rows.flow)
