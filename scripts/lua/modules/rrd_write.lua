-- rrd_write: what the callbacks write of the interfaces.
-- SPDX-License-Identifier: MIT
--
-- Each function is for one period; what is written every second is the
-- program's own business. It goes over the interfaces that the clock of this
-- run is about; long tables come in pages, so that nothing waits.

local interfaces = require "interfaces"
local json = require "json"
local layout = require "series_layout"

local rrd_write = {}

local TOP = 10 -- talkers of a minute

local function wanted(preference)
  return ntop.getCache("ntopng.prefs." .. preference) == "1"
end

--- What the functions below know of the interface that is selected; nil while
--- its number is not known, or when there are no series.
local function begin(name)
  if interface.select(name) == false or ntop.rrd_state() == "off" then
    return nil
  end
  local series, stats = interface.getSeries(), interface.getStats()
  if not series or not series.folder or not stats then return nil end
  local now = os.time()
  return {
    name = name, number = series.folder, since = series.since, now = now,
    totals_since = series.totals_since,
    stats = stats, root = layout.folder(series.folder, ""),
    definitions = layout.definitions(ntop.getPrefs()),
  }
end

--- When what was not there at the last turn of this name was 0.
local function turn(run, name)
  local before = ntop.rrd_turn(run.number .. "." .. name, run.now)
  return math.max(before, run.since)
end

--- When the counters of an entity were 0, if that is known: what was there at
--- the turn before was written then, and what was restored begins with what it
--- had.
local function since(run, first, before)
  return first >= run.since and first >= before and before or 0
end

local function each(write)
  for _, name in interfaces.each() do
    local run = begin(name)
    if run then write(run) end
  end
end

--- Counters of the interface, in files of their own.
local function counter(run, metric, value)
  ntop.rrd_record(layout.file(run.root, metric),
    run.definitions.counter(metric, 60), run.now, run.totals_since, value)
end

--- turn() for what the interface counts, which may go on from an earlier run.
local function totals_turn(run, name)
  local zero = turn(run, name)
  return run.totals_since > 0 and zero or 0
end

local function gauge(run, metric, value)
  if not value then return end
  ntop.rrd_record(layout.file(run.root, metric),
    run.definitions.gauge(metric, 60), run.now, 0, value)
end

-- Every minute --------------------------------------------------------------

local function networks(run)
  local definition = run.definitions.counters(layout.TRIPLE, 60)
  for key, of in pairs(interface.getNetworksStats() or {}) do
    local folder = layout.folder(run.number, "net:" .. key)
    ntop.rrd_record(layout.file(folder, "bytes"), definition, run.now,
      run.since, of.ingress, of.egress, of.inner)
  end
end

local function tcp(run)
  local flags, trouble = run.stats.pktSizeDistribution, run.stats.tcpPacketStats
  if trouble and wanted "tcp_retr_ooo_lost_rrd_creation" then
    counter(run, "tcp_retransmissions", trouble.retransmissions)
    counter(run, "tcp_ooo", trouble.out_of_order)
    counter(run, "tcp_lost", trouble.lost)
  end
  if flags and wanted "tcp_flags_rrd_creation" then
    for _, flag in ipairs { "syn", "synack", "finack", "rst" } do
      counter(run, "tcp_" .. flag, flags[flag])
    end
  end
end

--- The hosts that send and receive most at the moment, in bytes a minute.
local function talkers(column, key)
  local page = interface.getHostsInfo(false, column, TOP, 0, false)
  local list = {}
  for name, host in pairs(page and page.hosts or {}) do
    local rate = (host.throughput_bps or 0) * 60
    local total = (host["bytes.sent"] or 0) + (host["bytes.rcvd"] or 0)
    if rate > 0 and total > 0 then
      list[#list + 1] = { address = name,
        label = host.name ~= "" and host.name or name,
        value = math.floor(rate * (host[key] or 0) / total + 0.5) }
    end
  end
  table.sort(list, function(a, b)
    if a.value ~= b.value then return a.value > b.value end
    return a.address < b.address
  end)
  return setmetatable(list, { __jsontype = "array" })
end

local function top_talkers(run)
  if run.stats.type == "pcap dump" then return end
  local senders = talkers("column_thpt", "bytes.sent")
  local receivers = talkers("column_thpt", "bytes.rcvd")
  if #senders == 0 and #receivers == 0 then return end
  ntop.insertMinuteSampling(interface.name2id(run.name), json.encode {
    ifName = run.name,
    vlan = { { label = "0", name = "0", value = 0,
      hosts = { { senders = senders, receivers = receivers } } } },
  })
end

function rrd_write.minute()
  each(function(run)
    local counters = run.stats.stats
    networks(run)
    gauge(run, "num_hosts", counters.hosts)
    gauge(run, "num_devices", counters.devices)
    gauge(run, "num_flows", counters.flows)
    gauge(run, "num_http_hosts", counters.http_hosts)
    tcp(run)
    top_talkers(run)
  end)
end

-- Every five minutes --------------------------------------------------------

local function applications(run)
  local definition = run.definitions.counters(layout.SINGLE, 300)
  local zero = totals_turn(run, "applications")
  for name, of in pairs(run.stats.ndpi or {}) do
    ntop.rrd_record(layout.file(run.root, name), definition, run.now, zero,
      of["bytes.sent"] + of["bytes.rcvd"])
  end
