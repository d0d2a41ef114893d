-- get_num_alerts: how many alerts there are of some kind.
-- SPDX-License-Identifier: MIT

local alert_query = require "alert_query"
local endpoint = require "endpoint"

endpoint.send(#alert_query.read(endpoint.read(alert_query.RULES)))
