-- dialogs: who talks to whom, as nodes and links of a graph.
-- SPDX-License-Identifier: MIT
--
-- Of the largest MOST_FLOWS active flows: what is not among them would not be
-- seen in a picture.

local addresses = require "addresses"
local endpoint = require "endpoint"
local tables = require "tables"

local dialogs = {}

local MOST_FLOWS = 1000

dialogs.RULES = {
  host = "host",
  vlan = "vlan",
  limit = { "integer", min = 1, max = 1000, default = 100 },
}

--- The largest flows, of the host that is asked for if any; `mode` "local":
--- between local hosts.
function dialogs.flows(asked, mode)
  local key = endpoint.host_key(asked.host, asked.vlan)
  if key then endpoint.need_host(asked) end
  local found, why = interface.getFlowsInfo(key, {
    sortColumn = "column_bytes",
    a2zSortOrder = false,
    maxHits = MOST_FLOWS,
    toSkip = 0,
    detailsLevel = "high",
    clientMode = mode,
    serverMode = mode,
  })
  if not found then endpoint.refuse(400, tostring(why)) end
  return found.flows
end

--- The links between two hosts are one, from the client of the first flow.
local function links_of(flows)
  local links, list = {}, {}
  for _, flow in ipairs(flows) do
    local client = addresses.hostinfo2hostkey(flow, "cli")
    local server = addresses.hostinfo2hostkey(flow, "srv")
    local sent, rcvd = flow["cli2srv.bytes"], flow["srv2cli.bytes"]
    local link = links[client .. " " .. server]
    if not link and links[server .. " " .. client] then
      link = links[server .. " " .. client]
      sent, rcvd = rcvd, sent
    end
    if not link and client ~= server then
      link = { client = client, server = server, flow = flow, sent = 0,
        rcvd = 0 }
      links[client .. " " .. server], list[#list + 1] = link, link
    end
    if link then
      link.sent, link.rcvd = link.sent + sent, link.rcvd + rcvd
    end
  end
  tables.sort(list, function(a, b)
    local x, y = a.sent + a.rcvd, b.sent + b.rcvd
    if x ~= y then return x > y end
    return a.client .. " " .. a.server < b.client .. " " .. b.server
  end)
  return list
end

--- Answer with the largest links and their ends: source and target are places
--- in nodes, from 0; bytes sent are the source's.
function dialogs.send(flows, limit)
  local nodes, places, links = {}, {}, {}
  local function place(key, flow, side)
    if not places[key] then
      local name = flow[side .. ".host"]
      places[key] = #nodes
      nodes[#nodes + 1] = {
        name = name and name ~= "" and name or key,
        host = flow[side .. ".ip"], vlan = flow.vlan or 0,
      }
    end
    return places[key]
  end
  for i, link in ipairs(links_of(flows)) do
    if i > limit then break end
    links[i] = {
      source = place(link.client, link.flow, "cli"),
      target = place(link.server, link.flow, "srv"),
      value = link.sent + link.rcvd, sent = link.sent, rcvd = link.rcvd,
    }
  end
  endpoint.send { nodes = endpoint.list(nodes), links = endpoint.list(links) }
end

return dialogs
