-- index: what kelvin sees, at a glance.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local alert_list = require "alert_list"
local figures = require "figures"
local glance = require "glance"
local links = require "links"
local page = require "page"
local plot = require "plot"
local sankey = require "sankey"
local template = require "template"

local t = i18n

local TOP = 8 -- of hosts, applications
local RIBBONS = 18 -- of the picture of flows
local SHOWN, LEAST = 300, 60 -- seconds of the chart

page.read {}
local all = interface.getStats()
local stats, now, state = all.stats, page.now(all), page.state()
local name = getInterfaceNameAlias(ifname)

local function nothing(why, so)
  page.nothing { title = name, section = "home", stats = all,
    why = t(why, { name = name }), so = t(so) }
end

if stats.packets == 0 then
  if state == "down" then return nothing("home.down", "home.down_so") end
  return nothing("home.silent", "home.silent_so")
end

local rate = state == "live" and glance.rate(now) or nil

-- The sentence that one came for.
local function lead()
  local is_now = state == "live"
  local loud = glance.loudest(is_now and "thpt" or "bytes")
  if not loud and (rate or 0) == 0 then return t "home.lead_quiet" end
  if not loud then
    return template.part(t "home.lead_rate", { rate = figures.rate(rate) },
      "lead")
  end
  local values = {
    rate = is_now and figures.rate(rate or loud.total) or "",
    bytes = figures.bytes(stats.bytes), flows = figures.count(stats.flows),
    part = figures.percent(loud.value, loud.total),
    what = links.application(loud.application),
    who = links.host(loud.ip, loud.vlan, loud.name),
  }
  return template.part(t(is_now and "home.lead_live" or "home.lead_read"),
    values, "lead")
end

local function throughput()
  -- Not the empty time before the first packet, where that is most of it.
  local start = interface.getSeries().since
  if state == "live" then start = math.min(start, now - LEAST) end
  local from = math.max(now - SHOWN, start)
  local seconds = interface.getSeconds(from, now)
  local bits, known = {}, false
  for i, bytes in ipairs(seconds.bytes) do
    bits[i] = bytes and bytes * 8
    known = known or bytes
  end
  if not known then return t "home.waiting" end
  return plot.over_time {
    start = seconds.start, step = 1, count = #seconds.bytes, unit = "bps",
    series = { { label = name, values = bits } },
    label = t "home.today", live = state == "live", table = false,
  }
end

-- Local hosts, as they are whose network it is; where there are none, all.
local function talkers()
  local items = {}
  local list = stats.local_hosts > 0 and interface.getLocalHostsInfo
    or interface.getHostsInfo
  local found = list(false, "column_traffic", TOP, 0, false)
  for _, host in pairs(found.hosts) do
    items[#items + 1] = {
      name = links.host(host.ip, host.vlan, host.name),
      value = host["bytes.sent"] + host["bytes.rcvd"],
    }
  end
  return plot.ranks(items, TOP, figures.bytes, stats.bytes)
end

local function applications()
  local items = {}
  for app, of in pairs(all.ndpi) do
    items[#items + 1] = {
      name = links.application(app),
      value = of["bytes.sent"] + of["bytes.rcvd"],
    }
  end
  return plot.ranks(items, TOP, figures.bytes, stats.bytes)
end

local function directions()
  local bytes, items = all.localstats.bytes, {}
  for i, way in ipairs { "local2remote", "remote2local", "local2local",
      "remote2remote" } do
    items[i] = { label = t("home." .. way), value = bytes[way] or 0 }
  end
  return plot.shares(items, figures.bytes, t "home.directions")
end

