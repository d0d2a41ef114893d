-- flow_details: one active flow, all that is known of it.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local facts = require "facts"
local figures = require "figures"
local flow_list = require "flow_list"
local links = require "links"
local page = require "page"
local template = require "template"

local t = i18n

local asked = page.read {
  flow_key = { "integer", min = 0, required = true },
}
local flow = interface.findFlowByKey(asked.flow_key)
local all = interface.getStats()
if not flow then
  return page.nothing {
    title = t "flow.title", section = "flows", status = 404, stats = all,
    why = t "flow.gone", so = t "flow.gone_so",
    url = links.to "flows_stats.lua", go = t "flow.all_flows",
  }
end

local now = page.now(all)
local is_tcp = flow["proto.l4"] == "TCP"

local function labelled(label, value)
  return facts.labelled(label, value)
end

local FLAGS = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR" }

local function flags(bits)
  local names = {}
  for i, name in ipairs(FLAGS) do
    if bits and bits >> (i - 1) & 1 == 1 then names[#names + 1] = name end
  end
  return table.concat(names, " ")
end

local function both(client, server)
  return labelled(t "flow.to_server", client),
    labelled(t "flow.to_client", server)
end

local function status()
  local words = flow_list.status(flow)
  if (flow["flow.status"] or 0) == 0 then words = nil end
  return template.part([[
<span class="pill{% if words then %} warning{% end %}">{{ words or
 t "flow.statuses.0" }}</span>
{% if tcp then %}<small>{{ tcp }}</small>{% end %}]], {
    words = words or false,
    tcp = is_tcp and t(flow.tcp_established and "flow.established"
      or "flow.half") or false,
  }, "status")
end

local function risks()
  return #flow.risks > 0 and template.part([[
{% for _, risk in ipairs(risks) do %}<span class="pill warning">{{ risk
}}</span> {% end %}]], { risks = flow.risks }, "risks") or nil
end

local function main_facts()
  local list = facts.new()
  list:add(t "flow.peers", template.part("{{ client }} → {{ server }}", {
    client = flow_list.peer(flow, "cli"),
    server = flow_list.peer(flow, "srv") }, "peers"))
  list:add(t "flow.application", links.application(flow["proto.ndpi"]),
    flow["proto.l4"], labelled(t "flow.category", flow["proto.ndpi_cat"]))
  list:add(t "flow.status", status())
  list:add(t "flow.risks", risks())
  list:add(t "flow.seen", figures.time(flow["seen.first"], now),
    figures.time(flow["seen.last"], now), figures.duration(flow.duration))
  list:add(t "flow.throughput", labelled(t "flow.now",
    figures.rate(flow.throughput_bps)), figures.trend(
    flow.throughput_bps > 0 and flow.throughput_trend_bps or 0),
    labelled(t "flow.peak", figures.rate(flow.top_throughput_bps)))
  list:add(t "flow.traffic", figures.bytes(flow.bytes),
    labelled(t "flow.packets", figures.count(flow.packets)),
    labelled(t "flow.goodput", figures.bytes(flow.goodput_bytes)),
    labelled(t "flow.goodput_of", figures.percent(flow.goodput_bytes,
      flow.bytes)))
  list:add(t "column.vlan", links.vlan(flow.vlan))
  list:add(t "column.mac", links.mac(flow["cli.mac"]),
    links.mac(flow["srv.mac"]))
  list:add(t "column.country", links.country(flow["cli.country"]),
    links.country(flow["srv.country"]))
  return list:html(t "flow.title", "facts")
end

local function directions()
  local function row(side, label)
    local pauses = flow["interarrival." .. side] or {}
    return { label,
      figures.count(flow[side .. ".packets"]),
      figures.bytes(flow[side .. ".bytes"]),
      figures.bytes(flow[side .. ".goodput_bytes"]),
      figures.pause(pauses.min), figures.pause(pauses.avg),
      figures.pause(pauses.max) }
  end
  return facts.matrix(t "flow.directions", {
    t "flow.directions", t "column.packets", t "column.bytes", t "flow.goodput",
    t "flow.minimum", t "flow.average", t "flow.maximum",
  }, { row("cli2srv", t "flow.to_server"), row("srv2cli", t "flow.to_client") })
end

local function latencies()
  local list = facts.new()
  list:add(t "flow.network_client", figures.ms(flow["tcp.nw_latency.client"]))
  list:add(t "flow.network_server", figures.ms(flow["tcp.nw_latency.server"]))
  list:add(t "flow.application_latency", figures.ms(flow["tcp.appl_latency"]))
  list:add(t "flow.flags", both(flags(flow["cli2srv.tcp_flags"]),
    flags(flow["srv2cli.tcp_flags"])))
  for _, kind in ipairs { "retransmissions", "out_of_order", "lost" } do
    list:add(t("flow." .. kind), both(figures.count(flow["cli2srv." .. kind]),
      figures.count(flow["srv2cli." .. kind])))
  end
  list:add(t "flow.window", both(figures.bits(flow["tcp.max_thpt.cli2srv"]),
    figures.bits(flow["tcp.max_thpt.srv2cli"])))
  return list:html(t "flow.latency", "tcp")
end

local function seen()
  local tls, icmp = flow.tls or {}, flow.icmp
  local list = facts.new()
  for _, row in ipairs {
    { "server_name", flow.host_server_name },
    { "http_method", flow["protos.http.last_method"] },
    { "http_url", flow["protos.http.last_url"] },
    { "http_code", flow["protos.http.last_return_code"] },
    { "dns_query", flow["protos.dns.last_query"] },
    { "tls_version", tls.version }, { "tls_alpn", tls.alpn },
    { "tls_name", flow["protos.ssl.certificate"] },
    { "tls_certificate", flow["protos.ssl.server_certificate"] },
    { "ja3_client", tls["ja3.client"] }, { "ja3_server", tls["ja3.server"] },
    { "ssh_client", flow["protos.ssh.client_signature"] },
    { "ssh_server", flow["protos.ssh.server_signature"] },
    { "bittorrent", flow.bittorrent_hash },
    { "icmp", icmp and ("%d, %d"):format(icmp.type, icmp.code) },
  } do
    list:add(t("flow." .. row[1]), row[2])
  end
  return list:html(t "flow.details", "seen")
end

local function lead()
  local network = (flow["tcp.nw_latency.client"] or 0)
    + (flow["tcp.nw_latency.server"] or 0)
  local server = flow["tcp.appl_latency"] or 0
  local text = t(flow.throughput_bps > 0 and "flow.lead_now" or "flow.lead")
  if network > 0 and server > 0 then text = text .. " " .. t "flow.lead_why" end
  return template.part(text, {
    bytes = figures.bytes(flow.bytes),
    what = links.application(flow["proto.ndpi"]),
    span = figures.duration(flow.duration),
    rate = figures.rate(flow.throughput_bps),
    network = figures.ms(network), server = figures.ms(server),
  }, "lead")
end

local title = ("%s – %s"):format(flow["cli.host"] or flow["cli.ip"],
  flow["srv.host"] or flow["srv.ip"])

page.show {
  title = title, section = "flows", stats = all, home = "flows_stats.lua",
  above = links.a(links.to "flows_stats.lua", t "flows.title"),
  lead = lead(),
  body = template.part([[
<div class="stack">{{ main }}
<section class="card flush" data-live="directions" tabindex="0">
{{ directions }}</section>
{{ tcp }}{{ seen }}</div>]], { main = main_facts(), directions = directions(),
    tcp = is_tcp and latencies() or "", seen = seen() }, "flow"),
}
