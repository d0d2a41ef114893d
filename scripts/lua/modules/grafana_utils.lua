-- grafana_utils: requests of Grafana's JSON data sources, and answers.
-- SPDX-License-Identifier: MIT
--
-- SimpleJson (grafana-simple-json-datasource) and what came after it
-- (simpod-json-datasource and others). Answers are JSON; a body that is none
-- is a 400.

local endpoint = require "endpoint"
local json = require "json"

local grafana = {}

local MOST_BODY = 1 << 20

--- The request's body as a table; {} where there is none.
function grafana.payload()
  local text = (_GRAFANA or {}).payload or ""
  if not text:find("%S") then return {} end
  if #text > MOST_BODY then endpoint.refuse(413, "the body is too long") end
  local value, _, problem = json.decode(text, 1, nil)
  if type(value) ~= "table" then
    endpoint.refuse(400, "the body is no JSON object"
      .. (problem and ": " .. problem or ""))
  end
  return value
end

--- The member of a table, if it is of this type.
function grafana.member(of, name, kind)
  local value = type(of) == "table" and of[name] or nil
  if type(value) == kind then return value end
end

local function days_from_civil(year, month, day)
  year = month <= 2 and year - 1 or year
  local era = year // 400
  local of_era = year - era * 400
  local of_year = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year
    - 719468
end

--- Epoch seconds, with a fraction, of "2017-06-12T20:56:31.250Z", the same
--- without milliseconds or with an offset; or of a number of milliseconds.
function grafana.time(text)
  if type(text) == "number" then return text / 1000 end
  if type(text) ~= "string" then return nil end
  if text:find("^%d+$") and #text <= 15 then return tonumber(text) / 1000 end
  local year, month, day, hour, minute, second, rest = text:match(
    "^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d%.?%d*)(.*)$")
  if not year then return nil end
  local sign, hours, minutes = rest:match("^([+-])(%d%d):?(%d%d)$")
  if not sign and rest ~= "Z" and rest ~= "" then return nil end
  month, day, second = tonumber(month), tonumber(day), tonumber(second)
  if month < 1 or month > 12 or day < 1 or day > 31 or not second then
    return nil
  end
  local offset = sign and (hours * 3600 + minutes * 60)
    * (sign == "-" and -1 or 1) or 0
  return days_from_civil(math.tointeger(tonumber(year)), month, day) * 86400
    + hour * 3600 + minute * 60 + second - offset
end

--- The time that a request is about: epoch seconds, from and to, whole.
function grafana.range(payload)
  local range = grafana.member(payload, "range", "table") or {}
  local from, to = grafana.time(range.from), grafana.time(range.to)
  if not from or not to or from >= to or to > 253402300799 then
    endpoint.refuse(400, "range: must be times, from before to")
  end
  return math.floor(from), math.ceil(to)
end

--- Answer with an array, or with anything else.
function grafana.send(value)
  endpoint.send(value)
end

function grafana.send_list(items)
  endpoint.send(endpoint.list(items))
end

return grafana
