-- alert_names: numbers of alerts, their names, and words for people.
-- SPDX-License-Identifier: MIT

local alert_names = {}

-- In order of the numbers, from 0: the name, and the label.
local SEVERITIES = {
  { "info", "Info" },
  { "warning", "Warning" },
  { "error", "Error" },
}

local TYPES = {
  { "tcp_syn_flood", "TCP SYN flood" },
  { "flows_flood", "Flood of flows" },
  { "threshold_cross", "Threshold crossed" },
  { "blacklist_host", "Blacklisted host" },
  { "periodic_activity", "Periodic activity" },
  { "quota_exceeded", "Quota exceeded" },
  { "malware_detected", "Malware detected" },
  { "under_attack", "Host under attack" },
  { "ongoing_attacker", "Attacking host" },
  { "misconfigured_app", "Misconfigured application" },
  { "suspicious_activity", "Suspicious activity" },
  { "too_many_alerts", "Too many alerts" },
  { "open_files_limit_too_small", "Limit of open files too small" },
  { "interface_alerted", "Interface alerted" },
  { "flow_misbehaviour", "Misbehaving flow" },
}

local ENGINES = {
  { "min", "Minute" },
  { "5mins", "5 minutes" },
  { "hour", "Hour" },
  { "day", "Day" },
  { "startup", "Start" },
}

local ENTITIES = {
  { "interface", "Interface" },
  { "host", "Host" },
  { "network", "Network" },
  { "snmp_device", "SNMP device" },
  { "flow", "Flow" },
}

--- Three functions over one list: the number of a name (-1 for no name), the
--- name and the label of a number.
local function converters(list)
  local numbers = {}
  for i, row in ipairs(list) do numbers[row[1]] = i - 1 end
  local function column(at, unknown)
    return function(number)
      local row = list[(math.tointeger(tonumber(number) or -1) or -1) + 1]
      return row and row[at] or unknown
    end
  end
  local function number(name)
    return numbers[name] or -1
  end
  return number, column(1, "unknown"), column(2, "Unknown")
end

alert_names.alertSeverity, alert_names.alertSeverityRaw,
  alert_names.alertSeverityLabel = converters(SEVERITIES)
alert_names.alertType, alert_names.alertTypeRaw,
  alert_names.alertTypeLabel = converters(TYPES)
alert_names.alertEngine, alert_names.alertEngineRaw,
  alert_names.alertEngineLabel = converters(ENGINES)
alert_names.alertEntity, alert_names.alertEntityRaw,
  alert_names.alertEntityLabel = converters(ENTITIES)

--- Whether alerts are made at all.
function alert_names.areAlertsEnabled()
  return (ntop.getPrefs() or {}).are_alerts_enabled == true
end

return alert_names
