-- json: tables to JSON and back.
-- SPDX-License-Identifier: MIT
--
-- Has the interface that dkjson documents:
--   json.encode(value, {indent, keyorder, level, buffer, bufferlen, exception})
--   json.decode(text, position, null, objectmeta, arraymeta)
--     gives value, next position; or nil, position, message
--   json.null, json.quotestring(), json.addnewline(), json.encodeexception()
--   metatables with __jsontype ("object", "array"), __jsonorder, __tojson
-- The parser is strict, and bounded in depth. Integers stay integers where 64
-- bits hold them. Text is UTF-8: in what is encoded, U+FFFD stands for what is
-- not; in what is decoded, it is an error, but for the escape of half a
-- surrogate pair, which JSON allows and which becomes U+FFFD.

local escape = require "escape"

local find, match, sub, byte = string.find, string.match, string.sub,
  string.byte
local format, concat = string.format, table.concat
local math_type = math.type

local json = { version = "kelvin json 1.0" }

local DEEPEST = 200 -- tables within tables, in both directions
local MOST_SORTED = 1024

json.null = setmetatable({}, {
  __tojson = function() return "null" end,
  __tostring = function() return "null" end,
})

-- Encoding ------------------------------------------------------------------

--- The text as a JSON string, with its quotes.
function json.quotestring(text)
  return '"' .. escape.json_inside(tostring(text)) .. '"'
end

local quote = json.quotestring

local function number_text(value)
  if math_type(value) == "integer" then return format("%d", value) end
  -- JSON has neither NaN nor infinity.
  if value ~= value or value == math.huge or value == -math.huge then
    return "null"
  end
  for digits = 15, 17 do
    local text = format("%." .. digits .. "g", value)
    -- A locale may have put a comma.
    text = text:gsub(",", ".")
    if tonumber(text) == value then return text end
  end
end

--- The length as an array, or nil for an object. A few holes are null; many
--- would make a large text of a small table.
local function array_length(value)
  local count, longest, given = 0, 0, nil
  for key in pairs(value) do
    if math_type(key) == "integer" and key > 0 then
      count = count + 1
      if key > longest then longest = key end
    elseif key == "n" and math_type(value.n) == "integer" and value.n >= 0 then
      given = value.n
    else
      return nil
    end
  end
  if given and count == 0 and given > 0 then return nil end
  if given and given > longest then longest = given end
  if longest > 10 and longest > 2 * count then return nil end
  return longest
end

-- The state of one encoding: out, at (the number of pieces), indent, level,
-- order, exception, above (the tables around this one).
local Encoder = {}
Encoder.__index = Encoder

function Encoder:put(text)
  self.at = self.at + 1
  self.out[self.at] = text
end

function Encoder:line()
  if self.indent then
    self:put("\n" .. ("  "):rep(self.level))
  end
end

function Encoder:refuse(reason, value, message)
  if self.exception then
    local text, why = self.exception(reason, value, self.state, message)
    if text == true then -- it wrote to the buffer
      self.at = #self.out
      return
    elseif text then
      return self:put(text)
    end
    message = why or message
  end
  error({ json_message = message }, 0)
end

local function key_text(key)
  if type(key) == "string" then return key end
  if math_type(key) == "integer" then return format("%d", key) end
  if math_type(key) == "float" then return number_text(key) end
end

