-- alert_query: which alerts a request asks for.
-- SPDX-License-Identifier: MIT

local alert_names = require "alert_names"

local alert_query = {}

local MOST = 1000 -- the youngest that are looked at

local TABLES = { engaged = "engaged", historical = "closed",
  ["historical-flows"] = "flows" }

local NAME = { "string", max = 64, pattern = "^[%w_]+$", what = "a name" }
local VALUE = { "string", max = 256 }

--- Rules of parameters: names as ntopng has them, or their numbers.
alert_query.RULES = {
  status = { "choice", of = { "engaged", "historical", "historical-flows" },
    default = "engaged" },
  alert_type = NAME,
  alert_severity = NAME,
  alert_engine = NAME,
  entity = NAME,
  entity_val = VALUE,
  origin = VALUE,
  target = VALUE,
  row_id = VALUE,
  epoch_begin = "epoch",
  epoch_end = "epoch",
}

local function number_of(text, convert)
  return text and (math.tointeger(tonumber(text)) or convert(text))
end

--- Those that the user may see, the youngest first.
function alert_query.read(asked)
  local wanted = {
    alert_type = number_of(asked.alert_type, alert_names.alertType),
    alert_severity = number_of(asked.alert_severity,
      alert_names.alertSeverity),
    -- Only those that are on have it.
    alert_engine = asked.status == "engaged"
      and number_of(asked.alert_engine, alert_names.alertEngine) or nil,
    alert_entity = number_of(asked.entity, alert_names.alertEntity),
    alert_origin = asked.origin, alert_target = asked.target,
    rowid = asked.row_id,
  }
  local value = asked.entity_val
  -- A host's value has its VLAN, be that 0.
  local value_at_0 = value and value .. "@0"
  local function is_wanted(row)
    for column, text in pairs(wanted) do
      if tostring(row[column]) ~= tostring(text) then return false end
    end
    return not value or row.alert_entity_val == value
      or row.alert_entity_val == value_at_0
      or row.cli_addr == value or row.srv_addr == value
  end

  local found = {}
  for _, row in ipairs(interface.getAlerts(TABLES[asked.status],
      asked.epoch_begin, asked.epoch_end, MOST) or {}) do
    if is_wanted(row) then found[#found + 1] = row end
  end
  return found
end

return alert_query
