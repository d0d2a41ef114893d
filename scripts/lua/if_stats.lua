-- if_stats: one interface, tab by tab.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local figures = require "figures"
local iface_parts = require "iface_parts"
local glance = require "glance"
local page = require "page"
local template = require "template"

local t = i18n

local asked = page.read(iface_parts.RULES)
local all = interface.getStats()
local tabs = iface_parts.of(all)
local current = iface_parts.find(tabs, asked.page)
local now = page.now(all)
local is_live = page.state() == "live"

page.show {
  title = getInterfaceNameAlias(ifname), section = "interfaces", stats = all,
  home = "if_stats.lua",
  lead = template.part(t(is_live and "interface.lead"
    or "interface.lead_read"), {
    rate = figures.rate(is_live and glance.rate(now)),
    bytes = figures.bytes(all.stats.bytes),
    packets = figures.count(all.stats.packets),
  }, "lead"),
  tabs = page.tabs(tabs, "if_stats.lua", {}, current.name),
  body = current.show(all, { now = now, asked = asked, is_live = is_live }),
}
