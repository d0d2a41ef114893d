-- test_json: there and back, and what strangers call JSON.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local json = require "json"

local FFFD = "\u{FFFD}"

t.test("dkjson is the same module", function()
  t.ok(require "dkjson" == json, "dkjson")
  t.ok(json.use_lpeg() == json, "use_lpeg")
end)

t.test("what is encoded", function()
  local rows = {
    { nil, "null" }, { true, "true" }, { false, "false" },
    { json.null, "null" },
    { 0, "0" }, { -1, "-1" }, { math.maxinteger, "9223372036854775807" },
    { math.mininteger, "-9223372036854775808" },
    { 5.0, "5" }, { 0.5, "0.5" }, { 0.1, "0.1" },
    { 1 / 3, "0.3333333333333333" },
    { 1e300, "1e+300" }, { 5e-324, "4.94065645841247e-324" },
    { 0 / 0, "null" }, { 1 / 0, "null" }, { -1 / 0, "null" },
    { "", '""' }, { 'a"\\/', '"a\\"\\\\/"' },
    { "\0\n\127", '"\\u0000\\n\\u007f"' },
    { "\xFF", '"' .. FFFD .. '"' }, { "\xED\xA0\x80", '"' .. FFFD .. '"' },
    { {}, "[]" }, { { 1, 2 }, "[1,2]" }, { { n = 2 }, '{"n":2}' },
    { { 1, nil, 3 }, "[1,null,3]" }, { { [5] = 1, n = 5 },
      "[null,null,null,null,1]" },
    { { [1000] = 1 }, '{"1000":1}' }, { { [0] = 1 }, '{"0":1}' },
    { { [1.5] = 1 }, '{"1.5":1}' }, { { [-1] = 1 }, '{"-1":1}' },
    { { a = {} }, '{"a":[]}' }, { { b = 1, a = 2 }, '{"a":2,"b":1}' },
    { { 1, a = 2 }, '{"1":1,"a":2}' },
    { setmetatable({}, { __jsontype = "object" }), "{}" },
    { setmetatable({ 1 }, { __jsontype = "object" }), '{"1":1}' },
    { setmetatable({}, { __jsontype = "array" }), "[]" },
    { setmetatable({ 1, x = 2 }, { __jsontype = "array" }), "[1]" },
    { setmetatable({ a = 1, b = 2 }, { __jsonorder = { "b" } }),
      '{"b":2,"a":1}' },
    { setmetatable({}, { __tojson = function() return "7" end }), "7" },
  }
  for i = 1, #rows do
    t.same(json.encode(rows[i][1]), rows[i][2], rows[i][2])
  end
end)

t.test("indent, keyorder, level", function()
  local value = { a = 1, b = { 1, {} }, c = { d = true } }
  t.same(json.encode(value, { indent = true, keyorder = { "c", "x", "b" } }),
    '{\n  "c":{\n    "d":true\n  },\n  "b":[\n    1,\n    []\n  ],\n  "a":1\n}')
  t.same(json.encode({ 1 }, { indent = true, level = 1 }), "[\n    1\n  ]")
end)

t.test("a buffer of the caller's", function()
  local state = { buffer = { "x=" } }
  t.same(json.encode({ 1 }, state), true)
  t.same(table.concat(state.buffer, "", 1, state.bufferlen), "x=[1]")
end)

