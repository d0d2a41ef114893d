-- test_alert_thresholds: what is taken for a threshold.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local program = require "program"
program.start()
local thresholds = require "alert_thresholds"

t.test("lists of thresholds are read", function()
  t.same(thresholds.parse("bytes;gt;1000", "host"), {
    ["bytes;gt"] = { metric = "bytes", operator = "gt", value = 1000 },
  })
  t.same(thresholds.parse("idle;lt;60, throughput;gt;2.5,idle;gt;1", "host"), {
    ["idle;lt"] = { metric = "idle", operator = "lt", value = 60 },
    ["throughput;gt"] = { metric = "throughput", operator = "gt",
      value = 2.5 },
    ["idle;gt"] = { metric = "idle", operator = "gt", value = 1 },
  })
  t.same(thresholds.parse("", "host"), {})
end)

t.test("what is none is refused as a whole", function()
  for _, text in ipairs { "bytes", "bytes;gt", "bytes;ge;1", "bytes;gt;x",
    "bytes;gt;-1", "bytes;gt;1;2", "nothing;gt;1", "bytes;gt;1,idle",
    "ingress;gt;1", "bytes;gt;1e9", ("bytes;gt;1,"):rep(33) } do
    t.same(thresholds.parse(text, "host"), nil, text)
  end
  t.same(thresholds.parse("bytes;gt;1", "network"), nil)
end)

t.done()
