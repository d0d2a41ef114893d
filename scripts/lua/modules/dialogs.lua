-- dialogs: who talks to whom, as nodes and links of a graph.
-- SPDX-License-Identifier: MIT
--
-- What is told of flows is of the largest MOST_FLOWS active ones: what is not
-- among them would not be seen in a picture.

local endpoint = require "endpoint"

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

--- Answer with the largest links, of all active flows, and their ends: source
--- and target are places in nodes, from 0; bytes sent are the source's. `mode`
--- "local": between local hosts.
function dialogs.send(asked, mode)
  local key = endpoint.host_key(asked.host, asked.vlan)
  if key then endpoint.need_host(asked) end
  local found, why = interface.getFlowPeers(key, {
    maxHits = asked.limit,
    clientMode = mode,
    serverMode = mode,
  })
  if not found then endpoint.refuse(400, tostring(why)) end
  local nodes, places, links = {}, {}, {}
  local function place(peer, side)
    local at = peer[side .. ".ip"] .. "@" .. peer.vlan
    if not places[at] then
      places[at] = #nodes
      nodes[#nodes + 1] = { name = peer[side .. ".host"],
        host = peer[side .. ".ip"], vlan = peer.vlan }
    end
    return places[at]
  end
  for _, peer in ipairs(found.peers) do
    if peer["cli.ip"] ~= peer["srv.ip"] then
      local sent, rcvd = peer["cli2srv.bytes"], peer["srv2cli.bytes"]
      links[#links + 1] = {
        source = place(peer, "cli"), target = place(peer, "srv"),
        value = sent + rcvd, sent = sent, rcvd = rcvd,
      }
    end
  end
  endpoint.send { nodes = endpoint.list(nodes), links = endpoint.list(links) }
end

return dialogs
