-- host_parts: what the tabs of a host show.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local facts = require "facts"
local figures = require "figures"
local history = require "history"
local i18n = require "i18n"
local links = require "links"
local plot = require "plot"
local tables = require "tables"
local template = require "template"

local host_parts = {}

local t = i18n

local PEERS = 1000 -- flows that peers and ports are taken from

local function sum(host, of)
  return (host[of .. ".sent"] or 0) + (host[of .. ".rcvd"] or 0)
end

local function both(sent, received)
  return facts.labelled(t "side.sent", sent),
    facts.labelled(t "side.received", received)
end

local function as_both(client, server)
  return facts.labelled(t "host.as_client", client),
    facts.labelled(t "host.as_server", server)
end

-- Overview --------------------------------------------------------------------

local function identity(host, view)
  local kinds = {}
  for kind, is in pairs { system = host.systemhost,
      multicast = host.is_multicast, broadcast = host.is_broadcast } do
    if is then kinds[#kinds + 1] = t("host.kinds." .. kind) end
  end
  local names = {}
  for source, name in tables.pairsByKeys(host.names or {}) do
    if name ~= host.name then names[#names + 1] = facts.labelled(source, name)
    end
  end
  local vendor = ntop.getMacManufacturer(host.mac)
  local list = facts.new()
  list:add(t "host.address", view.key, links.a(links.to("hosts_stats.lua", {
    network = host.local_network_id >= 0 and host.local_network_id }),
    host.localhost and (host.local_network_name or t "word.local")
      or t "word.remote"), table.concat(kinds, ", "))
  list:add(t "host.names", table.unpack(names))
  list:add(t "host.mac", links.mac(host.mac),
    type(vendor) == "table" and vendor.extended or vendor)
  list:add(t "column.vlan", links.vlan(host.vlan))
  list:add(t "host.location", links.country(host.country), host.city,
    links.asn(host.asn, host.asname))
  list:add(t "host.system", links.os(host.os))
  list:add(t "host.seen", figures.time(host["seen.first"], view.now),
    figures.time(host["seen.last"], view.now), figures.duration(host.duration))
  return list:html(t "host.overview", "identity")
end

local function traffic_facts(host)
  local list = facts.new()
  list:add(t "host.sent_received",
    facts.labelled(t "side.sent", figures.bytes(host["bytes.sent"])),
    facts.labelled(t "side.received", figures.bytes(host["bytes.rcvd"])),
    figures.breakdown(host["bytes.sent"], host["bytes.rcvd"], t "side.sent",
      t "side.received"))
  list:add(t "column.packets", both(figures.count(host["packets.sent"]),
    figures.count(host["packets.rcvd"])))
  list:add(t "column.throughput", figures.rate(host.throughput_bps),
    figures.trend(host.throughput_bps > 0 and host.throughput_trend_bps or 0))
  list:add(t "host.active_flows",
    as_both(figures.count(host["active_flows.as_client"]),
      figures.count(host["active_flows.as_server"])))
  list:add(t "host.all_flows", as_both(figures.count(host["flows.as_client"]),
    figures.count(host["flows.as_server"])))
  list:add(t "host.low_goodput",
    as_both(figures.count(host["low_goodput_flows.as_client"]),
      figures.count(host["low_goodput_flows.as_server"])))
  list:add(t "host.analysis", facts.labelled(t "flow.retransmissions",
    figures.count(host["tcp.packets.retransmissions"])),
    facts.labelled(t "flow.out_of_order",
      figures.count(host["tcp.packets.out_of_order"])),
    facts.labelled(t "flow.lost", figures.count(host["tcp.packets.lost"])))
  list:add(t "column.alerts", (host.num_alerts or 0) > 0
    and figures.count(host.num_alerts) or nil)
  return list:html(t "host.traffic", "traffic")
end

local function top_applications(host, most)
  local items, total = {}, 0
  for name, of in pairs(host.ndpi or {}) do
    local bytes = of["bytes.sent"] + of["bytes.rcvd"]
    items[#items + 1] = { value = bytes, name = links.a(
      links.to("host_details.lua", { host = host.ip
        .. (host.vlan > 0 and "@" .. host.vlan or ""), page = "flows",
        application = name }), name) }
    total = total + bytes
  end
  return plot.ranks(items, most, figures.bytes, total)
end

-- Flows of the host, and what of it is the other end.
local function each_peer(view, call)
  local found = interface.getFlowsInfo(view.key, {
    sortColumn = "column_bytes", a2zSortOrder = false, maxHits = PEERS,
    detailsLevel = "high",
  })
  for _, flow in ipairs(found and found.flows or {}) do
    local is_client = flow["cli.ip"] == view.ip
    call(flow, is_client and "srv" or "cli", is_client and "cli" or "srv")
  end
end

local function peers_of(host, view)
  local by, items, total = {}, {}, 0
  view.ip = host.ip
  each_peer(view, function(flow, peer)
    local ip = flow[peer .. ".ip"]
    local item = by[ip]
    if not item then
      item = { value = 0, apps = {}, ip = ip, vlan = flow.vlan,
        label = flow[peer .. ".host"] }
      by[ip], items[#items + 1] = item, item
    end
    item.value, total = item.value + flow.bytes, total + flow.bytes
    item.apps[flow["proto.ndpi"]] = true
  end)
  return items, total
end

local function top_peers(host, view, most)
  local items, total = peers_of(host, view)
  for _, item in ipairs(items) do
    item.name = links.host(item.ip, item.vlan, item.label)
  end
  if #items == 0 then return t "host.no_peers" end
  return plot.ranks(items, most, figures.bytes, total)
end

local function overview(host, view)
  local function tab(name)
    return links.to("host_details.lua", { host = view.key, page = name })
  end
  return template.part([[
<div class="grid"><div class="half">{{ identity }}</div>
<div class="half">{{ traffic }}</div>{{ apps }}{{ peers }}</div>]], {
    identity = identity(host, view), traffic = traffic_facts(host),
    apps = facts.card { size = "half", title = t "home.applications",
      body = top_applications(host, 8), live = "apps", link = tab "ndpi",
      more = t "home.all" },
    peers = facts.card { size = "half", title = t "host.peers",
      body = top_peers(host, view, 8), live = "peers", link = tab "peers",
      more = t "home.all" },
  }, "overview")
end

-- Other tabs ------------------------------------------------------------------

local function traffic(host)
  local rows, items = {}, {}
  for i, kind in ipairs { { "tcp", "TCP" }, { "udp", "UDP" },
      { "icmp", "ICMP" }, { "other_ip", "Other IP" } } do
    local name, label = table.unpack(kind)
    rows[i] = { label, figures.bytes(host[name .. ".bytes.sent"]),
      figures.bytes(host[name .. ".bytes.rcvd"]),
      figures.count(host[name .. ".packets.sent"]),
      figures.count(host[name .. ".packets.rcvd"]) }
    items[i] = { label = label, value = sum(host, name .. ".bytes") }
  end
  return facts.grid {
    facts.card { title = t "host.traffic", live = "shares",
      body = plot.shares(items, figures.bytes, t "host.traffic") },
    facts.card { flush = true, live = "l4",
      body = facts.matrix(t "host.traffic", { t "column.protocol",
        t "column.sent", t "column.received",
        t "column.packets" .. " " .. t "side.sent",
        t "column.packets" .. " " .. t "side.received" }, rows) },
  }
end

local function size_items(of)
  local items = {}
  for i, item in ipairs(charts.items(of, charts.SIZES)) do
    items[i] = { name = item.label .. " B", value = item.value }
  end
  return items
end

local function sizes(of)
  local items, total = size_items(of), 0
  for _, item in ipairs(items) do total = total + item.value end
  return plot.columns(items, figures.count, total)
end

local function packets(host)
  local sent, received = host["pktStats.sent"] or {},
    host["pktStats.recv"] or {}
  local rows = {}
  for i, flag in ipairs { { "syn", "SYN" }, { "synack", "SYN+ACK" },
      { "finack", "FIN+ACK" }, { "rst", "RST" } } do
    rows[i] = { flag[2], figures.count(sent[flag[1]]),
      figures.count(received[flag[1]]) }
  end
  return facts.grid {
    facts.card { size = "half", title = t "host.sizes_sent", live = "sent",
      body = sizes(sent) },
    facts.card { size = "half", title = t "host.sizes_received",
      live = "received", body = sizes(received) },
    facts.card { flush = true, live = "flags",
      body = facts.matrix(t "host.flags", { t "host.flags", t "column.sent",
        t "column.received" }, rows) },
  }
end

local function ports(host, view)
  local sides = { cli = {}, srv = {} }
  view.ip = host.ip
  each_peer(view, function(flow, _, own)
    local port = flow["srv.port"] or 0
    local key = flow["proto.l4"] .. " " .. port
    local item = sides[own][key]
    if port > 0 then
      if not item then
        item = { value = 0, port = port, l4 = flow["proto.l4"] }
        sides[own][key] = item
      end
      item.value = item.value + flow.bytes
    end
  end)
  local function ranked(side)
    local items, total = {}, 0
    for _, item in pairs(sides[side]) do
      item.name = template.part("{{ port }} <small>{{ l4 }} {{ name }}</small>",
        { port = links.a(links.to("host_details.lua", { host = view.key,
            page = "flows", port = item.port }), tostring(item.port)),
          l4 = item.l4,
          name = links.service(item.port, item.l4) or "" }, "port")
      items[#items + 1], total = item, total + item.value
    end
    if #items == 0 then return t "host.no_ports" end
    return plot.ranks(items, 15, figures.bytes, total)
  end
  return facts.grid {
    facts.card { size = "half", title = t "host.client_ports", live = "to",
      body = ranked "cli" },
    facts.card { size = "half", title = t "host.server_ports", live = "from",
      body = ranked "srv" },
  }
end

local function peers(host, view)
  local items, total = peers_of(host, view)
  if #items == 0 then
    return facts.card { body = t "host.no_peers" }
  end
  tables.sort(items, function(a, b) return a.value > b.value end)
  local rows = {}
  for i, item in ipairs(tables.slice(items, 1, 50)) do
    local apps = {}
    for app in tables.pairsByKeys(item.apps) do
      apps[#apps + 1] = tostring(links.application(app))
    end
    rows[i] = { links.host(item.ip, item.vlan, item.label),
      template.markup(table.concat(apps, ", ")), figures.bytes(item.value),
      figures.percent(item.value, total) }
  end
  return facts.card { flush = true, live = "peers",
    body = facts.matrix(t "host.peers", { t "host.peers",
      t "column.application", t "column.traffic", t "column.share" }, rows) }
end

local function icmp(host)
  local rows = {}
  for _, version in ipairs { "ICMPv4", "ICMPv6" } do
    for key, of in tables.pairsByKeys(host[version] or {}) do
      rows[#rows + 1] = { ("%s %s"):format(version, key:gsub(",", ", ")),
        figures.count(of.sent), figures.count(of.rcvd) }
    end
  end
  return facts.card { flush = true, live = "icmp",
    body = facts.matrix(t "host.icmp", { t "host.type_code", t "column.sent",
      t "column.received" }, rows) }
end

local function dns(host)
  local rows = {}
  for _, side in ipairs { "sent", "rcvd" } do
    local of = host.dns[side] or {}
    rows[#rows + 1] = {
      t(side == "sent" and "host.dns_sent" or "host.dns_received"),
      figures.count(of.num_queries), figures.count(of.num_replies_ok),
      figures.count(of.num_replies_error) }
  end
  local items, total = {}, 0
  for name, count in pairs((host.dns.sent or {}).queries or {}) do
    items[#items + 1] = { name = name:gsub("^num_", ""):upper(), value = count }
    total = total + count
  end
  return facts.grid {
    facts.card { flush = true, live = "dns", body = facts.matrix(t "host.dns",
      { t "host.dns", t "host.queries", t "host.ok", t "host.errors" }, rows) },
    facts.card { title = t "host.kinds_of", live = "kinds",
      body = plot.ranks(items, 10, figures.count, total) },
  }
end

local function http(host)
  local function rows_of(of, kind, names)
    local rows = {}
    for _, name in ipairs(names) do
      rows[#rows + 1] = { name[2], figures.count(((of or {})[kind] or {})[
        name[1]]) }
    end
    return rows
  end
  local METHODS = { { "num_get", "GET" }, { "num_post", "POST" },
    { "num_head", "HEAD" }, { "num_put", "PUT" },
    { "num_other", t "flow.other" } }
  local CODES = { { "num_1xx", "1xx" }, { "num_2xx", "2xx" },
    { "num_3xx", "3xx" }, { "num_4xx", "4xx" }, { "num_5xx", "5xx" } }
  local cards = {}
  for _, side in ipairs { "sender", "receiver" } do
    local of = host.http[side]
    local title = t(side == "sender" and "host.http_sent"
      or "host.http_received")
    cards[#cards + 1] = facts.card { size = "half", flush = true,
      live = side .. "q", body = facts.matrix(title,
        { title, t "host.requests" }, rows_of(of, "query", METHODS)) }
    cards[#cards + 1] = facts.card { size = "half", flush = true,
      live = side .. "r", body = facts.matrix(title,
        { title, t "host.responses" }, rows_of(of, "response", CODES)) }
  end
  return facts.grid(cards)
end

local function activity(_, view)
  local json = require "json"
  local minutes = json.decode(interface.getHostActivityMap(view.key) or "{}")
  return facts.card { title = t "host.activity", live = "activity",
    body = plot.activity(minutes, view.now, t "host.activity_lead") }
end

local function applications(host)
  return facts.card { live = "apps", title = t "host.applications",
    body = top_applications(host, 100) }
end

local function historical(_, view)
  return history.show("host_details.lua", { host = view.key,
    page = "historical" }, view, view.key, {
    { t "chart.throughput", "bytes" }, { t "chart.applications", "all" },
    { t "flow.trouble", "tcp_all" },
  })
end

--- The tabs that this host has something for: {name, title, show} each.
function host_parts.of(host)
  local tabs = {}
  local function add(name, title, show)
    tabs[#tabs + 1] = { name, t("host." .. title), name = name, show = show }
  end
  add("overview", "overview", overview)
  add("traffic", "traffic", traffic)
  add("packets", "packets", packets)
  add("ports", "ports", ports)
  add("peers", "peers", peers)
  if next(host.ICMPv4 or {}) or next(host.ICMPv6 or {}) then
    add("ICMP", "icmp", icmp)
  end
  add("ndpi", "applications", applications)
  if host.localhost then add("activities", "activity", activity) end
  if host.dns then add("dns", "dns", dns) end
  if host.http then add("http", "http", http) end
  add("flows", "flows")
  if host.localhost then add("historical", "historical", historical) end
  return tabs
end

--- The one of this name, else the first.
function host_parts.find(tabs, name)
  for _, tab in ipairs(tabs) do
    if tab.name == name then return tab end
  end
  return tabs[1]
end

return host_parts
