-- flows_stats: the active flows.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local figures = require "figures"
local flow_list = require "flow_list"
local glance = require "glance"
local links = require "links"
local page = require "page"
local template = require "template"

local t = i18n

local asked = page.read(flow_list.rules {})
local list, problem = flow_list.new("flows_stats.lua", asked)
if asked.format == "csv" and not problem then return list:csv("flows") end

local all = interface.getStats()

local function lead()
  if problem then
    return template.part([[<strong class="bad">{{ why }}</strong>]],
      { why = t("flows.bad_filter", { why = problem }) }, "problem")
  end
  local total = list:load()
  if list:is_filtered() then
    return template.part(t "flows.lead_some", { count = figures.count(total),
      all = figures.count(all.stats.flows) }, "lead")
  end
  local loud = glance.loudest "thpt"
  if not loud then
    return template.part(t "flows.lead", { count = figures.count(total) },
      "lead")
  end
  return template.part(t "flows.lead_loud", {
    count = figures.count(total), rate = figures.rate(loud.value),
    what = links.application(loud.application),
    who = links.host(loud.ip, loud.vlan, loud.name),
  }, "lead")
end

page.show {
  title = t "flows.title", section = "flows", stats = all,
  lead = lead(),
  body = list:html(), home = "flows_stats.lua",
}