--- The keys in their order: those that are asked for first, the rest sorted,
--- so that equal data gives equal text. A huge table is as it comes: sorting
--- it could not give way to the program's loop.
local function ordered_keys(self, value, order)
  local keys, done = {}, {}
  for _, key in ipairs(order or {}) do
    if value[key] ~= nil and not done[key] then
      keys[#keys + 1], done[key] = key, true
    end
  end
  local rest, count, plain = {}, 0, true
  for key in pairs(value) do
    if not done[key] then
      plain = plain and type(key) == "string"
      if not key_text(key) then
        self:refuse("unsupported type", value, "a key of type " .. type(key)
          .. " has no text in JSON")
      else
        count = count + 1
        rest[count] = key
      end
    end
  end
  if count <= MOST_SORTED then
    table.sort(rest, not plain and function(a, b)
      return key_text(a) < key_text(b)
    end or nil)
  end
  return table.move(rest, 1, count, #keys + 1, keys)
end

function Encoder:array(value, length)
  if length == 0 then return self:put("[]") end
  self:put("[")
  self.level = self.level + 1
  for i = 1, length do
    if i > 1 then self:put(",") end
    self:line()
    self:value(value[i])
  end
  self.level = self.level - 1
  self:line()
  self:put("]")
end

function Encoder:object(value, order)
  local keys = ordered_keys(self, value, order)
  if #keys == 0 then return self:put("{}") end
  self:put("{")
  self.level = self.level + 1
  for i, key in ipairs(keys) do
    if i > 1 then self:put(",") end
    self:line()
    self:put(quote(key_text(key)) .. ":")
    self:value(value[key])
  end
  self.level = self.level - 1
  self:line()
  self:put("}")
end

function Encoder:custom(convert, value)
  self.state.bufferlen = self.at
  local text, message = convert(value, self.state)
  if text == true then
    self.at = #self.out
  elseif type(text) == "string" then
    self:put(text)
  else
    self:refuse("custom encoder failed", value,
      message or "a __tojson gave no text")
  end
end

function Encoder:table(value)
  local meta = getmetatable(value)
  meta = type(meta) == "table" and meta or {}
  if meta.__tojson then return self:custom(meta.__tojson, value) end
  if self.above[value] then
    return self:refuse("reference cycle", value, "a table holds itself")
  end
  if self.depth >= DEEPEST then
    return self:refuse("reference cycle", value,
      "more than " .. DEEPEST .. " tables within each other")
  end
  self.above[value], self.depth = true, self.depth + 1
  local kind = meta.__jsontype
  local length = kind ~= "object" and array_length(value)
  if kind == "array" and not length then length = #value end
  if length and (length > 0 or kind == "array" or not meta.__jsonorder) then
    self:array(value, length)
  else
    self:object(value, meta.__jsonorder or self.order)
  end
  self.above[value], self.depth = nil, self.depth - 1
end

function Encoder:value(value)
  local kind = type(value)
  if kind == "string" then
    self:put(quote(value))
  elseif kind == "number" then
    self:put(number_text(value))
  elseif kind == "boolean" then
    self:put(value and "true" or "false")
  elseif kind == "table" then
    self:table(value)
  elseif kind == "nil" then
    self:put("null")
  else
    self:refuse("unsupported type", value, "a " .. kind
      .. " has no text in JSON")
  end
end

--- @return the text; or true where state.buffer takes it. Raises an error for
--- what JSON cannot hold, unless state.exception has an answer.
function json.encode(value, state)
  -- encode(decode(text)) hands over a position too.
  state = type(state) == "table" and state or {}
  local encoder = setmetatable({
    out = state.buffer or {},
    at = state.bufferlen or #(state.buffer or {}),
    indent = state.indent,
    level = state.level or 0,
    order = state.keyorder,
    exception = state.exception,
    state = state,
    above = {},
    depth = 0,
  }, Encoder)
  local given = state.buffer
  state.buffer = encoder.out -- for __tojson and exception
  local done, problem = pcall(encoder.value, encoder, value)
  state.buffer = given
  if not done then
    local message = type(problem) == "table" and problem.json_message
    error(message and "json.encode: " .. message or problem, message and 2 or 0)
  end
  state.bufferlen = given and encoder.at or nil
  if given then return true end
  return concat(encoder.out, "", 1, encoder.at)
end

--- For state.exception: the message as text in place of the value.
function json.encodeexception(_, _, _, message)
  return quote("<" .. message .. ">")
end

--- Within a __tojson: begin a line, where lines are wanted.
function json.addnewline(state)
  if state.indent and state.buffer then
    local at = (state.bufferlen or #state.buffer) + 1
    state.buffer[at] = "\n" .. ("  "):rep(state.level or 0)
    state.bufferlen = at
  end
end

-- Decoding ------------------------------------------------------------------

local function fail(position, message)
  error({ json_position = position, json_message = message }, 0)
end

local function skip(text, at)
  return find(text, "[^ \t\r\n]", at) or #text + 1
end

local UNESCAPED = {
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n",
  r = "\r", t = "\t",
}

--- The character of \uXXXX at this backslash, and where to go on.
local function unicode(text, at)
  local hex = match(text, "^%x%x%x%x", at + 2)
  if not hex then fail(at, "\\u without four hexadecimal digits") end
  local code = tonumber(hex, 16)
  if code < 0xD800 or code > 0xDFFF then return utf8.char(code), at + 6 end
  local low = match(text, "^\\u([dD][c-fC-F]%x%x)", at + 6)
  if code > 0xDBFF or not low then return "\u{FFFD}", at + 6 end
  code = 0x10000 + ((code - 0xD800) << 10) + tonumber(low, 16) - 0xDC00
  return utf8.char(code), at + 12
end

local function check_utf8(text, at)
  local good, bad = utf8.len(text)
  bad = not good and bad or find(text, "\xED[\xA0-\xBF]")
  if bad then fail(at + bad - 1, "text that is not UTF-8") end
end

--- The string that begins at this quote, and where to go on.
local function decode_string(text, at)
  local start, pieces = at, nil
  at = at + 1
  while true do
    local stop = find(text, '[%z\1-\31"\\]', at)
    if not stop then fail(start, "a string without its end") end
    local piece = sub(text, at, stop - 1)
    if find(piece, "[\128-\255]") then check_utf8(piece, at) end
    local code = byte(text, stop)
    if code == 34 then -- the quote
      if not pieces then return piece, stop + 1 end
      pieces[#pieces + 1] = piece
      return concat(pieces), stop + 1
    elseif code ~= 92 then -- not a backslash either
      fail(stop, "a control character in a string")
    end
    pieces = pieces or {}
    pieces[#pieces + 1] = piece
    local letter = sub(text, stop + 1, stop + 1)
    local character = UNESCAPED[letter]
    if character then
      at = stop + 2
    elseif letter == "u" then
      character, at = unicode(text, stop)
    else
      fail(stop, "no such escape")
    end
    pieces[#pieces + 1] = character
  end
end

local function decode_number(text, at)
  local _, last = find(text, "^-?%d+", at)
  if not last then fail(at, "a value is expected") end
  if find(text, "^-?0%d", at) then fail(at, "a number that begins with 0") end
  local _, point = find(text, "^%.%d+", last + 1)
  last = point or last
  local _, exponent = find(text, "^[eE][+-]?%d+", last + 1)
  last = exponent or last
  if find(text, "^[%w_.]", last + 1) then fail(at, "a number is malformed") end
  local value = tonumber(sub(text, at, last))
  if value == math.huge or value == -math.huge then
    fail(at, "a number is too large")
  end
  return value, last + 1
end

local WORDS = { ["true"] = true, ["false"] = false }

local function decode_word(text, at, null)
  local word = match(text, "^%a+", at)
  if word == "null" then return null, at + 4 end
  local value = WORDS[word]
  if value == nil then fail(at, "a value is expected") end
  return value, at + #word
end

local decode_value

local function decode_array(text, at, options, depth)
  local value, count, start = {}, 0, at
  at = skip(text, at + 1)
  if byte(text, at) == 93 then return value, at + 1, options.array end
  while true do
    count = count + 1
    value[count], at = decode_value(text, at, options, depth)
    at = skip(text, at)
    local code = byte(text, at)
    if code == 93 then return value, at + 1, options.array end
    if not code then fail(start, "an array without its end") end
    if code ~= 44 then fail(at, "a comma or ] is expected") end
    at = skip(text, at + 1)
  end
end

local function decode_object(text, at, options, depth)
  local value, start = {}, at
  at = skip(text, at + 1)
  if byte(text, at) == 125 then return value, at + 1, options.object end
  while true do
    local code = byte(text, at)
    if not code then fail(start, "an object without its end") end
    if code ~= 34 then fail(at, "a name in quotes is expected") end
    local key
    key, at = decode_string(text, at)
    at = skip(text, at)
    if byte(text, at) ~= 58 then fail(at, "a colon is expected") end
    value[key], at = decode_value(text, skip(text, at + 1), options, depth)
    at = skip(text, at)
    code = byte(text, at)
    if code == 125 then return value, at + 1, options.object end
    if not code then fail(start, "an object without its end") end
    if code ~= 44 then fail(at, "a comma or } is expected") end
    at = skip(text, at + 1)
  end
end

function decode_value(text, at, options, depth)
  local code = byte(text, at)
  if code == 34 then return decode_string(text, at) end
  if code == 123 or code == 91 then
    if depth >= DEEPEST then
      fail(at, "more than " .. DEEPEST .. " levels")
    end
    local decode = code == 123 and decode_object or decode_array
    local value, next_at, meta = decode(text, at, options, depth + 1)
    if meta then setmetatable(value, meta) end
    return value, next_at
  end
  if not code then fail(at, "the text ends early") end
  if find(text, "^[-%d]", at) then return decode_number(text, at) end
  return decode_word(text, at, options.null)
end

--- The value that begins at the position (1), and where the text goes on; or
--- nil, where it is wrong, and why. `null` stands for null. Tables get a
--- metatable that tells objects from arrays, or those that are given, or none
--- where nil is given for both.
function json.decode(text, position, null, ...)
  if type(text) ~= "string" then
    return nil, 0, "json.decode: text expected, got " .. type(text)
  end
  local object, array = ...
  if select("#", ...) == 0 then
    object, array = { __jsontype = "object" }, { __jsontype = "array" }
  end
  local options = { null = null, object = object, array = array }
  position = math.max(position or 1, 1)
  local done, value, at = pcall(function()
    return decode_value(text, skip(text, position), options, 0)
  end)
  if done then return value, at end
  local problem = value
  if type(problem) ~= "table" or not problem.json_message then
    error(problem, 0) -- such as the end of this run
  end
  return nil, problem.json_position, ("%s at byte %d"):format(
    problem.json_message, problem.json_position)
end

--- For scripts that ask for dkjson's other parser: there is one only.
function json.use_lpeg()
  return json
end

json.using_lpeg = false

return json
