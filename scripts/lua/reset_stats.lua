-- reset_stats: begin to count anew.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local parameters = require "parameters"

endpoint.need_admin_change()
local asked = parameters.need(_POST, {
  resetstats_mode = { "choice", of = { "reset_drops", "reset_all" },
    required = true },
})
endpoint.read {}
interface.resetCounters(asked.resetstats_mode == "reset_drops")
endpoint.send { status = "ok" }
