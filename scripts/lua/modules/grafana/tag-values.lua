-- tag-values: values that series can be filtered by.
-- SPDX-License-Identifier: MIT

local grafana = require "grafana_utils"
local interfaces = require "interfaces"
local timeseries = require "timeseries"

local names, has = {}, {}
if grafana.member(grafana.payload(), "key", "string") == "application" then
  for _, name in interfaces.each() do
    interface.select(name)
    for _, application in ipairs(timeseries.applications("") or {}) do
      if not has[application] then
        names[#names + 1], has[application] = application, true
      end
    end
  end
end
table.sort(names)
local list = {}
for i, name in ipairs(names) do list[i] = { text = name } end
grafana.send_list(list)
