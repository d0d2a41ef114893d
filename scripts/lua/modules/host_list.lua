-- host_list: the table of hosts.
-- SPDX-License-Identifier: MIT

local figures = require "figures"
local host_query = require "host_query"
local i18n = require "i18n"
local links = require "links"
local listing = require "listing"
local rows = require "rows"
local tables = require "tables"
local template = require "template"

local host_list = {}

local t = i18n

function host_list.rules(more)
  return listing.rules(host_query.COLUMNS,
    tables.merge(host_query.FILTERS, more))
end

local function traffic(host)
  return host["bytes.sent"] + host["bytes.rcvd"]
end

local function flows(host)
  return (host["active_flows.as_client"] or 0)
    + (host["active_flows.as_server"] or 0)
end

--- What a host is sorted by.
local function value(host, column)
  return rows.host(host).raw[column]
end

local name_cell = template.compile([[
{{ host }}{% for _, kind in ipairs(kinds) do %}
 <span class="pill local">{{ kind }}</span>{% end %}]], "name")

local function name_of(host)
  local kinds = {}
  if host.systemhost then kinds[1] = t "host.kinds.system" end
  if host.is_multicast then kinds[1] = t "host.kinds.multicast" end
  if host.is_broadcast then kinds[1] = t "host.kinds.broadcast" end
  return template.markup(name_cell { kinds = kinds,
    host = host.name ~= host.ip
      and links.host(host.ip, host.vlan, host.name) or "" })
end

local function location(host)
  local is_local = host.localhost
  return template.part(
    [[<span class="pill{% if here then %} local{% end %}">{{ text }}</span>]], {
      here = is_local, text = t(is_local and "word.local" or "word.remote"),
    }, "location")
end

local function columns(now, largest)
  return {
    { "ip", t "column.host", cell = function(host)
      return links.host(host.ip, host.vlan, host.ip)
    end, raw = function(host) return host.ip end },
    { "name", t "column.name", wide = true, second = true, cell = name_of,
      raw = function(host) return host.name end },
    { "vlan", t "column.vlan", number = true, optional = true, least = 3,
      cell = function(host) return links.vlan(host.vlan) end,
      raw = function(host) return host.vlan end },
    { "location", t "column.location", unsorted = true, least = 3,
      cell = location,
      raw = function(host) return host.localhost and "local" or "remote" end },
    { "country", t "column.country", least = 3, optional = true,
      cell = function(host) return links.country(host.country) end,
      raw = function(host) return host.country end },
    { "asn", t "column.asn", least = 4, wide = true, optional = true,
      cell = function(host) return links.asn(host.asn, host.asname) end,
      raw = function(host) return host.asn end },
    { "os", t "column.os", least = 4, optional = true, cell = function(host)
      return links.os(host.os)
    end, raw = function(host) return host.os end },
    { "num_flows", t "column.flows", number = true, least = 2,
      cell = function(host) return figures.count(flows(host)) end,
      raw = flows },
    { "since", t "column.since", number = true, least = 3,
      cell = function(host) return figures.time(host["seen.first"], now) end,
      raw = function(host) return host["seen.first"] end },
    { "breakdown", t "column.breakdown", unsorted = true, least = 4,
      cell = function(host)
        return figures.breakdown(host["bytes.sent"], host["bytes.rcvd"],
          t "side.sent", t "side.received")
      end, raw = function(host) return host["bytes.sent"] end },
    { "thpt", t "column.throughput", number = true, cell = function(host)
      return template.markup(tostring(figures.rate(host.throughput_bps)) ..
        " " .. tostring(figures.trend(host.throughput_bps > 0
          and host.throughput_trend_bps or 0)))
    end, least = 2, raw = function(host) return host.throughput_bps * 8 end },
    { "traffic", t "column.traffic", number = true, cell = function(host)
      return template.markup(tostring(figures.bar(traffic(host), largest())) ..
        tostring(figures.bytes(traffic(host))))
    end, raw = traffic },
  }
end

--- The list; `now` is the time of the interface. `keep` is a query that its
--- links keep, where the page is about something itself.
function host_list.new(url, asked, now, keep)
  local largest = 0
  return listing.new {
    url = url, asked = asked, keep = keep, caption = t "hosts.title",
    json = "get_hosts_data.lua",
    filters = {
      { "mode", t "hosts.mode", { { "local", t "hosts.local" },
        { "remote", t "hosts.remote" } } },
      { "version", t "hosts.version", { { "4", t "flows.v4" },
        { "6", t "flows.v6" } } },
    },
    also = keep and {} or { "asn", "vlan", "network", "country", "os", "mac",
      "protocol" },
    none = { t "hosts.none", t "hosts.none_so" },
    none_filtered = { t "hosts.none_filtered", t "hosts.none_filtered_so" },
    columns = columns(now, function() return largest end),
    key = function(host) return host.ip .. "@" .. (host.vlan or 0) end,
    fetch = function(first, count)
      local hosts, total = host_query.page(asked, first, count, value)
      largest = 0
      for _, host in ipairs(hosts) do
        largest = math.max(largest, traffic(host))
      end
      return hosts, total
    end,
  }
end

return host_list
