-- flow_list: the table of active flows, of all or of one host.
-- SPDX-License-Identifier: MIT

local figures = require "figures"
local flow_query = require "flow_query"
local i18n = require "i18n"
local links = require "links"
local listing = require "listing"
local tables = require "tables"
local template = require "template"

local flow_list = {}

local t = i18n

function flow_list.rules(more)
  return listing.rules(flow_query.COLUMNS,
    tables.merge(flow_query.FILTERS, more))
end

local function choices(prefix, names)
  local list = {}
  for i, name in ipairs(names) do list[i] = { name, t(prefix .. name) } end
  return list
end

--- Applications that flows have now.
local function applications(current)
  local list, known = {}, {}
  for name in tables.pairsByKeys(interface.getnDPIFlowsCount() or {},
      tables.asc_insensitive) do
    list[#list + 1], known[name] = { name, name }, true
  end
  if current and not known[current] then
    table.insert(list, 1, { current, current })
  end
  return list
end

local function filters(asked)
  return {
    { "flowhosts_type", t "flows.hosts", choices("flows.", {
      "local_only", "remote_only", "local_origin_remote_target",
      "remote_origin_local_target" }) },
    { "flow_status", t "flows.status", choices("flows.",
      { "normal", "alerted" }) },
    { "traffic_type", t "flows.direction", choices("flows.",
      { "unicast", "broadcast_multicast" }) },
    { "application", t "flows.application", applications(asked.application) },
    { "version", t "flows.version", { { "4", t "flows.v4" },
      { "6", t "flows.v6" } } },
    { "filter", t "flows.expression", hint = t "flows.expression_hint" },
  }
end

local ends = template.compile([[
{{ host }}{% if port then %}<span class="port">:{{ port }}</span>{% end %}
]], "end")

--- One end of a flow: "cli" or "srv".
function flow_list.peer(flow, side)
  local port = flow[side .. ".port"] or 0
  return template.markup(ends {
    host = links.host(flow[side .. ".ip"], flow.vlan, flow[side .. ".host"]),
    port = port ~= 0 and links.port(port, flow["proto.l4"]) or nil,
    optional = { port = true },
  })
end

local function raw_peer(side)
  return function(flow)
    local ip, port = flow[side .. ".ip"], flow[side .. ".port"] or 0
    if port == 0 then return ip end
    return (ip:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(ip, port)
  end
end

--- Words about what is wrong with a flow; nil when nothing is.
function flow_list.status(flow)
  local status = flow["flow.status"] or 0
  if status ~= 0 then return t("flow.statuses." .. status) end
  return flow.risks and flow.risks[1] or nil
end

local about = template.compile([[
{% if trouble then %}<span class="mark" role="img" title="{{ trouble }}"
 aria-label="{{ trouble }}">!</span> {% end %}{{ info }}]], "about")

local function columns(largest)
  return {
    { "key", "", unsorted = true, cell = function(flow)
      return links.flow(flow["ntopng.key"], "›", t "word.more")
    end, least = 2 },
    { "ndpi", t "column.application", cell = function(flow)
      return links.application(flow["proto.ndpi"])
    end, raw = function(flow) return flow["proto.ndpi"] end },
    { "proto_l4", t "column.protocol", least = 3,
      cell = function(flow) return flow["proto.l4"] end,
      raw = function(flow) return flow["proto.l4"] end },
    { "client", t "column.client", wide = true, second = true,
      cell = function(flow)
      return flow_list.peer(flow, "cli")
    end, raw = raw_peer "cli" },
    { "server", t "column.server", wide = true, second = true,
      cell = function(flow)
      return flow_list.peer(flow, "srv")
    end, raw = raw_peer "srv" },
    { "duration", t "column.duration", number = true, least = 3,
      cell = function(flow) return figures.duration(flow.duration) end,
      raw = function(flow) return flow.duration end },
    { "breakdown", t "column.breakdown", unsorted = true, least = 4,
      cell = function(flow)
        return figures.breakdown(flow["cli2srv.bytes"], flow["srv2cli.bytes"],
          t "side.client", t "side.server")
      end, raw = function(flow) return flow["cli2srv.bytes"] end },
    { "thpt", t "column.throughput", number = true, least = 2,
      cell = function(flow)
        return template.markup(tostring(figures.rate(flow.throughput_bps)) ..
          " " .. tostring(figures.trend(flow.throughput_bps > 0
            and flow.throughput_trend_bps or 0)))
      end, raw = function(flow) return flow.throughput_bps * 8 end },
    { "bytes", t "column.bytes", number = true, cell = function(flow)
      return template.markup(tostring(figures.bar(flow.bytes, largest())) ..
        tostring(figures.bytes(flow.bytes)))
    end, raw = function(flow) return flow.bytes end },
    { "info", t "column.info", wide = true, least = 2, cell = function(flow)
      return template.markup(about { info = flow.info or "",
        trouble = flow_list.status(flow), optional = { trouble = true } })
    end, raw = function(flow) return flow.info or "" end },
  }
end

--- The list; with a filter that is not understood, that of none, and why.
function flow_list.new(url, asked, more)
  local host, options = flow_query.options(asked)
  local problem, largest
  local found, why = interface.getFlowsInfo(host,
    tables.merge(options, { maxHits = 1 }))
  if not found then problem, options.filter = tostring(why), nil end
  local list = listing.new(tables.merge({
    url = url, asked = asked, filters = filters(asked),
    also = { "host", "port", "network", "vlan" },
    caption = t "flows.title", json = "get_flows_data.lua",
    none = { t "flows.none", t "flows.none_so" },
    none_filtered = { t "flows.none_filtered", t "flows.none_filtered_so" },
    columns = columns(function() return largest end),
    key = function(flow) return flow["ntopng.key"] end,
    fetch = function(first, count)
      local page = interface.getFlowsInfo(host,
        tables.merge(options, { maxHits = count, toSkip = first }))
      if not page then return {}, 0 end
      largest = 0
      for _, flow in ipairs(page.flows) do
        largest = math.max(largest, flow.bytes)
      end
      return page.flows, page.numFlows
    end,
  }, more))
  return list, problem
end

return flow_list
