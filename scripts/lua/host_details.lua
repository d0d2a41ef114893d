-- host_details: one host, tab by tab.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local endpoint = require "endpoint"
local figures = require "figures"
local flow_list = require "flow_list"
local history = require "history"
local host_parts = require "host_parts"
local links = require "links"
local page = require "page"
local tables = require "tables"
local template = require "template"

local t = i18n

local asked = page.read(flow_list.rules(tables.merge(endpoint.HOST,
  history.RULES)))
local key = endpoint.host_key(asked.host, asked.vlan)
local host = interface.getHostInfo(key)
local all = interface.getStats()
if not host then
  return page.nothing {
    title = key, section = "hosts", status = 404, stats = all,
    why = t "host.gone", so = t "host.gone_so",
    url = links.to "hosts_stats.lua", go = t "host.all_hosts",
  }
end

local list
if asked.page == "flows" then
  -- The host is in the path of this page, not a filter to be cleared.
  list = flow_list.new("host_details.lua", tables.merge(asked, {}), {
    also = { "port", "network" },
    keep = { host = key, page = "flows" },
  })
  if asked.format == "csv" then return list:csv("flows") end
end

local tabs = host_parts.of(host)
local current = host_parts.find(tabs, asked.page)

local function named()
  return host.name ~= "" and host.name ~= host.ip and host.name or nil
end

page.show {
  title = named() or key, section = "hosts", stats = all,
  home = "hosts_stats.lua",
  above = named() and template.part("{{ list }} · {{ key }}", {
    list = links.a(links.to "hosts_stats.lua", t "hosts.title"), key = key,
  }, "above") or links.a(links.to "hosts_stats.lua", t "hosts.title"),
  lead = template.part(t(host.throughput_bps > 0 and "host.lead"
    or "host.lead_quiet"), {
    rate = figures.rate(host.throughput_bps),
    bytes = figures.bytes(host["bytes.sent"] + host["bytes.rcvd"]),
    since = figures.time(host["seen.first"], page.now(all)),
  }, "lead"),
  tabs = page.tabs(tabs, "host_details.lua", { host = key }, current.name),
  body = list and list:html() or current.show(host, {
    key = key, now = page.now(all), asked = asked,
  }),
}
