-- iface_parts: what the tabs of an interface show.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local facts = require "facts"
local figures = require "figures"
local history = require "history"
local i18n = require "i18n"
local links = require "links"
local plot = require "plot"
local tables = require "tables"

local iface_parts = {}

local t = i18n

--- Rules of the page's parameters.
iface_parts.RULES = history.RULES

local function overview(all)
  local stats, list = all.stats, facts.new()
  list:add(t "interface.name", all.name,
    all.description ~= all.name and all.description or nil)
  list:add(t "interface.kind", all.type)
  list:add(t "interface.addresses", all.ip_addresses)
  list:add(t "interface.speed", all.speed and all.speed > 0
    and figures.bits(all.speed * 1000000) or nil)
  list:add(t "interface.mtu", all.mtu and figures.bytes(all.mtu) or nil)
  list:add(t "interface.traffic", figures.bytes(stats.bytes),
    facts.labelled(t "flow.packets", figures.count(stats.packets)))
  list:add(t "interface.dropped", figures.count(stats.drops),
    stats.drops > 0 and t "interface.drop_hint" or nil)
  list:add(t "home.flows", links.a(links.to "flows_stats.lua",
    tostring(stats.flows)))
  list:add(t "home.hosts", links.a(links.to "hosts_stats.lua",
    tostring(stats.hosts)), t("home.of_them", { count = stats.local_hosts }))
  list:add(t "home.devices", links.a(links.to "macs_stats.lua",
    tostring(stats.devices)))
  local bytes, ways = all.localstats.bytes, {}
  for i, way in ipairs { "local2remote", "remote2local", "local2local",
      "remote2remote" } do
    ways[i] = { label = t("home." .. way), value = bytes[way] or 0 }
  end
  local kinds = {}
  for i, kind in ipairs { "IPv4", "IPv6", "ARP", "MPLS", "other" } do
    kinds[i] = { label = kind == "other" and t "flow.other" or kind,
      value = all.eth[kind .. "_bytes"] or 0 }
  end
  return facts.grid {
    facts.card { size = "half", flush = true,
      body = list:html(t "interface.overview", "overview") },
    facts.card { size = "half", title = t "interface.directions",
      live = "ways", body = plot.shares(ways, figures.bytes,
        t "interface.directions") },
    facts.card { size = "half", title = t "interface.by_kind", live = "kinds",
      body = plot.shares(kinds, figures.bytes, t "interface.by_kind") },
  }
end

local function ranks_of(items, shape)
  local total = 0
  for _, item in ipairs(items) do total = total + item.value end
  return plot.columns(items, shape, total)
end

local function named(counters, labels)
  local items = {}
  for i, item in ipairs(charts.items(counters, labels)) do
    items[i] = { name = item.label, value = item.value }
  end
  return items
end

local function packets(all)
  local sizes = named(all.pktSizeDistribution, charts.SIZES)
  for _, item in ipairs(sizes) do item.name = item.name .. " B" end
  local trouble = named(all.tcpPacketStats, {
    { "retransmissions", t "flow.retransmissions" },
    { "out_of_order", t "flow.out_of_order" }, { "lost", t "flow.lost" },
  })
  local states = named(all.tcpFlowStats, {
    { "numSynFlows", t "interface.syn" },
    { "numEstablishedFlows", t "interface.established" },
    { "numResetFlows", t "interface.reset" },
    { "numFinFlows", t "interface.fin" },
  })
  local flags = named(all.pktSizeDistribution, { { "syn", "SYN" },
    { "synack", "SYN+ACK" }, { "finack", "FIN+ACK" }, { "rst", "RST" } })
  return facts.grid {
    facts.card { size = "half", title = t "interface.sizes", live = "sizes",
      body = ranks_of(sizes, figures.count) },
    facts.card { size = "half", title = t "interface.tcp", live = "states",
      body = ranks_of(states, figures.count) },
    facts.card { size = "half", title = t "interface.trouble",
      live = "trouble", body = ranks_of(trouble, figures.count) },
    facts.card { size = "half", title = t "interface.flags", live = "flags",
      body = ranks_of(flags, figures.count) },
  }
end

local function applications(all)
  local items, breeds, total = {}, {}, 0
  for name, of in pairs(all.ndpi) do
    local bytes = of["bytes.sent"] + of["bytes.rcvd"]
    items[#items + 1] = { name = links.application(name), value = bytes }
    breeds[of.breed] = (breeds[of.breed] or 0) + bytes
    total = total + bytes
  end
  local kinds = {}
  for name, value in tables.pairsByValues(breeds, tables.rev) do
    kinds[#kinds + 1] = { label = name, value = value }
  end
  local flows, count = {}, 0
  for name, number in pairs(interface.getnDPIFlowsCount() or {}) do
    flows[#flows + 1] = { name = links.application(name), value = number }
    count = count + number
  end
  return facts.grid {
    facts.card { title = t "interface.breeds", live = "breeds",
      body = plot.shares(kinds, figures.bytes, t "interface.breeds") },
    facts.card { size = "half", title = t "interface.applications",
      live = "apps", body = plot.ranks(items, 200, figures.bytes, total) },
    facts.card { size = "half", title = t "interface.flows_now",
      live = "flows", body = plot.ranks(flows, 200, figures.count, count) },
  }
end

local function arp(all)
  return facts.card { title = t "interface.arp", live = "arp",
    body = ranks_of({
      { name = t "interface.arp_requests", value = all["arp.requests"] },
      { name = t "interface.arp_replies", value = all["arp.replies"] },
    }, figures.count) }
end

local function icmp(all)
  local rows = {}
  for _, version in ipairs { "ICMPv4", "ICMPv6" } do
    for key, of in tables.pairsByKeys(all[version] or {}) do
      rows[#rows + 1] = { ("%s %s"):format(version, key:gsub(",", ", ")),
        figures.count(of.sent), figures.count(of.rcvd) }
    end
  end
  return facts.card { flush = true, live = "icmp",
    body = facts.matrix(t "host.icmp", { t "host.type_code", t "column.sent",
      t "column.received" }, rows) }
end

local function historical(_, view)
  return history.show("if_stats.lua", { page = "historical" }, view, "", {
    { t "chart.throughput", "bytes" }, { t "chart.applications", "all" },
    { t "column.packets", "packets" }, { t "home.flows", "num_flows" },
    { t "home.hosts", "num_hosts" }, { t "interface.dropped", "drops" },
  })
end

--- The tabs that an interface has something for: {name, title, show} each.
function iface_parts.of(all)
  local tabs = {}
  local function add(name, title, show)
    tabs[#tabs + 1] = { name, title, name = name, show = show }
  end
  add("overview", t "interface.overview", overview)
  add("packets", t "interface.packets", packets)
  add("ndpi", t "interface.applications", applications)
  if next(all.ICMPv4 or {}) or next(all.ICMPv6 or {}) then
    add("ICMP", t "host.icmp", icmp)
  end
  if (all["arp.requests"] or 0) + (all["arp.replies"] or 0) > 0 then
    add("ARP", t "interface.arp", arp)
  end
  add("historical", t "interface.historical", historical)
  return tabs
end

--- The one of this name, else the first.
function iface_parts.find(tabs, name)
  for _, tab in ipairs(tabs) do
    if tab.name == name then return tab end
  end
  return tabs[1]
end

return iface_parts
