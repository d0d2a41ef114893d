-- test_formats: numbers and texts for people.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local formats = require "formats"
local strings = require "strings"

local NAN, INF = 0 / 0, 1 / 0

local function rows(name, call, list)
  t.test(name, function()
    for i = 1, #list do
      t.same(call(list[i][1], list[i][2]), list[i].want, tostring(list[i][1]))
    end
  end)
end

rows("bytesToSize", formats.bytesToSize, {
  { nil, want = "0" }, { 0, want = "0 Bytes" }, { 1, want = "1 Bytes" },
  { 1023, want = "1023 Bytes" }, { 1024, want = "1 KB" },
  { 1536, want = "1.5 KB" }, { 1023.999, want = "1 KB" },
  { 1048575, want = "1 MB" }, { 1234567, want = "1.18 MB" },
  { 1 << 30, want = "1 GB" }, { 1 << 40, want = "1 TB" },
  { 1 << 60, want = "1048576 TB" }, { "2048", want = "2 KB" },
  { -2048, want = "-2 KB" }, { "x", want = "0 Bytes" },
  { {}, want = "0 Bytes" },
  { NAN, want = "0 Bytes" }, { INF, want = "inf TB" },
})

rows("bitsToSize", formats.bitsToSize, {
  { 0, want = "0 bit/s" }, { 999, want = "999 bit/s" },
  { 1000, want = "1 kbit/s" }, { 1500000, want = "1.5 Mbit/s" },
  { 2.5e9, want = "2.5 Gbit/s" }, { 1e12, want = "1 Tbit/s" },
  { nil, want = "0 bit/s" }, { "abc", want = "0 bit/s" },
  { 999.999, want = "1 kbit/s" }, { 0.001, want = "0 bit/s" },
})

rows("pktsToSize", formats.pktsToSize, {
  { 0, want = "0 pps" }, { 1500, want = "1.5 Kpps" }, { 2e6, want = "2 Mpps" },
  { 5e9, want = "5000 Mpps" }, { nil, want = "0 pps" },
  { true, want = "0 pps" },
})

rows("formatValue", formats.formatValue, {
  { 0, want = "0" }, { 999, want = "999" }, { 1000, want = "1,000" },
  { 1234567, want = "1,234,567" }, { -1234567, want = "-1,234,567" },
  { -100, want = "-100" }, { 1234.5, want = "1,234.5" },
  { 5.0, want = "5" }, { "1000", want = "1,000" },
  { math.maxinteger, want = "9,223,372,036,854,775,807" },
  { math.mininteger, want = "-9,223,372,036,854,775,808" },
  { nil, want = "0" }, { "n/a", want = "n/a" }, { NAN, want = "0" },
  { INF, want = "0" }, { -0.0, want = "0" },
})

rows("formatPackets", formats.formatPackets, {
  { 0, want = "0 Pkts" }, { 1, want = "1 Pkt" }, { 1234, want = "1,234 Pkts" },
  { nil, want = "0 Pkts" }, { "x", want = "0 Pkts" },
})

rows("formatFlows", formats.formatFlows, {
  { 0, want = "0 Flows" }, { 1, want = "1 Flow" },
  { 5000, want = "5,000 Flows" },
  { nil, want = "0 Flows" }, { {}, want = "0 Flows" },
})

rows("secondsToTime", formats.secondsToTime, {
  { 0, want = "< 1 sec" }, { 0.5, want = "< 1 sec" }, { 1, want = "1 sec" },
  { 59.9, want = "59 sec" }, { 60, want = "1 min" },
  { 185, want = "3 min, 5 sec" }, { 3599, want = "59 min, 59 sec" },
  { 3600, want = "01:00:00" }, { 86399, want = "23:59:59" },
  { 86400, want = "1 day, 00:00:00" }, { 200000, want = "2 days, 07:33:20" },
  { 1e9, want = "11,574 days, 01:46:40" }, { -5, want = "< 1 sec" },
  { nil, want = "< 1 sec" }, { "x", want = "< 1 sec" },
  { NAN, want = "< 1 sec" },
  { "90", want = "1 min, 30 sec" },
})

rows("msToTime", formats.msToTime, {
  { 0, want = "< 1 ms" }, { 0.009, want = "0.009 ms" }, { 5, want = "5 ms" },
  { 12.5, want = "12.5 ms" }, { 999, want = "999 ms" },
  { 1000, want = "1 sec" },
  { 185000, want = "3 min, 5 sec" }, { -1, want = "< 1 ms" },
  { nil, want = "< 1 ms" }, { "x", want = "< 1 ms" },
})

