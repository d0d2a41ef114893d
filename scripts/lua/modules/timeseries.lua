-- timeseries: values over time, asked for.
-- SPDX-License-Identifier: MIT
--
--   local answer, problem = timeseries.query {
--     about = "192.168.1.2", metric = "bytes", from = now - 3600, to = now }
--
-- The question:
--   about   "" the interface that is selected; "ip", "ip@vlan" a host; or
--           "net:10.0.0.0/8", "asn:3215", "vlan:5", "country:IT", "mac:..."
--   metric  "bytes", "packets", "drops", "num_flows", "tcp", an application ...
--           (timeseries.metrics() lists them); "all" for the nine largest
--           applications and the rest; "tcp_all" for the kinds of TCP trouble
--   from, to  epoch seconds; or zoom = "1h", one of timeseries.ZOOMS, up to
--           `to` (now)
--   points  at most so many values of a series (600)
--   step    seconds of a value at least
--
-- The answer, which get_timeseries.lua gives as JSON:
--   start   epoch second at which the first value begins
--   step    seconds of each value: value i (from 0) is of the time from
--           start + i * step on
--   count   values of each series
--   metric, about, unit   "bytes/s", "packets/s", or what is counted, "flows"
--   source  "memory": the last hour, second by second; "rrd": files
--   series  a list of {name, label, data, total, average, max, last}, for
--           "all" the largest first; what is unknown is null in `data`. Rates
--           are per second; `total` is their integral (bytes, packets), not
--           there for what is no rate. For "all" they can be stacked, and the
--           last one may be "Other".
-- Where nothing was ever written, `series` is empty.

local addresses = require "addresses"
local json = require "json"
local layout = require "series_layout"

local timeseries = {}

local HOUR, DAY = 3600, 86400
local POINTS, MOST_POINTS = 600, 10000
local TOP = 9 -- applications of "all"
local YEARS = 20 * 365 * DAY

--- Spans that charts offer, the shortest first: {name, seconds}.
timeseries.ZOOMS = {
  { "1m", 60 }, { "5m", 300 }, { "10m", 600 }, { "1h", HOUR },
  { "3h", 3 * HOUR }, { "6h", 6 * HOUR }, { "12h", 12 * HOUR }, { "1d", DAY },
  { "1w", 7 * DAY }, { "2w", 14 * DAY }, { "1M", 30 * DAY },
  { "6M", 182 * DAY }, { "1Y", 365 * DAY },
}

-- Files that are no applications: label and unit.
local KNOWN = {
  bytes = { "Traffic", "bytes/s" }, packets = { "Packets", "packets/s" },
  drops = { "Lost packets", "packets/s" },
  tcp = { "TCP", "bytes/s" }, udp = { "UDP", "bytes/s" },
  icmp = { "ICMP", "bytes/s" }, other_ip = { "Other IP", "bytes/s" },
  num_hosts = { "Hosts", "hosts" }, num_devices = { "Devices", "devices" },
  num_flows = { "Flows", "flows" },
  num_http_hosts = { "HTTP hosts", "hosts" },
  num_zmq_received_flows = { "Flows received", "flows/s" },
  tcp_retransmissions = { "Retransmissions", "packets/s" },
  tcp_ooo = { "Out of order", "packets/s" },
  tcp_lost = { "Lost", "packets/s" }, tcp_syn = { "SYN", "packets/s" },
  tcp_synack = { "SYN-ACK", "packets/s" },
  tcp_finack = { "FIN-ACK", "packets/s" }, tcp_rst = { "RST", "packets/s" },
  tcp_retr_ooo_lost = { "TCP trouble", "packets/s" },
}

-- Data sources by name.
local SOURCES = {
  sent = "Sent", rcvd = "Received", ingress = "Ingress", egress = "Egress",
  inner = "Inner",
}

local RING = { bytes = true, packets = true, drops = true }
local TROUBLE = { "tcp_retransmissions", "tcp_ooo", "tcp_lost" }

local function is_gauge(metric)
  return metric:find("^num_") ~= nil and metric ~= "num_zmq_received_flows"
end

function timeseries.unit(metric)
  if metric == "all" then return "bytes/s" end
  if metric == "tcp_all" then return "packets/s" end
  return (KNOWN[metric] or { nil, "bytes/s" })[2]
end

function timeseries.label(metric)
  return (KNOWN[metric] or { metric })[1]
end

--- Seconds of a zoom, or nil.
function timeseries.zoom(name)
  for _, of in ipairs(timeseries.ZOOMS) do
    if of[1] == name then return of[2] end
  end
end

-- What may be asked ---------------------------------------------------------

