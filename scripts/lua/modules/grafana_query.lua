-- grafana_query: values for the panels of Grafana.
-- SPDX-License-Identifier: MIT
--
-- Of each target a list of series, {"target": label, "datapoints": [[value,
-- epoch in milliseconds], ...]}; what is not known is null. A target of type
-- "table" gives one table: of ..._allprotocols_bps the applications of the
-- time, of an interface's traffic the hosts that are busiest now, of anything
-- else the same values in rows.

local endpoint = require "endpoint"
local grafana = require "grafana_utils"
local json = require "json"
local metrics = require "grafana_metrics"
local timeseries = require "timeseries"

local query = {}

local POINTS, MOST_POINTS = 600, 10000
local MOST_TARGETS = 100
local TOP_HOSTS = 10

--- What the panel leaves out: filters {key, operator, value} by application.
local function passes(filters, name)
  for _, filter in ipairs(filters) do
    if grafana.member(filter, "key", "string") == "application" then
      local is_same = filter.value == name
      if filter.operator == "!=" then is_same = not is_same end
      if not is_same then return false end
    end
  end
  return true
end

local function label(series, target)
  local name = target.total and "Total" or series.name
  if target.host then
    return ("%s [%s, %s]"):format(name, target.host, target.interface)
  end
  return ("%s [%s]"):format(name, target.interface)
end

local function ask(target, request)
  interface.select(target.interface)
  return timeseries.query {
    about = target.host, metric = target.metric, from = request.from,
    to = request.to, points = request.points, step = request.step,
  } or { series = {} }
end

local function points_of(series, answer, factor)
  local points = {}
  for i, value in ipairs(series.data) do
    points[i] = { value ~= json.null and value * factor or json.null,
      (answer.start + (i - 1) * answer.step) * 1000 }
  end
  return endpoint.list(points)
end

--- One number: of all data sources together.
local function total(target, answer, request)
  local sum = 0
  for _, series in ipairs(answer.series) do sum = sum + series.total end
  return { { target = label(nil, target),
    datapoints = { { sum, request.to * 1000 } } } }
end

local function series_of(target, request)
  local answer = ask(target, request)
  if #answer.series == 0 then return {} end
  if target.total then return total(target, answer, request) end
  local list = {}
  for _, series in ipairs(answer.series) do
    if target.metric ~= "all" or passes(request.filters, series.name) then
      list[#list + 1] = { target = label(series, target),
        datapoints = points_of(series, answer, target.factor) }
    end
  end
  return list
end

-- Tables --------------------------------------------------------------------

local function table_of(columns, rows)
  for i, column in ipairs(columns) do
    columns[i] = { text = column[1], type = column[2] }
  end
  return { type = "table", columns = columns, rows = endpoint.list(rows) }
end

local function applications(target, request)
  local rows = {}
  for _, series in ipairs(ask(target, request).series) do
    if passes(request.filters, series.name) then
      rows[#rows + 1] = { series.name, series.total,
        series.total * 8 / (request.to - request.from) }
    end
  end
  return table_of({ { "Application", "string" }, { "Bytes", "number" },
    { "Bits per second", "number" } }, rows)
end

local function busiest_hosts(target)
  local rows = {}
  interface.select(target.interface)
  local page = interface.getHostsInfo(false, "column_thpt", TOP_HOSTS, 0,
    false)
  for key, host in pairs(page and page.hosts or {}) do
    rows[#rows + 1] = { key, host.name or key, host["bytes.sent"] or 0,
      host["bytes.rcvd"] or 0, (host.throughput_bps or 0) * 8 }
  end
  table.sort(rows, function(a, b)
    if a[5] ~= b[5] then return a[5] > b[5] end
    return a[1] < b[1]
  end)
  return table_of({ { "Host", "string" }, { "Name", "string" },
    { "Bytes sent", "number" }, { "Bytes received", "number" },
    { "Bits per second", "number" } }, rows)
end

local function values(target, request)
  local rows, columns, by_time = {}, { { "Time", "time" } }, {}
  for i, series in ipairs(series_of(target, request)) do
    columns[i + 1] = { series.target, "number" }
    for _, point in ipairs(series.datapoints) do
      local row = by_time[point[2]]
      if not row then
        row = { point[2] }
        by_time[point[2]], rows[#rows + 1] = row, row
      end
      row[i + 1] = point[1]
    end
  end
  return table_of(columns, rows)
end

local function rows_of(target, request)
  if target.metric == "all" then return applications(target, request) end
  if not target.host and not target.total then return busiest_hosts(target) end
  return values(target, request)
end

-- The request ---------------------------------------------------------------

local function number(payload, name, otherwise)
  local value = tonumber(payload[name])
  return value and value >= 1 and value < 2^53 and math.floor(value)
    or otherwise
end

--- All series and tables of a request's targets, in their order; targets that
--- mean nothing have none.
function query.answer(payload)
  local request = {}
  request.from, request.to = grafana.range(payload)
  request.points = math.min(number(payload, "maxDataPoints", POINTS),
    MOST_POINTS)
  request.step = math.max(1, number(payload, "intervalMs", 1000) // 1000)
  request.filters = grafana.member(payload, "adhocFilters", "table") or {}
  local list = {}
  for i, of in ipairs(grafana.member(payload, "targets", "table") or {}) do
    if i > MOST_TARGETS then break end
    local name = grafana.member(of, "target", "string")
    local target = name and not of.hide and metrics.parse(name)
    if target and of.type == "table" then
      list[#list + 1] = rows_of(target, request)
    elseif target then
      for _, series in ipairs(series_of(target, request)) do
        list[#list + 1] = series
      end
    end
  end
  return list
end

return query
