-- charts: shares of a whole, as JSON: [{"label": ..., "value": ...}, ...].
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local tables = require "tables"

local charts = {}

local SMALL = 0.03 -- of the whole; what is less becomes "Other"

--- The items that are not 0, the largest first. With `merges`, what is too
--- small to be seen is one item.
function charts.shares(items, merges)
  local total, other, shown = 0, 0, {}
  for _, item in ipairs(items) do total = total + item.value end
  for _, item in ipairs(items) do
    if merges and item.value < total * SMALL then
      other = other + item.value
    elseif item.value > 0 then
      shown[#shown + 1] = item
    end
  end
  tables.sort(shown, function(a, b)
    if a.value ~= b.value then return a.value > b.value end
    return tostring(a.label) < tostring(b.label)
  end)
  if other > 0 then shown[#shown + 1] = { label = "Other", value = other } end
  return shown
end

--- Answer with these.
function charts.send(items, merges)
  endpoint.send(endpoint.list(charts.shares(items, merges)))
end

--- Items of a table of counters; `labels` is a list of {key, label}.
function charts.items(counters, labels)
  local items = {}
  for _, pair in ipairs(labels) do
    items[#items + 1] = { label = pair[2],
      value = (counters or {})[pair[1]] or 0 }
  end
  return items
end

--- Packet sizes, as engines and hosts count them.
charts.SIZES = {
  { "upTo64", "<= 64" }, { "upTo128", "64 <= 128" },
  { "upTo256", "128 <= 256" }, { "upTo512", "256 <= 512" },
  { "upTo1024", "512 <= 1024" }, { "upTo1518", "1024 <= 1518" },
  { "upTo2500", "1518 <= 2500" }, { "upTo6500", "2500 <= 6500" },
  { "upTo9000", "6500 <= 9000" }, { "above9000", "> 9000" },
}

--- Bytes by application of a table `ndpi`; with `by_breed`, by breed.
function charts.applications(ndpi, by_breed)
  local sums, items = {}, {}
  for name, of in pairs(ndpi or {}) do
    local label = by_breed and of.breed or name
    sums[label] = (sums[label] or 0) + of["bytes.sent"] + of["bytes.rcvd"]
  end
  for label, value in pairs(sums) do
    items[#items + 1] = { label = label, value = value }
  end
  return items
end

return charts
