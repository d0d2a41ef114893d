-- history: charts of the past, of a span that one chooses.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local facts = require "facts"
local i18n = require "i18n"
local json = require "json"
local links = require "links"
local plot = require "plot"
local tables = require "tables"
local template = require "template"
local timeseries = require "timeseries"

local history = {}

local t = i18n

local DEFAULT = "1h"

local names = {}
for i, of in ipairs(timeseries.ZOOMS) do names[i] = of[1] end

--- Rules of the parameters: how far back, and until when.
history.RULES = { zoom = { "choice", of = names }, epoch_end = "epoch" }

local UNITS = { ["bytes/s"] = { "bps", 8 }, ["packets/s"] = { "pps", 1 } }

local ranges_html = template.compile([[
<nav class="ranges" aria-label="{{ t "chart.range" }}">
{% for _, one in ipairs(ranges) do %}
<a href="{{ one.url }}"{% if one.here then %} aria-current="true"{% end %}>{{
 one.name }}</a>
{% end %}
</nav>
]], "ranges")

local function ranges(url, keep, zoom)
  local list = {}
  for i, name in ipairs(names) do
    list[i] = { name = name, here = name == zoom,
      url = links.to(url, tables.merge(keep, { zoom = name })) }
  end
  return template.markup(ranges_html { ranges = list })
end

local function values_of(series, factor)
  local values = {}
  for i, value in ipairs(series.data) do
    values[i] = value ~= json.null and value * factor or false
  end
  return values
end

local function chart(title, answer)
  local unit, factor = table.unpack(UNITS[answer.unit] or { "count", 1 })
  local series = {}
  for i, one in ipairs(answer.series) do
    series[i] = { label = one.label, values = values_of(one, factor) }
  end
  return facts.card { title = title, body = plot.over_time {
    start = answer.start, step = answer.step, count = answer.count,
    unit = unit, series = series, label = title, stacked = #series > 1,
    tall = true,
  } }
end

--- The charts of one tab: about (of timeseries.query()), and a list of {title,
--- metric}. `keep` is the query of the tab itself.
function history.show(url, keep, view, about, wanted)
  local asked = view.asked
  local zoom, cards = asked.zoom or DEFAULT, {}
  for _, one in ipairs(wanted) do
    local answer, problem = timeseries.query {
      about = about, metric = one[2], zoom = zoom,
      to = asked.epoch_end or view.now,
    }
    if not answer then endpoint.refuse(400, problem) end
    if #answer.series > 0 then cards[#cards + 1] = chart(one[1], answer) end
  end
  if #cards == 0 then
    cards[1] = template.part([[<section class="empty"><h2>{{ why }}</h2>
<p>{{ so }}</p></section>]], { why = t "chart.none", so = t "chart.none_so" },
      "empty")
  end
  return template.part("{{ ranges }}{{ charts }}", {
    ranges = ranges(url, keep, zoom), charts = facts.grid(cards),
  }, "history")
end

return history