-- Client, application, server of the largest flows.
local function who()
  local found = interface.getFlowsInfo(nil, {
    sortColumn = "column_bytes", a2zSortOrder = false, maxHits = RIBBONS,
    detailsLevel = "high",
  })
  local sums, ribbons = {}, {}
  local function add(from, to, value)
    local key = from.id .. " " .. to.id
    if not sums[key] then
      sums[key] = { from = from, to = to, value = 0 }
      ribbons[#ribbons + 1] = sums[key]
    end
    sums[key].value = sums[key].value + value
  end
  for _, flow in ipairs(found.flows) do
    local app = flow["proto.ndpi"]:match("[^.]+$")
    local function node(side, column)
      local key = hostinfo2hostkey { host = flow[side .. ".ip"],
        vlan = flow.vlan }
      return { id = side .. key, column = column,
        label = flow[side .. ".host"] or key,
        url = links.to("host_details.lua", { host = key }) }
    end
    local middle = { id = "app" .. app, label = app, column = 2,
      url = links.to("flows_stats.lua", { application = app }) }
    add(node("cli", 1), middle, flow.bytes)
    add(middle, node("srv", 3), flow.bytes)
  end
  return sankey.draw(ribbons, t "home.who")
end

local body = page.template([[
<div class="stack">
<div class="card tiles" data-live="tiles">
{% for _, tile in ipairs(tiles) do %}
<a href="{{ tile.url }}"{% if tile.warn then %} class="warn"{% end %}><span
 class="what">{{ tile.what }}</span><span class="much">{{ tile.much }}</span>
{% if tile.why then %}<span class="why">{{ tile.why }}</span>{% end %}
</a>
{% end %}
</div>
<div class="grid">
<section class="card two-thirds"><header><h2>{{ t "home.today" }}</h2>
<a href="{{ links.to("if_stats.lua", { page = "historical" }) }}">{{
 t "interface.historical" }}</a></header>
{{ throughput }}</section>
<div class="third stack">
<section class="card"><header><h2>{{ t "home.directions" }}</h2></header>
<div data-live="directions">{{ directions }}</div></section>
<section class="card"><header><h2>{{ t "home.alerts" }}</h2>
<a href="{{ links.to "show_alerts.lua" }}">{{ t "home.all" }}</a></header>
<div data-live="alerts">{{ alerts }}</div></section>
</div>
<section class="card half"><header><h2>{{ t "home.talkers" }}</h2>
<a href="{{ links.to "hosts_stats.lua" }}">{{ t "home.all" }}</a></header>
<div data-live="talkers">{{ talkers }}</div></section>
<section class="card half"><header><h2>{{ t "home.applications" }}</h2>
<a href="{{ links.to("if_stats.lua", { page = "ndpi" }) }}">{{ t "home.all"
 }}</a></header>
<div data-live="applications">{{ applications }}</div></section>
<section class="card"><header><h2>{{ t "home.who" }}</h2>
<a href="{{ links.to "flows_stats.lua" }}">{{ t "home.all" }}</a></header>
<div class="scrolls" tabindex="0" data-live="who">{{ who }}</div></section>
</div>
</div>
]], "home")

local function tiles()
  local alerts = interface.getCachedNumAlerts() or {}
  local engaged = alerts.num_alerts_engaged or 0
  local list = {
    { what = t "home.total", much = figures.bytes(stats.bytes),
      url = links.to "if_stats.lua" },
    { what = t "home.packets", much = figures.short_count(stats.packets),
      url = links.to("if_stats.lua", { page = "packets" }) },
    { what = t "home.flows", much = figures.count(stats.flows),
      url = links.to "flows_stats.lua" },
    { what = t "home.hosts", much = figures.count(stats.hosts),
      why = t("home.of_them", { count = formatValue(stats.local_hosts) }),
      url = links.to "hosts_stats.lua" },
    { what = t "home.devices", much = figures.count(stats.devices),
      url = links.to "macs_stats.lua" },
    { what = t "home.drops", much = figures.count(stats.drops),
      warn = stats.drops > 0, url = links.to "if_stats.lua" },
    { what = t "home.alerts", much = figures.count(engaged),
      warn = engaged > 0, url = links.to "show_alerts.lua" },
  }
  if state == "live" then
    table.insert(list, 1, { what = t "home.throughput",
      much = figures.rate(rate), url = links.to("if_stats.lua",
        { page = "historical" }) })
  end
  for i, tile in ipairs(list) do
    list[i] = setmetatable(tile, { __index = { why = false, warn = false } })
  end
  return list
end

page.show {
  title = name, section = "home", stats = all,
  lead = lead(),
  body = body {
    tiles = tiles(), throughput = throughput(), directions = directions(),
    talkers = talkers(), applications = applications(), who = who(),
    alerts = alert_list.latest(now),
  },
}
