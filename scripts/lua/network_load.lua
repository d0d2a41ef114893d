-- network_load: what the footer of every page shows.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local formats = require "formats"
local interfaces = require "interfaces"

local function percent(count, most)
  return math.floor(1 + 100 * count / math.max(most or 0, 1))
end

local function breeds(ndpi)
  local sums = {}
  for _, of in pairs(ndpi or {}) do
    sums[of.breed] = (sums[of.breed] or 0) + of["bytes.sent"]
      + of["bytes.rcvd"]
  end
  return endpoint.object(sums)
end

-- Of the selected interface.
local function load()
  local all = interface.getStats()
  local stats, since, prefs = all.stats, all.stats_since_reset,
    ntop.getPrefs() or {}
  local alerts = interface.getCachedNumAlerts() or {}
  local local_bytes = (all.localstats or {}).bytes or {}
  local now = os.time()
  return {
    ifname = all.name, speed = interfaces.getInterfaceSpeed(all.name),
    packets = since.packets, bytes = since.bytes, drops = since.drops,
    flow_export_drops = stats.flow_export_drops,
    flow_export_rate = stats.flow_export_rate,
    flow_export_count = stats.flow_export_count,
    engaged_alerts = alerts.num_alerts_engaged,
    alerts_stored = alerts.alerts_stored,
    num_flows = stats.flows, num_hosts = stats.hosts,
    num_local_hosts = stats.local_hosts, num_devices = stats.devices,
    epoch = now,
    tz_offset = os.time(os.date("*t", now)) - os.time(os.date("!*t", now)),
    localtime = os.date("%H:%M:%S %z", now),
    uptime = formats.secondsToTime(ntop.getUptime()),
    system_host_stats = endpoint.object(ntop.systemHostStat() or {}),
    hosts_pctg = percent(stats.hosts, prefs.max_num_hosts),
    flows_pctg = percent(stats.flows, prefs.max_num_flows),
    remote_pps = 0, remote_bps = 0, is_view = all.isView,
    local2remote = local_bytes.local2remote or 0,
    remote2local = local_bytes.remote2local or 0,
    tcpPacketStats = all.tcpPacketStats,
    breed = breeds(all.ndpi),
  }
end

local asked = endpoint.read {
  iffilter = { "string", max = 128 },
}
if asked.iffilter == "all" then
  local list = {}
  for id, name in pairs(interface.getIfNames()) do
    interface.select(name)
    list[#list + 1] = load()
    list[#list].ifid = tonumber(id)
  end
  table.sort(list, function(a, b) return a.ifid < b.ifid end)
  endpoint.send(endpoint.list(list))
else
  if asked.iffilter and not interface.select(asked.iffilter) then
    endpoint.refuse(404, "iffilter: no such interface")
  end
  endpoint.send(load())
end
