-- rows: tables of flows, hosts, devices and groups, as JSON.
-- SPDX-License-Identifier: MIT
--
-- A row has a member column_x for each cell, text for people without markup,
-- and `raw` with the same names: plain numbers and texts. Throughput is bits
-- per second, times are epoch seconds, a breakdown is the percentage sent.

local addresses = require "addresses"
local endpoint = require "endpoint"
local formats = require "formats"
local tables = require "tables"

local rows = {}

local Row = {}
Row.__index = Row

local function new_row(key)
  return setmetatable({ cells = { key = key, raw = {} } }, Row)
end

function Row:put(name, raw, text)
  if raw == nil then return self end
  self.cells["column_" .. name] = text or tostring(raw)
  self.cells.raw["column_" .. name] = raw
  return self
end

function Row:count(name, value)
  return self:put(name, value, formats.formatValue(value))
end

function Row:bytes(name, value)
  return self:put(name, value, formats.bytesToSize(value))
end

function Row:epoch(name, value)
  return self:put(name, value, formats.formatEpoch(value))
end

function Row:throughput(bytes_per_second)
  local bits = (bytes_per_second or 0) * 8
  return self:put("thpt", bits, formats.bitsToSize(bits))
end

function Row:breakdown(sent, rcvd, sender, receiver)
  local total = sent + rcvd
  local part = total > 0 and formats.round(100.0 * sent / total) or 0
  local rest = total > 0 and 100 - part or 0
  return self:put("breakdown", part,
    ("%s %d %%, %s %d %%"):format(sender, part, receiver, rest))
end

--- What devices, groups and hosts share.
local function traffic(row, of)
  local sent, rcvd = of["bytes.sent"] or 0, of["bytes.rcvd"] or 0
  return row:epoch("since", of["seen.first"])
    :breakdown(sent, rcvd, "Sent", "Rcvd")
    :throughput(of.throughput_bps)
    :bytes("traffic", sent + rcvd)
end

local function peer(flow, side)
  local address, port = flow[side .. ".ip"] or "", flow[side .. ".port"] or 0
  local name = flow[side .. ".host"]
  if not name or name == "" then name = address end
  return port ~= 0 and ("%s:%d"):format(name, port) or name,
    port ~= 0 and (address:find(":", 1, true) and ("[%s]:%d")
      or "%s:%d"):format(address, port) or address
end

function rows.flow(flow)
  local key = flow["ntopng.key"]
  local client, client_raw = peer(flow, "cli")
  local server, server_raw = peer(flow, "srv")
  return new_row(key)
    :put("key", key)
    :put("client", client_raw, client)
    :put("server", server_raw, server)
    :put("vlan", flow.vlan or 0, (flow.vlan or 0) ~= 0 and tostring(flow.vlan)
      or "")
    :put("proto_l4", flow["proto.l4"])
    :put("ndpi", flow["proto.ndpi"])
    :put("duration", flow.duration, formats.secondsToTime(flow.duration))
    :bytes("bytes", flow.bytes)
    :throughput(flow.throughput_bps)
    :breakdown(flow["cli2srv.bytes"] or 0, flow["srv2cli.bytes"] or 0,
      "Client", "Server")
    :put("info", flow.info or "").cells
end

local CRITERIA = {
  uploaders = "upload", downloaders = "download", unknowers = "unknown",
  incomingflows = "incomingflows", outgoingflows = "outgoingflows",
}

--- The names that `criteria` may have.
rows.CRITERIA = { "uploaders", "downloaders", "unknowers", "incomingflows",
  "outgoingflows" }

function rows.host(host, criteria)
  local key = addresses.hostinfo2hostkey { host = host.ip, vlan = host.vlan }
  local flows = (host["active_flows.as_client"] or 0)
    + (host["active_flows.as_server"] or 0)
  local asn = host.asn or 0
  local row = new_row(key)
    :put("ip", host.ip)
    :put("name", host.name ~= "" and host.name or host.ip)
    :put("vlan", host.vlan or 0)
    :put("asn", asn, asn ~= 0 and (host.asname ~= "" and host.asname
      or tostring(asn)) or "")
    :epoch("last", host["seen.last"])
    :put("location", host.localhost and "local" or "remote",
      host.localhost and "Local" or "Remote")
    :put("country", host.country or "")
    :put("os", host.os or "")
    :put("mac", host.mac or "")
    :count("num_flows", flows)
    :count("alerts", host.num_alerts or 0)
  if criteria then
    row:count(criteria, (host.criteria or {})[CRITERIA[criteria]] or 0)
  end
  return traffic(row, host).cells
end

function rows.mac(mac)
  return traffic(new_row(mac.mac)
    :put("mac", mac.mac)
    :put("vlan", mac.vlan or 0)
    :put("manufacturer", mac.manufacturer or "")
    :count("arp_sent", (mac["arp_requests.sent"] or 0)
      + (mac["arp_replies.sent"] or 0))
    :count("arp_rcvd", (mac["arp_requests.rcvd"] or 0)
      + (mac["arp_replies.rcvd"] or 0))
    :count("hosts", mac.num_hosts), mac).cells
end

function rows.as(as)
  return traffic(new_row(as.asn)
    :put("asn", as.asn)
    :put("asname", as.asname or "")
    :count("hosts", as.num_hosts), as).cells
end

function rows.vlan(vlan)
  local id = vlan.vlan_id or vlan.vlan
  return traffic(new_row(id):put("vlan", id):count("hosts", vlan.num_hosts),
    vlan).cells
end

function rows.group(group)
  return traffic(new_row(group.id)
    :put("id", group.id)
    :put("name", group.name or "")
    :put("country", group.country or "")
    :count("alerts", group.num_alerts or 0)
    :count("hosts", group.num_hosts), group).cells
end

function rows.alert(alert)
  return new_row(alert.key)
    :put("key", alert.key)
    :epoch("date", alert.date)
    :put("duration", alert.duration, formats.secondsToTime(alert.duration))
    :put("severity", alert.severity, alert.severity_label)
    :put("type", alert.type, alert.type_label)
    :put("msg", alert.msg)
    :put("entity", alert.entity)
    :put("entity_val", alert.entity_val).cells
end

-- Paging ----------------------------------------------------------------------

--- The rules of a table that is sorted by one of these columns (without
--- "column_"), the first of them at first.
function rows.rules(columns, more)
  local names = {}
  for name in columns:gmatch("%S+") do names[#names + 1] = "column_" .. name end
  return tables.merge({
    currentPage = { "integer", min = 1, max = 1000000, default = 1 },
    perPage = { "integer", min = 1, max = 1000, default = 10 },
    sortColumn = { "choice", of = names, default = names[1] },
    sortOrder = { "sort_order", default = "desc" },
  }, more)
end

--- Rows to leave out before the page.
function rows.skip(asked)
  return (asked.currentPage - 1) * asked.perPage
end

function rows.is_ascending(asked)
  return asked.sortOrder == "asc"
end

--- Answer with a page of a table.
function rows.send(asked, total, items, make)
  local data = {}
  for i, item in ipairs(items) do data[i] = make(item) end
  endpoint.send {
    currentPage = asked.currentPage,
    perPage = asked.perPage,
    totalRows = total,
    sort = { { asked.sortColumn, asked.sortOrder } },
    data = endpoint.list(data),
  }
end

return rows