t.test("a __tojson that writes by itself", function()
  local value = setmetatable({}, { __tojson = function(_, state)
    json.addnewline(state)
    state.buffer[#state.buffer + 1] = "1"
    return true
  end })
  t.same(json.encode({ value, 2 }), "[1,2]")
end)

t.test("what cannot be encoded", function()
  local around = {}
  around.self = around
  local deep = {}
  for _ = 1, 300 do deep = { deep } end
  local bad = setmetatable({}, { __tojson = function() return nil, "no" end })
  for what, row in pairs {
    ["function"] = { print, "a function" },
    thread = { coroutine.create(print), "a thread" },
    within = { { { a = { print } } }, "a function" },
    cycle = { around, "holds itself" },
    deep = { deep, "200 tables" },
    key = { { [true] = 1 }, "a key of type boolean" },
    ["table as key"] = { { [{}] = 1 }, "a key of type table" },
    tojson = { bad, "no" },
  } do
    t.boom(json.encode, { row[1] }, what, row[2])
  end
end)

t.test("an exception instead of an error", function()
  t.same(json.encode({ print, 1 }, { exception = json.encodeexception }),
    '["<a function has no text in JSON>",1]')
  local seen
  json.encode({ print }, { exception = function(reason, value)
    seen = { reason, value }
    return "0"
  end })
  t.same(seen, { "unsupported type", print })
end)

t.test("the same table twice is no cycle", function()
  local one = { 1 }
  t.same(json.encode { one, one }, "[[1],[1]]")
end)

t.test("what is decoded", function()
  local rows = {
    { "1", 1 }, { "-0", 0 }, { "1.0", 1.0 }, { "1e2", 100.0 }, { "1E-2", 0.01 },
    { "9223372036854775807", math.maxinteger },
    { "-9223372036854775808", math.mininteger },
    { "9223372036854775808", 2.0 ^ 63 },
    { "123456789012345678901234567890", 1.2345678901234568e29 },
    { "true", true }, { "false", false }, { " \t\r\n 5", 5 },
    { '""', "" }, { '"a\\"\\\\\\/\\b\\f\\n\\r\\t"', 'a"\\/\b\f\n\r\t' },
    { '"\\u0041\\u00e9\\u20AC"', "A\u{E9}\u{20AC}" }, { '"\\u0000"', "\0" },
    { '"\\ud83d\\ude00"', "\u{1F600}" },
    { '"\\ud83d"', FFFD }, { '"\\ude00"', FFFD },
    { '"\\ud83dx"', FFFD .. "x" }, { '"\\ud83d\\u0041"', FFFD .. "A" },
    { '"\\ud83d\\ud83d\\ude00"', FFFD .. "\u{1F600}" },
    { '"\u{E9}\127"', "\u{E9}\127" },
    { "[]", {} }, { "[1,[2,[3]]]", { 1, { 2, { 3 } } } },
    { "{}", {} }, { '{"a":1,"b":{"c":[]}}', { a = 1, b = { c = {} } } },
    { '{"a":1,"a":2}', { a = 2 } }, { "[null,1]", { nil, 1 } },
    { '{"":1}', { [""] = 1 } }, { ' [ 1 , 2 ] ', { 1, 2 } },
    { '{ "a" : 1 }', { a = 1 } },
  }
  for _, row in ipairs(rows) do
    local value, at = json.decode(row[1])
    t.same(value, row[2], row[1])
    t.ok(math.type(at) == "integer", row[1] .. ": position")
  end
end)

t.test("positions, null and metatables", function()
  t.same({ json.decode("[1] x") }, { { 1 }, 4 })
  t.same({ json.decode("xx 5", 4) }, { 5, 5 })
  t.same({ json.decode("null", 1, json.null) }, { json.null, 5 })
  t.same(json.decode("[null]", 1, json.null), { json.null })
  t.same(getmetatable(json.decode "{}").__jsontype, "object")
  t.same(getmetatable(json.decode "[]").__jsontype, "array")
  t.same(getmetatable(json.decode("[]", 1, nil, nil)), nil)
  local mine = {}
  t.ok(getmetatable(json.decode("{}", 1, nil, mine)) == mine, "mine")
end)

-- What is wrong, and at which byte.
local WRONG = {
  { "", 1 }, { "  ", 3 }, { "x", 1 }, { "nul", 1 }, { "nulll", 1 },
  { "truefalse", 1 }, { "True", 1 }, { "NaN", 1 }, { "Infinity", 1 },
  { "-Infinity", 1 }, { "+1", 1 }, { ".5", 1 }, { "1.", 1 }, { "-", 1 },
  { "01", 1 }, { "-01", 1 }, { "1e", 1 }, { "1e+", 1 }, { "0x10", 1 },
  { "1_0", 1 }, { "1.2.3", 1 }, { "1e999", 1 }, { "[-1e999]", 2 }, { "1a", 1 },
  { '"', 1 }, { '"a', 1 }, { '"\\"', 1 }, { '"\\x41"', 2 }, { '"\\u12"', 2 },
  { '"\\u12G4"', 2 }, { '"\\', 2 }, { '"a\nb"', 3 }, { '"\0"', 2 },
  { "'a'", 1 }, { '"\xFF"', 2 }, { '"ab\xC3"', 4 }, { '"\xED\xA0\x80"', 2 },
  { '"\xC0\x80"', 2 }, { "[", 2 }, { "[1", 1 }, { "[1,", 4 }, { "[,1]", 2 },
  { "[1,]", 4 }, { "[1 2]", 4 }, { "[1}", 3 }, { "]", 1 },
  { "{", 1 }, { "{1:2}", 2 }, { '{"a"}', 5 }, { '{"a":}', 6 },
  { '{"a":1', 1 }, { '{"a":1,', 1 }, { '{"a":1,}', 8 }, { '{"a" 1}', 6 },
  { '{"a":1 "b":2}', 8 }, { "{a:1}", 2 }, { "// x\n1", 1 }, { "/* */1", 1 },
  { "\xEF\xBB\xBF1", 1 }, { "\0", 1 },
}

t.test("what is wrong gives nil, where, and why", function()
  for _, row in ipairs(WRONG) do
    local value, at, why = json.decode(row[1])
    t.same(value, nil, row[1])
    t.same(at, row[2], ("%q: position"):format(row[1]))
    t.ok(type(why) == "string" and #why < 100, row[1] .. ": message")
  end
  for _, value in ipairs { 5, true, {}, print } do
    local got, _, why = json.decode(value)
    t.ok(got == nil and why:find("text expected"), type(value))
  end
  t.ok(select(3, json.decode()):find("text expected"), "nil")
end)

t.test("depth is bounded", function()
  local function nested(open, close, depth)
    return open:rep(depth) .. "1" .. close:rep(depth)
  end
  t.ok(json.decode(nested("[", "]", 200)), "200 arrays")
  t.ok(json.decode(nested('{"a":', "}", 200)), "200 objects")
  for _, depth in ipairs { 201, 1000, 1000000 } do
    for _, text in ipairs { nested("[", "]", depth), ("["):rep(depth),
      nested('{"a":', "}", depth), ('{"a":['):rep(depth) } do
      local value, _, why = json.decode(text)
      t.ok(value == nil and why:find("levels"), depth .. " " .. text:sub(1, 6))
    end
  end
end)

t.test("huge numbers and texts", function()
  t.same(json.decode("1" .. ("0"):rep(300)), 1e300)
  t.same(json.decode("1" .. ("0"):rep(100000)), nil)
  t.same(json.decode("0." .. ("1"):rep(100000)), 1 / 9)
  t.same(json.decode("1e-99999999999"), 0.0)
  t.same(json.decode('"' .. ("x"):rep(1000000) .. '"'), ("x"):rep(1000000))
  t.same(json.decode('"' .. ("\\n"):rep(100000) .. '"'), ("\n"):rep(100000))
  t.same(json.decode('"' .. ("\\"):rep(100001)), nil)
  t.same(#json.decode("[" .. ("1,"):rep(100000) .. "1]"), 100001)
  t.same(json.decode((" "):rep(1000000)), nil)
end)

local random_value

-- Names of members must be text.
local function random_key()
  return "k" .. tostring(random_value(0))
end

-- A value with everything in it.
function random_value(depth)
  local kind = math.random(depth > 0 and 8 or 6)
  if kind == 1 then
    return math.random(0, 0x7FFFFFFF) << 33 ~ math.random(0, 0x7FFFFFFF)
  end
  if kind == 2 then
    return (math.random() - 0.5) * 10 ^ math.random(-300, 300)
  end
  if kind == 3 then return math.random(2) == 1 end
  if kind == 4 then return json.null end
  if kind <= 6 then
    local parts = {}
    for i = 1, math.random(0, 12) do
      parts[i] = utf8.char(({ math.random(0, 127), math.random(128, 0xD7FF),
        math.random(0xE000, 0x10FFFF) })[math.random(3)])
    end
    return table.concat(parts)
  end
  local value, count = {}, math.random(0, 6)
  for i = 1, count do
    local key = kind == 7 and i or random_key()
    value[key] = random_value(depth - 1)
  end
  return setmetatable(value, { __jsontype = kind == 7 and "array" or "object" })
end

-- Numbers come back equal; a whole float comes back as an integer.
local function alike(a, b)
  if type(a) ~= "table" or a == json.null then return a == b end
  for key, value in pairs(a) do
    if not alike(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return getmetatable(a).__jsontype == getmetatable(b).__jsontype
end

math.randomseed(20170612)

t.test("decode(encode(x)) is x", function()
  for i = 1, 3000 do
    local value = random_value(4)
    local text = json.encode(value, i % 2 == 0 and { indent = true } or nil)
    local back, at, why = json.decode(text, 1, json.null)
    if back == nil or not alike(value, back) then
      t.ok(false, ("number %d: %s: %s"):format(i, text:sub(1, 200),
        tostring(why)))
    end
    t.same(at, #text + 1, "position")
    t.same(json.encode(back), json.encode(value), "again")
  end
end)

local DOCUMENT = '{"a":[1,-2.5e3,"x\\u00e9\\ud83d\\ude00\u{E9}"],"b":{"c":null,'
  .. '"d":true,"e":false},"f":""}'

t.test("cut at every byte: an error, and the whole is none", function()
  t.ok(json.decode(DOCUMENT), "the whole")
  for length = 0, #DOCUMENT - 1 do
    local value, at, why = json.decode(DOCUMENT:sub(1, length))
    t.ok(value == nil and math.type(at) == "integer" and why, "at " .. length)
  end
end)

t.test("any byte in any place: a value or an error", function()
  for at = 1, #DOCUMENT do
    for byte = 0, 255 do
      local text = DOCUMENT:sub(1, at - 1) .. string.char(byte)
        .. DOCUMENT:sub(at + 1)
      local value, _, why = json.decode(text)
      if value ~= nil then
        -- What it accepts, it can write, and read again.
        t.ok(json.decode(json.encode(value)), text)
      else
        t.ok(type(why) == "string", text)
      end
    end
  end
end)

t.test("random bytes: a value or an error", function()
  local alphabet = '{}[]:,"\\u0123456789abcdefnrtls.-+eE \n\xFF\xC3\xA9\xED'
  for _ = 1, 20000 do
    local parts = {}
    for i = 1, math.random(0, 40) do
      local at = math.random(#alphabet)
      parts[i] = alphabet:sub(at, at)
    end
    local text = table.concat(parts)
    local value, at, why = json.decode(text, 1, json.null)
    t.ok(value ~= nil or why and at >= 1 and at <= #text + 1, text)
  end
end)

t.done()
