-- plot: numbers as pictures, drawn on the server.
-- SPDX-License-Identifier: MIT
--
-- Charts over time are complete without scripts: a line, its range, and a
-- table of the values. js/charts.js draws them anew, to be zoomed and read.

local figures = require "figures"
local i18n = require "i18n"
local tables = require "tables"
local template = require "template"

local plot = {}

local MOST_POINTS = 240 -- of the server's line: more are not seen
local MOST_ROWS = 60 -- of the table

-- The largest of each group of values: a peak stays one. nil is a gap.
local function thinned(values, count, most)
  local step = math.max(1, math.ceil(count / most))
  local thin, size = {}, 0
  for from = 1, count, step do
    size = size + 1
    for i = from, math.min(from + step - 1, count) do
      local value = values[i]
      if value and (not thin[size] or value > thin[size]) then
        thin[size] = value
      end
    end
  end
  return thin, size, step
end

-- Two paths over 0..1000 by 0..100: what is under the line, and the line.
local function paths(values, count, largest)
  local fill, line, is_open = {}, {}, false
  local function x(i) return (i - 1) * 1000 / math.max(1, count - 1) end
  for i = 1, count + 1 do
    local value = i <= count and values[i]
    if value then
      local point = ("%.1f,%.1f"):format(x(i), 100 - 96 * value / largest)
      if not is_open then
        line[#line + 1] = "M"
        fill[#fill + 1] = ("M%.1f,100 L"):format(x(i))
      end
      line[#line + 1], fill[#fill + 1] = point, point
    elseif is_open then
      fill[#fill + 1] = ("%.1f,100 Z"):format(x(i - 1))
    end
    is_open = value and true or false
  end
  return table.concat(fill, " "), table.concat(line, " ")
end

local SHAPES = { bps = figures.bits, pps = figures.packet_rate,
  bytes = figures.bytes, count = figures.short_count }

local over_time = template.compile([[
<figure class="chart" data-chart="{{ data }}">
<div class="plot{% if tall then %} tall{% end %}">
<svg class="area" viewBox="0 0 1000 100" preserveAspectRatio="none" role="img"
 aria-label="{{ label }}"><path class="fill" d="{{ fill }}"/><path class="line"
 d="{{ line }}"/></svg></div>
<figcaption class="legend"><span>{{ from }} – {{ to }}</span>
<span>{{ t "chart.maximum" }} {{ most }}</span></figcaption>
{% if #rows > 0 then %}
<details><summary>{{ t "chart.values" }}</summary>
<table class="list"><thead><tr><th scope="col">{{ t "column.date" }}</th>
{% for _, one in ipairs(series) do %}
<th scope="col" class="number">{{ one.label }}</th>
{% end %}
</tr></thead><tbody>
{% for _, row in ipairs(rows) do %}
<tr><th scope="row">{{ row.time }}</th>
{% for _, cell in ipairs(row) do %}<td class="number">{{ cell }}</td>
{% end %}
</tr>
{% end %}
</tbody></table></details>
{% end %}
</figure>
]], "over_time")

-- Each series' values, some rows of them.
local function value_rows(chart, shape)
  local rows, step = {}, math.max(1, math.ceil(chart.count / MOST_ROWS))
  for i = 1, chart.count, step do
    local row = {
      time = os.date("%Y-%m-%d %H:%M:%S", chart.start + (i - 1) * chart.step),
    }
    for at, one in ipairs(chart.series) do
      row[at] = one.values[i] and shape(one.values[i]) or ""
    end
    rows[#rows + 1] = row
  end
  return rows
end

-- What is drawn without scripts: all series together.
local function sums(chart)
  if #chart.series == 1 then return chart.series[1].values end
  local whole = {}
  for i = 1, chart.count do
    for _, one in ipairs(chart.series) do
      local value = one.values[i]
      if value then whole[i] = (whole[i] or 0) + value end
    end
  end
  return whole
end

-- false where there is a gap: an array of JSON has no holes.
local function whole(values, count)
  local all = {}
  for i = 1, count do all[i] = values[i] or false end
  return setmetatable(all, { __jsontype = "array" })
end

--- Values over time: chart.start (epoch), step (seconds), count, series (each
--- {label, values}, nil or false for a gap), unit (bps, pps, bytes, count),
--- label (for who does not see it), stacked, live (it grows by the stream),
--- tall, table (false: leave it out).
function plot.over_time(chart)
  local shape = SHAPES[chart.unit]
  local values, count, width = thinned(sums(chart), chart.count, MOST_POINTS)
  local largest = 0
  for i = 1, count do largest = math.max(largest, values[i] or 0) end
  local fill, line = paths(values, count, math.max(largest, 1))
  local series = {}
  for i, one in ipairs(chart.series) do
    series[i] = { label = one.label, values = whole(one.values, chart.count) }
  end
  local last = chart.start + (count - 1) * width * chart.step
  return template.markup(over_time {
    fill = fill, line = line, most = shape(largest), label = chart.label,
    from = os.date("%H:%M:%S", chart.start), to = os.date("%H:%M:%S", last),
    series = chart.series, tall = chart.tall or false,
    rows = chart.table == false and {} or value_rows(chart, shape),
    data = template.names.json {
      start = chart.start, step = chart.step, unit = chart.unit,
      series = series, stacked = chart.stacked or false,
      live = chart.live or false, label = chart.label,
      words = { now = i18n "chart.now", average = i18n "chart.average",
        maximum = i18n "chart.maximum", total = i18n "chart.total",
        reset = i18n "chart.reset" },
    },
  })
end

local shares = template.compile([[
<svg class="shares" role="img" aria-label="{{ label }}">
{% for _, part in ipairs(parts) do %}
<rect class="k{{ part.colour }}" x="{{ part.from }}%" width="{{ part.width }}%"
 height="100%"><title>{{ part.label }}</title></rect>
{% end %}
</svg>
<ul class="legend">
{% for _, part in ipairs(parts) do %}
<li><span class="key k{{ part.colour }}"></span>{{ part.name }}
 {{ part.much }}</li>
{% end %}
</ul>
]], "shares")

--- Parts of a whole as one bar with its legend: {label, value, url}, at most
--- ten; those of 0 are left out. `shape` is a function of figures.
function plot.shares(items, shape, label)
  local total, parts, from = 0, {}, 0
  for _, item in ipairs(items) do total = total + item.value end
  if total == 0 then return template.markup("") end
  for i, item in ipairs(items) do
    if item.value > 0 then
      local width = 100.0 * item.value / total
      parts[#parts + 1] = {
        colour = i % 10, from = ("%.2f"):format(from),
        width = ("%.2f"):format(width),
        label = ("%s: %.1f %%"):format(item.label, width),
        name = item.url and template.markup(('<a href="%s">%s</a>'):format(
          template.names.html(item.url), template.names.html(item.label)))
          or item.label,
        much = shape(item.value),
      }
      from = from + width
    end
  end
  return template.markup(shares { parts = parts, label = label })
end

local ranks = template.compile([[
<ol class="ranks">
{% for _, row in ipairs(rows) do %}
<li>{{ row.bar }}<span class="who">{{ row.name }}</span>
<span class="part">{{ row.part }}</span>
<span class="much">{{ row.much }}</span></li>
{% end %}
</ol>
]], "ranks")

--- The largest of some, with a bar behind each: {name (markup), value}, and
--- its share of the total.
function plot.ranks(items, most, shape, total)
  local rows = {}
  tables.sort(items, function(a, b) return a.value > b.value end)
  for i = 1, math.min(most, #items) do
    local item = items[i]
    if item.value > 0 then
      rows[#rows + 1] = {
        name = item.name, much = shape(item.value),
        part = figures.percent(item.value, total),
        bar = figures.bar(item.value, items[1].value),
      }
    end
  end
  return template.markup(ranks { rows = rows })
end

--- The same in the order that they come in: of sizes, of times.
function plot.columns(items, shape, total)
  local largest, rows = 0, {}
  for _, item in ipairs(items) do largest = math.max(largest, item.value) end
  for i, item in ipairs(items) do
    rows[i] = { name = item.name, much = shape(item.value),
      part = figures.percent(item.value, total),
      bar = figures.bar(item.value, largest) }
  end
  return template.markup(ranks { rows = rows })
end

local map = template.compile([[
<p>{{ label }}</p>
<svg class="activity" viewBox="0 0 1000 {{ height }}" role="img"
 aria-label="{{ label }}">
{% for _, row in ipairs(rows) do %}
<text x="0" y="{{ row.y + 9 }}">{{ row.label }}</text>
{% for _, cell in ipairs(row) do %}
<rect class="on{{ cell.level }}" x="{{ cell.x }}" y="{{ row.y }}"
 width="14" height="11" rx="2"><title>{{ cell.title }}</title></rect>
{% end %}
{% end %}
</svg>
]], "activity")

local HOUR, DAY, LEFT, WIDE = 3600, 86400, 40, 15.9

--- Minutes of a day: {["epoch"] = seconds active}, a row for each hour.
function plot.activity(minutes, now, label)
  local rows, first = {}, now - now % DAY
  for hour = 0, 23 do
    local row = { y = hour * 13, label = ("%02d:00"):format(hour) }
    for minute = 0, 59 do
      local epoch = first + hour * HOUR + minute * 60
      local seconds = minutes[tostring(epoch)] or 0
      row[minute + 1] = {
        x = ("%.1f"):format(LEFT + minute * WIDE),
        level = seconds == 0 and 0 or seconds < 10 and 1
          or seconds < 40 and 2 or 3,
        title = ("%02d:%02d: %d s"):format(hour, minute, seconds),
      }
    end
    rows[hour + 1] = row
  end
  return template.markup(map { rows = rows, height = 24 * 13, label = label })
end

return plot