end

local function locality(run)
  local of = run.stats.localstats and run.stats.localstats.bytes or {}
  local zero = totals_turn(run, "locality")
  for _, name in ipairs { "local2remote", "remote2local" } do
    if (of[name] or 0) > 0 then
      ntop.rrd_record(layout.file(run.root .. "/localstats", name),
        run.definitions.counters(layout.SINGLE, 300), run.now, zero, of[name])
    end
  end
end

-- Where the numbers of interface.getLocalHostsCounters() go.
local L4 = { { "tcp", 3 }, { "udp", 5 }, { "icmp", 7 }, { "other_ip", 9 } }
local TROUBLE = { { "tcp_retransmissions", 11 }, { "tcp_ooo", 12 },
  { "tcp_lost", 13 } }
local DNS = { "sent/num_queries", "sent/num_replies_ok",
  "sent/num_replies_error", "rcvd/num_queries", "rcvd/num_replies_ok",
  "rcvd/num_replies_error" }

local function host_traffic(run, folder, row, zero)
  local pair, now = run.pair, run.now
  ntop.rrd_record(folder .. "/bytes.rrd", pair, now, zero, row[1], row[2])
  for _, of in ipairs(L4) do
    local sent, rcvd = row[of[2]], row[of[2] + 1]
    if sent + rcvd > 0 then
      ntop.rrd_record(folder .. "/" .. of[1] .. ".rrd", pair, now, zero, sent,
        rcvd)
    end
  end
  for index, name in ipairs(DNS) do
    local value = row.dns and row.dns[index] or 0
    if value > 0 then
      ntop.rrd_record(folder .. "/dns/" .. name .. ".rrd", run.single, now,
        zero, value)
    end
  end
end

local function host_applications(run, folder, row, zero, sums)
  local apps = row.apps
  local of_network = sums[row.network] or {}
  sums[row.network] = of_network
  for i = 1, #apps, 3 do
    local name, sent, rcvd = apps[i], apps[i + 1], apps[i + 2]
    ntop.rrd_record(layout.file(folder, name), run.pair, run.now, zero, sent,
      rcvd)
    local sum = of_network[name] or { 0, 0 }
    of_network[name] = sum
    sum[1], sum[2] = sum[1] + sent, sum[2] + rcvd
  end
end

local function host_trouble(run, folder, row, zero)
  for _, of in ipairs(TROUBLE) do
    if row[of[2]] > 0 then
      ntop.rrd_record(folder .. "/" .. of[1] .. ".rrd", run.single, run.now,
        zero, row[of[2]])
    end
  end
end

--- Applications of a network: of its hosts that are known now.
local function network_applications(run, sums, zero)
  for id, apps in pairs(sums) do
    local key = id >= 0 and ntop.getNetworkNameById(id) or ""
    local folder = key ~= "" and layout.folder(run.number, "net:" .. key)
    for name, sum in pairs(folder and apps or {}) do
      ntop.rrd_record(layout.file(folder, name), run.pair, run.now, zero,
        sum[1], sum[2])
    end
  end
end

local function hosts(run)
  local with_traffic = wanted "host_rrd_creation"
  local with_apps = with_traffic and wanted "host_ndpi_rrd_creation"
  local with_trouble = wanted "tcp_retr_ooo_lost_rrd_creation"
  if not with_traffic then return end
  local before = turn(run, "hosts")
  local apps_before = with_apps and turn(run, "host_apps")
  local sums, at = {}, 0
  repeat
    local page, next_at = interface.getLocalHostsCounters(at, with_apps)
    for _, row in ipairs(page or {}) do
      local folder = layout.folder(run.number, row.key)
      host_traffic(run, folder, row, since(run, row.first, before))
      if with_apps then
        host_applications(run, folder, row, since(run, row.first, apps_before),
          sums)
      end
      if with_trouble then
        host_trouble(run, folder, row, since(run, row.first, before))
      end
    end
    at = next_at
  until not at
  network_applications(run, sums, apps_before or 0)
end

--- One file for each row that `page(at)` gives.
local function pairs_of(run, kind, page)
  local before, at = turn(run, kind), 0
  repeat
    local rows, next_at = page(at)
    for _, row in ipairs(rows or {}) do
      local folder = layout.folder(run.number, kind .. ":" .. row.key)
      if folder then
        ntop.rrd_record(layout.file(folder, "bytes"), run.pair, run.now,
          since(run, row.first, before), row[1], row[2])
      end
    end
    at = next_at
  until not at
end

local GROUPS = { asn = "asn_rrd_creation", vlan = "vlan_rrd_creation",
  country = "country_rrd_creation" }

function rrd_write.five_minutes()
  each(function(run)
    run.pair = run.definitions.counters(layout.PAIR, 300)
    run.single = run.definitions.counters(layout.SINGLE, 300)
    applications(run)
    locality(run)
    hosts(run)
    for kind, preference in pairs(GROUPS) do
      if wanted(preference) then
        pairs_of(run, kind, function(at)
          return interface.getGroupsCounters(kind, at)
        end)
      end
    end
    if wanted "l2_device_rrd_creation" then
      pairs_of(run, "mac", interface.getDevicesCounters)
    end
  end)
end

return rrd_write
