-- annotations: alerts that began in a time.
-- SPDX-License-Identifier: MIT
--
-- The query of an annotation is a part of what they say, of the host or of
-- the interface; empty for all. An alert that is on has no end yet.

local alert_names = require "alert_names"
local grafana = require "grafana_utils"
local interfaces = require "interfaces"

local MOST = 100

local payload = grafana.payload()
local from, to = grafana.range(payload)
local annotation = grafana.member(payload, "annotation", "table") or {}
local wanted = (grafana.member(annotation, "query", "string") or ""):lower()
local list = {}

local function add(name, row)
  local severity = alert_names.alertSeverityLabel(row.alert_severity)
  local title = alert_names.alertTypeLabel(row.alert_type)
  local began = math.tointeger(tonumber(row.alert_tstamp))
  local ended = math.tointeger(tonumber(row.alert_tstamp_end))
  local entity = row.alert_entity_val or row.cli_addr or ""
  local text = ("%s %s %s"):format(row.alert_json or "", entity, name)
  if not began or not (text .. title):lower():find(wanted, 1, true) then
    return
  end
  list[#list + 1] = {
    annotation = annotation, time = began * 1000,
    timeEnd = ended and ended > began and ended * 1000 or nil,
    isRegion = ended ~= nil and ended > began,
    title = title, text = row.alert_json or "", tags = { severity, name },
  }
end

for _, name in interfaces.each() do
  interface.select(name)
  for _, kind in ipairs { "engaged", "closed", "flows" } do
    for _, row in ipairs(interface.getAlerts(kind, from, to, MOST) or {}) do
      add(name, row)
    end
  end
end
table.sort(list, function(a, b)
  if a.time ~= b.time then return a.time > b.time end
  return a.text < b.text
end)
for i = MOST + 1, #list do list[i] = nil end
grafana.send_list(list)
