-- get_timeseries: values over time, for charts.
-- SPDX-License-Identifier: MIT
--
-- ?metric=bytes&zoom=1h, or epoch_begin= and epoch_end=; of an interface, a
-- host (host=, vlan=), or anything else (about=). Without a metric it lists
-- those that there are. modules/timeseries.lua tells of the answer.

local endpoint = require "endpoint"
local timeseries = require "timeseries"

local zooms = {}
for i, of in ipairs(timeseries.ZOOMS) do zooms[i] = of[1] end

local asked = endpoint.read {
  host = "host", vlan = "vlan", about = { "string", max = 128 },
  metric = { "string", max = 128 }, zoom = { "choice", of = zooms },
  epoch_begin = "epoch", epoch_end = "epoch",
  points = { "integer", min = 1, max = 10000 },
  step = { "integer", min = 1, max = 31536000 },
}
local about = endpoint.host_key(asked.host, asked.vlan) or asked.about or ""
local answer, problem
if asked.metric then
  answer, problem = timeseries.query {
    about = about, metric = asked.metric, zoom = asked.zoom,
    from = asked.epoch_begin, to = asked.epoch_end,
    points = asked.points, step = asked.step,
  }
else
  local metrics
  metrics, problem = timeseries.metrics(about)
  answer = metrics and { about = about, metrics = endpoint.list(metrics) }
end
if not answer then endpoint.refuse(400, problem) end
endpoint.send(answer)
