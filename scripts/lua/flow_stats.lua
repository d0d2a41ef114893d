-- flow_stats: the numbers of one active flow; {} if there is none.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local formats = require "formats"

local asked = endpoint.read {
  flow_key = { "integer", min = 0, required = true },
}
local flow = interface.findFlowByKey(asked.flow_key)
if not flow then endpoint.send(endpoint.object {}) return end

local answer = {
  ["seen.first"] = formats.formatEpoch(flow["seen.first"]),
  ["seen.last"] = formats.formatEpoch(flow["seen.last"]),
  bytes = flow.bytes, goodput_bytes = flow.goodput_bytes,
  throughput = formats.bitsToSize((flow.throughput_bps or 0) * 8),
  ["top throughput display"] =
    formats.bitsToSize((flow.top_throughput_bps or 0) * 8),
}
for _, way in ipairs { "cli2srv", "srv2cli" } do
  answer[way .. ".packets"] = flow[way .. ".packets"]
  answer[way .. ".bytes"] = flow[way .. ".bytes"]
  local short = way == "cli2srv" and "c2s" or "s2c"
  answer[short .. "OOO"] = flow[way .. ".out_of_order"]
  answer[short .. "lost"] = flow[way .. ".lost"]
  answer[short .. "retr"] = flow[way .. ".retransmissions"]
end
endpoint.send(answer)
