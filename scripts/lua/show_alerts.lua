-- show_alerts: what is wrong, and what was.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local alert_list = require "alert_list"
local alert_names = require "alert_names"
local figures = require "figures"
local links = require "links"
local listing = require "listing"
local page = require "page"
local template = require "template"

local t = i18n

local MOST = 1000 -- of the past
local TABLES = { engaged = "engaged", historical = "closed",
  ["historical-flows"] = "flows" }
local TABS = { { "engaged", "alerts.now" }, { "historical", "alerts.past" },
  { "historical-flows", "alerts.of_flows" } }

local asked = page.read(listing.rules("date severity kind", {
  status = { "choice", of = { "engaged", "historical", "historical-flows" },
    default = "engaged" },
  severity = { "choice", of = { "info", "warning", "error" } },
}))
local all = interface.getStats()
local now = page.now(all)

if not alert_names.areAlertsEnabled() then
  return page.nothing { title = t "alerts.title", section = "alerts",
    stats = all, why = t "alerts.off", so = t "alerts.off_so" }
end

local function is_wanted(alert)
  return not asked.severity
    or alert_names.alertSeverityRaw(alert.alert_severity) == asked.severity
end

local found = {}
for _, alert in ipairs(alert_list.read(TABLES[asked.status], MOST)) do
  if is_wanted(alert) then found[#found + 1] = alert end
end

local VALUES = { date = "alert_tstamp", severity = "alert_severity",
  kind = "alert_type" }

local columns = {
  { "date", t "column.date", number = true, cell = function(alert)
    return figures.time(alert.alert_tstamp, now)
  end, raw = function(alert) return alert.alert_tstamp end },
  { "duration", t "column.duration", number = true, unsorted = true,
    least = 3, cell = function(alert)
      return asked.status ~= "historical-flows" and figures.duration(
        alert_list.duration(alert, now)) or ""
    end, raw = function(alert) return alert_list.duration(alert, now) end,
    optional = true },
  { "severity", t "column.severity", cell = alert_list.severity,
    raw = function(alert)
      return alert_names.alertSeverityRaw(alert.alert_severity)
    end },
  { "kind", t "column.kind", least = 2, cell = alert_list.kind,
    raw = alert_list.kind },
  { "entity", t "column.entity", unsorted = true, least = 3,
    cell = alert_list.entity, raw = function(alert)
      return alert.alert_entity_val or alert.cli_addr
    end },
  { "text", t "column.text", unsorted = true, long = true, second = true,
    cell = function(alert) return alert.alert_json end,
    raw = function(alert) return alert.alert_json end },
}

local list = listing.new {
  url = "show_alerts.lua", asked = asked, columns = columns,
  keep = { status = asked.status }, caption = t "alerts.title",
  filters = { { "severity", t "column.severity", {
    { "info", t "alerts.severities.info" },
    { "warning", t "alerts.severities.warning" },
    { "error", t "alerts.severities.error" } } } },
  none = { t(asked.status == "engaged" and "alerts.none_now"
    or "alerts.none_past"), t "alerts.none_so" },
  none_filtered = { t "hosts.none_filtered", t "hosts.none_filtered_so" },
  key = function(alert)
    return table.concat({ alert.rowid or alert.alert_id or "",
      alert.alert_entity_val or "", alert.alert_tstamp }, " ")
  end,
  fetch = listing.fetch_of(found, asked, function(alert, column)
    return tonumber(alert[VALUES[column]]) or 0
  end),
}
if asked.format == "csv" then return list:csv("alerts") end

local tabs = {}
for i, tab in ipairs(TABS) do
  tabs[i] = { title = t(tab[2]), here = tab[1] == asked.status,
    url = links.to("show_alerts.lua", { status = tab[1] }) }
end

local engaged = (interface.getCachedNumAlerts() or {}).num_alerts_engaged or 0
page.show {
  title = t "alerts.title", section = "alerts", stats = all,
  home = "show_alerts.lua", tabs = tabs, body = list:html(),
  lead = engaged == 0 and t "alerts.lead_none" or template.part(
    t "alerts.lead", { count = figures.count(engaged) }, "lead"),
}
