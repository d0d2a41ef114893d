-- grafana_metrics: names of series, as Grafana's data sources ask for them.
-- SPDX-License-Identifier: MIT
--
--   interface_IF_traffic_bps            bits a second
--   interface_IF_traffic_pps            packets a second
--   interface_IF_traffic_total_bytes    one number for the whole time
--   interface_IF_traffic_total_packets
--   interface_IF_allprotocols_bps       a series of each large application
--   host_KEY_interface_IF_traffic_bps, _traffic_total_bytes, _allprotocols_bps
--
-- KEY is an address, with @VLAN behind it or not. Names of interfaces may have
-- underscores, so they are looked for, not cut out. The names of ntopng 3.0
-- (interface_IF_bytes ...) are understood, and not offered.

local addresses = require "addresses"
local interfaces = require "interfaces"

local metrics = {}

-- By ending: metric of timeseries.lua, factor, whether it is one number,
-- whether hosts have it.
local ENDINGS = {
  traffic_bps = { metric = "bytes", factor = 8, of_hosts = true },
  traffic_total_bytes = { metric = "bytes", total = true, of_hosts = true },
  traffic_pps = { metric = "packets", factor = 1 },
  traffic_total_packets = { metric = "packets", total = true },
  allprotocols_bps = { metric = "all", factor = 8, of_hosts = true },
}
ENDINGS.bytes = ENDINGS.traffic_bps
ENDINGS.bytestotal = ENDINGS.traffic_total_bytes
ENDINGS.packets = ENDINGS.traffic_pps
ENDINGS.packetstotal = ENDINGS.traffic_total_packets
ENDINGS.allprotocols = ENDINGS.allprotocols_bps

local OF_INTERFACE = { "traffic_bps", "traffic_total_bytes",
  "allprotocols_bps", "traffic_pps", "traffic_total_packets" }
local OF_HOST = { "traffic_bps", "traffic_total_bytes", "allprotocols_bps" }

local MOST_HOSTS = 11
local SHORTEST = 2 -- letters of an address that hosts are looked for by

--- What a name means: {interface =, host = or nil, metric =, factor =,
--- total =}; nil for one that means nothing here.
function metrics.parse(name)
  local host, rest = name:match("^host_(.-)_(interface_.*)$")
  if not host then rest = name end
  for _, known in interfaces.each() do
    local front = "interface_" .. known .. "_"
    if rest:sub(1, #front) == front then
      local of = ENDINGS[rest:sub(#front + 1)]
      if of and (not host or of.of_hosts) then
        return { interface = known, host = host, metric = of.metric,
          factor = of.factor, total = of.total }
      end
    end
  end
end

--- Whether an address of this run's user has series, though it is idle.
local function is_known(key)
  local info = addresses.hostkey2hostinfo(key)
  if not addresses.is_ip(info.host) or not interface.seesHost(key) then
    return false
  end
  local series = interface.getSeries()
  return series ~= nil and series.folder ~= nil and ntop.isdir(
    ("%d/rrd/%s"):format(series.folder, addresses.getPathFromKey(key)))
end

--- The keys of local hosts of the selected interface that match.
local function hosts(fragment)
  local keys, has = {}, {}
  for key in pairs(interface.findHost(fragment) or {}) do
    local host = interface.getHostInfo(key)
    if host and host.localhost then keys[#keys + 1], has[key] = key, true end
  end
  if not has[fragment] and is_known(fragment) then
    keys[#keys + 1] = fragment
  end
  table.sort(keys)
  for i = MOST_HOSTS + 1, #keys do keys[i] = nil end
  return keys
end

--- What a text that is being typed says of a host: its fragment, and what is
--- behind it, "interface_..." or a part of that; nil: nothing.
local function host_of(text)
  local fragment, rest = text:match("^host_(.-)_(i.*)$")
  if fragment and ("interface_"):sub(1, #rest) ~= rest
      and rest:sub(1, 10) ~= "interface_" then
    fragment = nil
  end
  if fragment then return fragment, rest end
  fragment = text:match("^host_(.+)$")
  if fragment then return (fragment:gsub("_$", "")), "" end
  if text:find("^%x[%x.:]+@?%d*$") and #text >= SHORTEST then
    return text, "" -- an address alone
  end
end

--- Names that a text that is being typed may become: all of interfaces that
--- contain it, and those of hosts once it names one.
function metrics.search(text)
  local names = {}
  text = tostring(text or "")
  local fragment, rest = host_of(text)
  local looked_for = fragment and "" or text:lower()
  if ("host_"):find(looked_for, 1, true) == 1 then looked_for = "" end
  for _, ending in ipairs(OF_INTERFACE) do
    for _, known in interfaces.each() do
      local name = ("interface_%s_%s"):format(known, ending)
      if name:lower():find(looked_for, 1, true) then
        names[#names + 1] = name
      end
    end
  end
  if not fragment then return names end
  for _, known in interfaces.each() do
    local front = "interface_" .. known
    if rest == front:sub(1, #rest) or rest:sub(1, #front) == front then
      interface.select(known)
      for _, key in ipairs(hosts(fragment)) do
        for _, ending in ipairs(OF_HOST) do
          names[#names + 1] = ("host_%s_%s_%s"):format(key, front, ending)
        end
      end
    end
  end
  return names
end

return metrics
