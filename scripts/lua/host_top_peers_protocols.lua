-- host_top_peers_protocols: with whom a host talks most, by which application.
-- SPDX-License-Identifier: MIT

local addresses = require "addresses"
local dialogs = require "dialogs"
local endpoint = require "endpoint"
local tables = require "tables"

local MOST = 100

local asked = endpoint.read(endpoint.HOST)
local own = endpoint.need_host(asked)
local prefix = ntop.getHttpPrefix()
local peers, list = {}, {}
for _, flow in ipairs(dialogs.flows(asked)) do
  local side = flow["cli.ip"] == own.ip and "srv" or "cli"
  local key = addresses.hostinfo2hostkey(flow, side)
  local app = flow["proto.ndpi"]
  local id = key .. " " .. app
  local peer = peers[id]
  if not peer then
    local name = flow[side .. ".host"]
    peer = {
      host = key, name = name and name ~= "" and name or key, l7proto = app,
      url = ("%s/lua/host_details.lua?%s"):format(prefix,
        addresses.hostinfo2url(key)),
      l7proto_url = ("%s/lua/flows_stats.lua?%s&application=%s"):format(prefix,
        addresses.hostinfo2url(own), require("escape").query(app)),
      bytes = 0,
    }
    peers[id], list[#list + 1] = peer, peer
  end
  peer.bytes = peer.bytes + flow.bytes
end
tables.sort(list, function(a, b)
  if a.bytes ~= b.bytes then return a.bytes > b.bytes end
  return a.host .. a.l7proto < b.host .. b.l7proto
end)
list = tables.slice(list, 1, MOST)
-- ntopng's bubbles are as large as the logarithm.
for _, peer in ipairs(list) do
  peer.traffic = peer.bytes > 0 and math.log(peer.bytes, 10) or 0
end
endpoint.send(endpoint.list(list))
