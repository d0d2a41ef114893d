-- hosts_stats: the active hosts.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local figures = require "figures"
local host_list = require "host_list"
local host_tabs = require "host_tabs"
local page = require "page"
local template = require "template"

local t = i18n

local asked = page.read(host_list.rules {})
local all = interface.getStats()
local list = host_list.new("hosts_stats.lua", asked, page.now(all))
if asked.format == "csv" then return list:csv("hosts") end

local total = list:load()

-- "in country IE, ...": what the list was cut down to by a link.
local function of_what()
  local parts = {}
  for _, name in ipairs { "country", "asn", "os", "vlan", "mac", "network",
      "protocol" } do
    local it = asked[name]
    if name == "network" and it then it = ntop.getNetworkNameById(it) end
    if it then parts[#parts + 1] = t("hosts.of_" .. name, { it = it }) end
  end
  return #parts > 0 and " " .. table.concat(parts, ", ") or ""
end

local is_some = total ~= all.stats.hosts
page.show {
  title = t "hosts.title" .. of_what(), section = "hosts", stats = all,
  home = "hosts_stats.lua", tabs = host_tabs "hosts",
  lead = template.part(t(is_some and "hosts.lead_some" or "hosts.lead"), {
    count = figures.count(total), all = figures.count(all.stats.hosts),
    locals = figures.count(all.stats.local_hosts),
  }, "lead"),
  body = list:html(),
}
