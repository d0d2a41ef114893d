-- variable: the same names, for variables of dashboards.
-- SPDX-License-Identifier: MIT

local grafana = require "grafana_utils"

local list = {}
local asked = grafana.member(grafana.payload(), "payload", "table")
local typed = grafana.member(asked, "target", "string")
for i, name in ipairs(require("grafana_metrics").search(typed)) do
  list[i] = { __text = name, __value = name }
end
grafana.send_list(list)