t.test("formatEpoch", function()
  local noon = os.time { year = 2017, month = 6, day = 12, hour = 12 }
  t.same(formats.formatEpoch(noon), os.date("%d/%m/%Y %X", noon))
  t.same(formats.formatEpoch(noon):sub(1, 10), "12/06/2017")
  t.same(formats.formatEpoch(noon + 0.7), formats.formatEpoch(noon))
  for _, bad in ipairs { "x", {}, NAN, 1e300, -1e300, math.maxinteger } do
    t.same(formats.formatEpoch(bad), "", tostring(bad))
  end
  t.same(formats.formatEpoch(nil), "")
end)

rows("round", formats.round, {
  { 2.5, want = 3 }, { 2.4, want = 2 }, { -2.4, want = -2 },
  { 2.345, 2, want = 2.35 }, { 2, 2, want = 2 }, { 1234, -2, want = 1234 },
  { 1234.0, -2, want = 1200 }, { "2.6", want = 3 }, { 1e300, want = 1e300 },
  { INF, want = INF }, { NAN, want = 0 }, { nil, want = 0 }, { "x", want = 0 },
})

rows("toint", formats.toint, {
  { 5, want = 5 }, { 5.9, want = 5 }, { -5.9, want = -5 }, { "7.1", want = 7 },
  { 1e300, want = math.maxinteger }, { -1e300, want = math.mininteger },
  { nil, want = 0 }, { "x", want = 0 }, { NAN, want = 0 }, { {}, want = 0 },
})

rows("tolongint", formats.tolongint, {
  { 0, want = "0" }, { 12, want = "12" }, { 12.7, want = "12" },
  { math.maxinteger, want = "9223372036854775807" },
  { -1, want = "18446744073709551615" },
  { math.mininteger, want = "9223372036854775808" },
  { -10, want = "18446744073709551606" },
  { 2.0 ^ 63, want = "9223372036854775808" },
  { 1e30, want = "18446744073709551615" }, { nil, want = "0" },
  { "x", want = "0" }, { NAN, want = "0" },
})

rows("isnumber", formats.isnumber, {
  { 5, want = true }, { "5.5", want = true }, { "0x10", want = true },
  { "5x", want = false }, { "", want = false }, { nil, want = false },
  { {}, want = false }, { true, want = false },
})

t.test("ternary", function()
  t.same(formats.ternary(true, 1, 2), 1)
  t.same(formats.ternary(nil, 1, 2), 2)
  t.same(formats.ternary(true, false, 2), false)
end)

rows("toboolean", strings.toboolean, {
  { true, want = true }, { "true", want = true }, { "1", want = true },
  { 1, want = true }, { "TRUE", want = true }, { false, want = false },
  { "false", want = false }, { "0", want = false }, { "", want = false },
  { nil, want = false }, { "perhaps", want = nil }, { 2, want = nil },
  { {}, want = nil },
})

rows("contains", strings.contains, {
  { "abc", "b", want = true }, { "a.c", ".", want = true },
  { "abc", ".", want = false }, { "a%b", "%", want = true },
  { "abc", "", want = true }, { nil, "a", want = false },
  { "a", nil, want = false }, { 123, 2, want = true },
})

rows("starts", strings.starts, {
  { "abc", "ab", want = true }, { "abc", "bc", want = false },
  { "ab", "abc", want = false }, { "abc", "", want = true },
  { ".x", "%.", want = false }, { nil, "a", want = false },
  { "a", nil, want = false },
})

rows("ends", strings.ends, {
  { "abc", "bc", want = true }, { "abc", "ab", want = false },
  { "bc", "abc", want = false }, { "abc", "", want = true },
  { nil, "a", want = false }, { "a", nil, want = false },
})

rows("split", strings.split, {
  { "a,b,c", ",", want = { "a", "b", "c" } }, { ",a,,", ",",
    want = { "", "a", "", "" } },
  { "a1b22c", "%d+", want = { "a", "b", "c" } }, { "abc", ",",
    want = { "abc" } },
  { "", ",", want = { "" } }, { nil, ",", want = {} },
  { "abc", "", want = { "abc" } }, { "abc", nil, want = { "abc" } },
  { "abc", "x*", want = { "abc" } }, { "aXXb", "X", want = { "a", "", "b" } },
})

rows("string.split", strings.split_or_nil, {
  { "a,b", ",", want = { "a", "b" } }, { "ab", ",", want = nil },
  { "", ",", want = nil }, { nil, ",", want = nil },
})

rows("isEmptyString", strings.isEmptyString, {
  { nil, want = true }, { "", want = true }, { " ", want = false },
  { 0, want = false }, { false, want = false },
})

t.test("a pattern that is none is the caller's error", function()
  t.boom(strings.split, { "a", "[" }, "split", "malformed pattern")
end)

t.done()
