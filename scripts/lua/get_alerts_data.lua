-- get_alerts_data: alerts, page by page.
-- SPDX-License-Identifier: MIT

local alert_names = require "alert_names"
local alert_query = require "alert_query"
local endpoint = require "endpoint"
local rows = require "rows"
local tables = require "tables"

local asked = endpoint.read(rows.rules(
  "date duration severity type entity entity_val msg", alert_query.RULES))
local now = os.time()

local function row_of(alert)
  local began = math.tointeger(tonumber(alert.alert_tstamp)) or 0
  local ended = math.tointeger(tonumber(alert.alert_tstamp_end))
  local of_flow = asked.status == "historical-flows"
  return rows.alert {
    key = alert.rowid or alert.alert_id or "",
    date = began,
    duration = not of_flow and (ended or now) - began or nil,
    severity = alert_names.alertSeverityRaw(alert.alert_severity),
    severity_label = alert_names.alertSeverityLabel(alert.alert_severity),
    type = alert_names.alertTypeRaw(alert.alert_type),
    type_label = alert_names.alertTypeLabel(alert.alert_type),
    entity = of_flow and "flow"
      or alert_names.alertEntityRaw(alert.alert_entity),
    entity_val = alert.alert_entity_val or alert.cli_addr or "",
    msg = alert.alert_json or "",
  }
end

local list = {}
for i, alert in ipairs(alert_query.read(asked)) do
  list[i] = { place = i, row = row_of(alert) }
end
local is_ascending = rows.is_ascending(asked)
tables.sort(list, function(a, b)
  local x, y = a.row.raw[asked.sortColumn], b.row.raw[asked.sortColumn]
  if x == y then return a.place < b.place end
  if x == nil or y == nil then return x == nil end
  if is_ascending then return x < y end
  return x > y
end)
local first = rows.skip(asked) + 1
rows.send(asked, #list, tables.slice(list, first, first + asked.perPage - 1),
  function(item) return item.row end)
