-- macs_stats: the network cards.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local figures = require "figures"
local links = require "links"
local listing = require "listing"
local page = require "page"
local rows = require "rows"
local template = require "template"

local t = i18n

local asked = page.read(listing.rules(
  "traffic mac vlan since thpt hosts manufacturer arp_sent arp_rcvd", {
    vlan = "vlan",
    devices_mode = { "choice", of = { "all", "host_macs_only" } },
    manufacturer = { "string", max = 128 },
  }))
local all = interface.getStats()
local now, largest = page.now(all), 0

local function traffic(mac)
  return mac["bytes.sent"] + mac["bytes.rcvd"]
end

local function arp(mac, side)
  return (mac["arp_requests." .. side] or 0) + (mac["arp_replies." .. side]
    or 0)
end

local columns = {
  { "mac", t "column.mac", cell = function(mac) return links.mac(mac.mac) end,
    raw = function(mac) return mac.mac end },
  { "vlan", t "column.vlan", number = true, optional = true, least = 3,
    cell = function(mac) return links.vlan(mac.vlan) end,
    raw = function(mac) return mac.vlan end },
  { "manufacturer", t "column.manufacturer", wide = true, second = true,
    cell = function(mac)
      return links.a(links.to("macs_stats.lua",
        { manufacturer = mac.manufacturer }), mac.manufacturer)
    end, raw = function(mac) return mac.manufacturer end },
  { "hosts", t "column.hosts", number = true, least = 2,
    cell = function(mac)
      return mac.num_hosts > 0 and template.part(
        [[<a href="{{ url }}">{{ count }}</a>]], {
          url = links.to("hosts_stats.lua", { mac = mac.mac }),
          count = figures.count(mac.num_hosts) }, "hosts") or ""
    end, raw = function(mac) return mac.num_hosts end },
  { "arp_sent", t "devices.arp", number = true, least = 4,
    cell = function(mac)
      return template.part("{{ sent }} / {{ received }}", {
        sent = figures.count(arp(mac, "sent")),
        received = figures.count(arp(mac, "rcvd")) }, "arp")
    end, raw = function(mac) return arp(mac, "sent") end },
  { "since", t "column.since", number = true, least = 3,
    cell = function(mac) return figures.time(mac["seen.first"], now) end,
    raw = function(mac) return mac["seen.first"] end },
  { "breakdown", t "column.breakdown", unsorted = true, least = 3,
    cell = function(mac)
      return figures.breakdown(mac["bytes.sent"], mac["bytes.rcvd"],
        t "side.sent", t "side.received")
    end, raw = function(mac) return mac["bytes.sent"] end },
  { "thpt", t "column.throughput", number = true, least = 2,
    cell = function(mac) return figures.rate(mac.throughput_bps) end,
    raw = function(mac) return mac.throughput_bps * 8 end },
  { "traffic", t "column.traffic", number = true, cell = function(mac)
    return template.part("{{ bar }}{{ bytes }}", {
      bar = figures.bar(traffic(mac), largest),
      bytes = figures.bytes(traffic(mac)) }, "traffic")
  end, raw = traffic },
}

local function manufacturers()
  local choices = {}
  for name in pairsByKeys(interface.getMacManufacturers() or {}, asc) do
    choices[#choices + 1] = { name, name }
  end
  return choices
end

local list = listing.new {
  url = "macs_stats.lua", asked = asked, caption = t "devices.title",
  json = "get_macs_data.lua", columns = columns, also = { "vlan" },
  filters = {
    { "devices_mode", t "devices.which",
      { { "host_macs_only", t "devices.with_hosts" } } },
    { "manufacturer", t "devices.manufacturer", manufacturers() },
  },
  none = { t "devices.none", t "devices.none_so" },
  none_filtered = { t "hosts.none_filtered", t "hosts.none_filtered_so" },
  key = function(mac) return mac.mac .. (mac.vlan or "") end,
  fetch = function(first, count)
    local found = interface.getMacsInfo(asked.sortColumn, count, first,
      rows.is_ascending(asked), asked.vlan, false,
      asked.devices_mode == "host_macs_only", asked.manufacturer)
    largest = 0
    for _, mac in ipairs(found.macs) do
      largest = math.max(largest, traffic(mac))
    end
    return found.macs, found.numMacs
  end,
}
if asked.format == "csv" then return list:csv("devices") end

local total = list:load()
page.show {
  title = t "devices.title", section = "devices", stats = all,
  home = "macs_stats.lua", body = list:html(),
  lead = template.part(t "devices.lead", { count = figures.count(total) },
    "lead"),
}