--- Whether the user of this run may see what it is about.
local function may_see(about)
  if about == "" then return true end
  local info = addresses.hostkey2hostinfo(about)
  if addresses.is_ip(info.host) then return interface.seesHost(about) end
  return interface.seesHost() -- of others than single hosts: all or nothing
end

--- The folder of what it is about; nil and why not.
local function folder_of(about)
  local series = interface.getSeries()
  if not series or not series.folder then return nil, "no such interface" end
  local folder = layout.folder(series.folder, about)
  if not folder then return nil, "about: is nothing that has series" end
  if not may_see(about) then return nil, "about: not allowed" end
  return folder
end

local function exists(file)
  return ntop.rrd_state() ~= "off" and ntop.exists(file)
end

--- The names of the files of a folder, sorted.
local function files(folder)
  local names = {}
  for name in pairs(ntop.readdir(folder) or {}) do
    local metric = name:match("^(.+)%.rrd$")
    if metric then names[#names + 1] = metric end
  end
  table.sort(names)
  return names
end

local function applications(folder)
  local names = {}
  for _, name in ipairs(files(folder)) do
    if not KNOWN[name] then names[#names + 1] = name end
  end
  return names
end

--- The names of applications that there are series of.
function timeseries.applications(about)
  local folder, problem = folder_of(about or "")
  if not folder then return nil, problem end
  return applications(folder)
end

--- What there is: a list of {name, label, unit}.
function timeseries.metrics(about)
  local folder, problem = folder_of(about or "")
  if not folder then return nil, problem end
  local list, has_applications = {}, false
  for _, name in ipairs(files(folder)) do
    has_applications = has_applications or not KNOWN[name]
    list[#list + 1] = { name = name, label = timeseries.label(name),
      unit = timeseries.unit(name) }
  end
  if has_applications then
    list[#list + 1] = { name = "all", label = "Applications",
      unit = timeseries.unit "all" }
  end
  return list
end

-- From the ring -------------------------------------------------------------

--- The mean of values[first] to values[last] that are known, or nil.
local function mean(values, first, last)
  local sum, known = 0, 0
  for i = first, math.min(last, #values) do
    local value = values[i]
    if value and value == value then sum, known = sum + value, known + 1 end
  end
  return known > 0 and sum / known or nil
end

local function from_ring(asked)
  local seconds = interface.getSeconds(asked.from, asked.to)
  local values = seconds[asked.metric]
  local step = math.max(asked.step, math.ceil(#values / asked.points))
  local data, total = {}, 0
  for i = 1, #values, step do
    data[#data + 1] = mean(values, i, i + step - 1) or json.null
  end
  for _, value in ipairs(values) do total = total + (value or 0) end
  return { start = seconds.start, step = step, source = "memory",
    series = { { name = asked.metric, label = timeseries.label(asked.metric),
      data = data, total = total } } }
end

-- From files ----------------------------------------------------------------

--- The columns of a file, as {name = {values}}, with start and step; nil when
--- there are none. NaN is what is not known.
local function fetch(file, asked)
  if not exists(file) then return nil end
  local points = math.min(asked.points,
    math.max(1, (asked.to - asked.from) // asked.step))
  local done, start, step, columns, _, count, totals = pcall(
    ntop.rrd_fetch_columns, file, "AVERAGE", asked.from, asked.to, points)
  if not done then return nil, start end
  count = math.min(count, math.ceil((asked.to - start) / step))
  return { start = start, step = step, count = count, columns = columns,
    totals = totals }
end

--- Values as they are shown: no rate is below 0, and unknown is null.
local function clean(values, count)
  local data = {}
  for i = 1, count do
    local value = values[i]
    if not value or value ~= value then
      data[i] = json.null
    else
      data[i] = value > 0 and value or 0
    end
  end
  return data
end

local SOURCE_ORDER = { sent = 1, rcvd = 2, ingress = 1, egress = 2, inner = 3 }

local function from_file(folder, asked)
  local got, problem = fetch(layout.file(folder, asked.metric), asked)
  if not got then return nil, problem end
  local series = {}
  for name, values in pairs(got.columns) do
    series[#series + 1] = { name = name,
      label = SOURCES[name] or timeseries.label(asked.metric),
      data = clean(values, got.count), total = got.totals[name] }
  end
  table.sort(series, function(a, b)
    local first, second = SOURCE_ORDER[a.name] or 0, SOURCE_ORDER[b.name] or 0
    if first ~= second then return first < second end
    return a.name < b.name
  end)
  return { start = got.start, step = got.step, source = "rrd",
    series = series }
end

-- Several files as one chart ------------------------------------------------

--- The sum of all columns.
local function combined(got)
  local sums = {}
  for i = 1, got.count do
    local sum
    for _, values in pairs(got.columns) do
      local value = values[i]
      if value and value == value then
        sum = (sum or 0) + (value > 0 and value or 0)
      end
    end
    sums[i] = sum or json.null
  end
  return sums
end

local function total_of(got)
  local total = 0
  for _, of in pairs(got.totals) do total = total + of end
  return total
end

--- Values of another grid, on that of the first series.
local function regrid(data, start, step, grid)
  if start == grid.start and step == grid.step then return data end
  local moved = {}
  for i = 1, grid.count do
    local at = grid.start + (i - 1) * grid.step
    local index = (at - start) // step + 1
    moved[i] = index >= 1 and data[index] or json.null
  end
  return moved
end

local function add_up(into, data, count)
  for i = 1, count do
    local value = data[i]
    if value ~= nil and value ~= json.null then
      into[i] = (into[i] ~= json.null and into[i] or 0) + value
    elseif into[i] == nil then
      into[i] = json.null
    end
  end
end

--- One series of each file of these names, the largest first; what is beyond
--- `most` is one more.
local function from_files(folder, names, asked, most)
  local grid, series, last_problem = nil, {}, nil
  for _, name in ipairs(names) do
    local got, problem = fetch(layout.file(folder, name), asked)
    last_problem = last_problem or problem
    if got then
      grid = grid or got
      local data = regrid(combined(got), got.start, got.step, grid)
      local total = total_of(got)
      if total > 0 or not most then
        series[#series + 1] = { name = name, label = timeseries.label(name),
          data = data, total = total }
      end
    end
  end
  if not grid then return nil, last_problem end
  if most then
    table.sort(series, function(a, b)
      if a.total ~= b.total then return a.total > b.total end
      return a.name < b.name
    end)
  end
  local other
  for i = (most or #series) + 1, #series do
    other = other or { name = "Other", label = "Other", data = {}, total = 0 }
    other.total = other.total + series[i].total
    add_up(other.data, series[i].data, grid.count)
    series[i] = nil
  end
  series[#series + 1] = other
  return { start = grid.start, step = grid.step, source = "rrd",
    series = series, count = grid.count }
end

-- The question --------------------------------------------------------------

local function whole(value, otherwise, min, max)
  value = math.tointeger(tonumber(value)) or math.tointeger(otherwise)
  return math.max(min, math.min(max, value))
end

--- With defaults and within bounds; nil and why not.
local function read(asked)
  local now = os.time()
  local question = {
    about = asked.about or "", metric = asked.metric or "bytes",
    points = whole(asked.points, POINTS, 1, MOST_POINTS),
    step = whole(asked.step, 1, 1, YEARS),
  }
  question.to = whole(asked.to, now, 1, now + YEARS)
  local span = asked.zoom and timeseries.zoom(asked.zoom) or HOUR
  question.from = whole(asked.from, question.to - span, 0, question.to)
  if question.from >= question.to then
    return nil, "from: must be before to"
  end
  question.from = math.max(question.from, question.to - YEARS)
  return question
end

local function describe(series, is_rate)
  local sum, known, max, last = 0, 0, nil, nil
  for _, value in ipairs(series.data) do
    if value ~= json.null then
      sum, known, last = sum + value, known + 1, value
      max = max and math.max(max, value) or value
    end
  end
  if not is_rate then series.total = nil end
  series.average = known > 0 and sum / known or json.null
  series.max = max or json.null
  series.last = last or json.null
  setmetatable(series.data, { __jsontype = "array" })
end

local function answer_of(folder, question)
  local metric = question.metric
  if metric == "all" then
    return from_files(folder, applications(folder), question, TOP)
  end
  if metric == "tcp_all" then
    return from_files(folder, TROUBLE, question)
  end
  -- The ring begins with this run, and has the last hour.
  local since = math.max(interface.getSeries().since, os.time() - HOUR)
  if question.about == "" and RING[metric] and (question.from > since
      or ntop.rrd_state() ~= "ready") then
    return from_ring(question)
  end
  return from_file(folder, question)
end

--- See above. @return nil and why not, when it is asked for something that
--- cannot be
function timeseries.query(asked)
  local question, problem = read(asked)
  if not question then return nil, problem end
  local folder
  folder, problem = folder_of(question.about)
  if not folder then return nil, problem end
  local answer = answer_of(folder, question)
    or { start = question.from, step = 1, source = "rrd", series = {} }
  answer.count = answer.series[1] and #answer.series[1].data or 0
  answer.about, answer.metric = question.about, question.metric
  answer.unit = timeseries.unit(question.metric)
  for _, series in ipairs(answer.series) do
    describe(series, not is_gauge(question.metric))
  end
  setmetatable(answer.series, { __jsontype = "array" })
  return answer
end

return timeseries
