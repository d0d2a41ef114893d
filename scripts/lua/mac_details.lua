-- mac_details: one network card, and the hosts behind it.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local facts = require "facts"
local figures = require "figures"
local host_list = require "host_list"
local links = require "links"
local page = require "page"
local template = require "template"

local t = i18n

local asked = page.read(host_list.rules {
  host = { "mac", required = true },
})
local mac = interface.getMacInfo(asked.host, asked.vlan)
local all = interface.getStats()
if not mac then
  return page.nothing {
    title = asked.host, section = "devices", status = 404, stats = all,
    why = t "devices.gone", so = t "devices.gone_so",
    url = links.to "macs_stats.lua", go = t "devices.all",
  }
end

local now = page.now(all)
asked.mac = asked.host
local list = host_list.new("mac_details.lua", asked, now,
  { host = asked.host })
if asked.format == "csv" then return list:csv("hosts") end

local function both(sent, received)
  return facts.labelled(t "side.sent", sent),
    facts.labelled(t "side.received", received)
end

local function known()
  local found = facts.new()
  found:add(t "column.mac", mac.mac, mac.manufacturer)
  found:add(t "column.vlan", links.vlan(mac.vlan))
  found:add(t "host.seen", figures.time(mac["seen.first"], now),
    figures.time(mac["seen.last"], now), figures.duration(mac.duration))
  local sent, received = both(figures.bytes(mac["bytes.sent"]),
    figures.bytes(mac["bytes.rcvd"]))
  found:add(t "column.traffic", sent, received, figures.breakdown(
    mac["bytes.sent"], mac["bytes.rcvd"], t "side.sent", t "side.received"))
  found:add(t "column.packets", both(figures.count(mac["packets.sent"]),
    figures.count(mac["packets.rcvd"])))
  found:add(t "column.throughput", figures.rate(mac.throughput_bps))
  for _, kind in ipairs { "requests", "replies" } do
    found:add(t "devices.arp" .. ", " .. t("devices." .. kind),
      both(figures.count(mac["arp_" .. kind .. ".sent"]),
        figures.count(mac["arp_" .. kind .. ".rcvd"])))
  end
  return found:html(t "devices.title", "mac")
end

page.show {
  title = mac.manufacturer and mac.manufacturer ~= "" and ("%s (%s)"):format(
    mac.mac, mac.manufacturer) or mac.mac,
  section = "devices", stats = all, home = "macs_stats.lua",
  above = links.a(links.to "macs_stats.lua", t "devices.title"),
  lead = template.part(t(mac.throughput_bps > 0 and "devices.lead_one"
    or "devices.lead_one_quiet"), {
    rate = figures.rate(mac.throughput_bps),
    bytes = figures.bytes(mac["bytes.sent"] + mac["bytes.rcvd"]),
    since = figures.time(mac["seen.first"], now),
  }, "lead"),
  body = template.part([[
<div class="stack">{{ known }}<h2>{{ t "devices.hosts" }}</h2>
<div>{{ list }}</div></div>]], { known = known(), list = list:html() },
    "mac"),
}
