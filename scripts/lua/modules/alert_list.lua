-- alert_list: alerts as people read them.
-- SPDX-License-Identifier: MIT

local alert_names = require "alert_names"
local figures = require "figures"
local i18n = require "i18n"
local links = require "links"
local template = require "template"

local alert_list = {}

local t = i18n

local LATEST = 4 -- on the first page

--- Rows of "engaged", "closed" or "flows", the youngest first; none where
--- alerts are off.
function alert_list.read(which, most)
  return interface.getAlerts(which, nil, nil, most) or {}
end

--- What an alert is of, as a link where it has a page.
function alert_list.entity(alert)
  local value = alert.alert_entity_val
  if alert.cli_addr then
    return template.part("{{ client }} → {{ server }}", {
      client = links.host(alert.cli_addr, nil, alert.cli_addr),
      server = links.host(alert.srv_addr, nil, alert.srv_addr) }, "flow")
  end
  local kind = alert_names.alertEntityRaw(alert.alert_entity)
  if kind == "host" then
    local key = value:gsub("@0$", "")
    return links.a(links.to("host_details.lua", { host = key }), key)
  end
  if kind == "interface" then
    return links.a(links.to "if_stats.lua", ifname)
  end
  return value
end

--- "warning", as a pill.
function alert_list.severity(alert)
  local name = alert_names.alertSeverityRaw(alert.alert_severity)
  return template.part(
    [[<span class="pill {{ name }}">{{ text }}</span>]], {
      name = name, text = alert_names.alertSeverityLabel(alert.alert_severity),
    }, "severity")
end

function alert_list.kind(alert)
  return alert_names.alertTypeLabel(alert.alert_type)
end

--- Seconds from its beginning to its end, or until now.
function alert_list.duration(alert, now)
  return (tonumber(alert.alert_tstamp_end) or now)
    - (tonumber(alert.alert_tstamp) or now)
end

local latest = template.compile([[
<ul class="alerts">
{% for _, one in ipairs(alerts) do %}
<li>{{ one.severity }} {{ one.entity }}: {{ one.text }}
<small>{{ one.time }}</small></li>
{% end %}
</ul>
]], "latest")

--- Those that are on, else the latest of the past, in few lines.
function alert_list.latest(now)
  local alerts, rows = alert_list.read("engaged", LATEST), {}
  if #alerts == 0 then alerts = alert_list.read("closed", LATEST) end
  if #alerts == 0 then return t "home.no_alerts" end
  for i, alert in ipairs(alerts) do
    rows[i] = {
      severity = alert_list.severity(alert), text = alert.alert_json,
      entity = alert_list.entity(alert),
      time = figures.time(alert.alert_tstamp, now),
    }
  end
  return template.markup(latest { alerts = rows })
end

return alert_list
