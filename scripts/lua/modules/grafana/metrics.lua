-- metrics: the same names, for the newer data source.
-- SPDX-License-Identifier: MIT

local grafana = require "grafana_utils"

local list = {}
local typed = grafana.member(grafana.payload(), "metric", "string")
for i, name in ipairs(require("grafana_metrics").search(typed)) do
  list[i] = { label = name, value = name }
end
grafana.send_list(list)
