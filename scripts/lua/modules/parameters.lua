-- parameters: what a request asks for, by type.
-- SPDX-License-Identifier: MIT
--
--   local asked, problem = parameters.read(_GET, {
--     host = "host",
--     perPage = { "integer", min = 1, max = 1000, default = 10 },
--     sortColumn = { "choice", of = { "column_ip", "column_name" } },
--   })
--   if not asked then return parameters.refuse(problem) end
--
-- A parameter that is missing or empty is its default, or nil, unless it is
-- `required`. Those that are not in the list are ignored. A value of a wrong
-- type is a 400 that names the parameter, and never repeats the value.

local addresses = require "addresses"
local headers = require "headers"

local parameters = {}

local MOST_TEXT = 1024 -- bytes

local function range(value, rule, what)
  local min, max = rule.min, rule.max
  if (not min or value >= min) and (not max or value <= max) then
    return value
  end
  if min and max then
    return nil, ("%s from %s to %s"):format(what, min, max)
  end
  return nil, ("%s %s %s"):format(what, min and "from" or "up to", min or max)
end

-- Each takes the text and the rule. @return the value; or nil and what the
-- text should have been.
local types = {}

function types.integer(text, rule)
  local value = text:find("^[+-]?%d+$") and tonumber(text)
  -- Beyond 64 bits, Lua makes a float of it.
  if math.type(value) ~= "integer" then return nil, "a whole number" end
  return range(value, rule, "a whole number")
end

function types.number(text, rule)
  local value = (text:find("^[+-]?%d+%.?%d*$")
    or text:find("^[+-]?%d+%.?%d*[eE][+-]?%d+$")) and tonumber(text)
  if not value or math.abs(value) == math.huge then return nil, "a number" end
  return range(value, rule, "a number")
end

function types.boolean(text)
  if text == "true" or text == "1" then return true end
  if text == "false" or text == "0" then return false end
  return nil, "true or false"
end

function types.string(text, rule)
  local max = rule.max or MOST_TEXT
  if #text > max then return nil, ("text of at most %d bytes"):format(max) end
  if not utf8.len(text) or text:find("[%z\1-\31\127]") then
    return nil, "UTF-8 text without control characters"
  end
  if rule.pattern and not text:find(rule.pattern) then
    return nil, rule.what or "text of a certain form"
  end
  return text
end

--- What names a page, a metric, a time series: no path, no markup.
function types.word(text, rule)
  if text:find("^[%w_][%w_.:@ -]*$") and #text <= (rule.max or 128)
      and not text:find("..", 1, true) then
    return text
  end
  return nil, "a word"
end

function types.choice(text, rule)
  for _, known in ipairs(rule.of) do
    if text == known then return text end
  end
  return nil, "one of " .. table.concat(rule.of, ", ")
end

function types.ip(text)
  if addresses.is_ip(text) then return text end
  return nil, "an IP address"
end

function types.mac(text)
  if addresses.is_mac(text) then return text:upper() end
  return nil, "a MAC address"
end

function types.network(text)
  if addresses.is_network(text) then return text end
  return nil, "a network as address/length"
end

function types.vlan(text)
  return types.integer(text, { min = 0, max = 4095 })
end

function types.port(text)
  return types.integer(text, { min = 0, max = 65535 })
end

function types.ip_version(text)
  if text == "4" or text == "6" then return tonumber(text) end
  return nil, "4 or 6"
end

function types.epoch(text)
  return types.integer(text, { min = 0, max = 253402300799 }) -- year 9999
end

function types.sort_order(text)
  return types.choice(text, { of = { "asc", "desc" } })
end

--- A table with host and vlan, of an IP or MAC address, with or without @vlan.
function types.host(text)
  local info = addresses.hostkey2hostinfo(text)
  if (addresses.is_ip(info.host) or addresses.is_mac(info.host))
      and info.vlan <= 4095 then
    return info
  end
  return nil, "an IP or MAC address, with or without @vlan"
end

--- The same as text, or a network, or a host's name.
function types.host_text(text)
  if types.host(text) or addresses.is_network(text) then return text end
  local name = text:gsub("@%d%d?%d?%d?$", "")
  if #name <= 255 and name:find("^[%w_][%w_.-]*$") then return text end
  return nil, "a host"
end

--- Several of one type, between commas: {"list", each = "ip", max = 10}.
function types.list(text, rule)
  local values = {}
  for item in (text .. ","):gmatch("([^,]*),") do
    if #values >= (rule.max or 100) then
      return nil, ("at most %d values"):format(rule.max or 100)
    end
    local value, why = parameters.value(item, rule.each)
    if value == nil then return nil, "a list: each " .. why end
    values[#values + 1] = value
  end
  return values
end

--- The value of one text, by a rule; or nil and what it should have been.
function parameters.value(text, rule)
  if type(rule) == "string" then rule = { rule } end
  local convert = types[rule[1]]
  if not convert then
    error(("parameters: no type '%s'"):format(tostring(rule[1])), 2)
  end
  return convert(tostring(text), rule)
end

local Problem = { __name = "parameters.problem" }

function Problem:__tostring()
  return self.message
end

--- {status = 400, message =, parameters = {names}}: text of ours only.
local function problem_of(wrong)
  local parts = {}
  for i, name in ipairs(wrong) do
    parts[i] = ("%s: must be %s"):format(name, wrong[name])
  end
  return setmetatable({
    status = 400,
    message = table.concat(parts, "; "),
    parameters = table.move(wrong, 1, #wrong, 1, {}),
  }, Problem)
end

--- Check a request (_GET or _POST) by rules. @return a table of values; or nil
--- and the problem, which is an object of status, message, parameters.
function parameters.read(request, rules)
  local values, wrong, names = {}, {}, {}
  for name in pairs(rules) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local rule = rules[name]
    if type(rule) == "string" then rule = { rule } end
    local text, value, why = (request or {})[name], rule.default, nil
    if text ~= nil and text ~= "" then
      value, why = parameters.value(text, rule)
      why = value == nil and why
    elseif rule.required then
      why = "given"
    end
    if why then
      wrong[#wrong + 1], wrong[name] = name, why
    end
    values[name] = value
  end
  if #wrong > 0 then return nil, problem_of(wrong) end
  return values
end

--- The same, but a problem ends the run, as an error that is the problem: the
--- web server answers with its status and message.
function parameters.need(request, rules)
  local values, problem = parameters.read(request, rules)
  if not values then error(problem, 0) end
  return values
end

--- Answer with the problem.
function parameters.refuse(problem)
  headers.refuse(problem.status or 400, problem.message)
end

return parameters
