-- formats: numbers and times as people read them.
-- SPDX-License-Identifier: MIT
--
-- Each function takes a number or its text; what is neither counts as 0.

local formats = {}

local function number(value)
  local found = tonumber(value)
  return found and found == found and found or 0
end

--- Rounded to so many digits after the point; an integer where none are asked
--- for and it fits.
function formats.round(value, digits)
  value = number(value)
  if math.type(value) == "integer" or math.abs(value) == math.huge then
    return value
  end
  local scale = 10.0 ^ (digits or 0)
  -- Beyond 2^53 there is nothing to round, and the sum would be inexact.
  if math.abs(value) * scale >= 2.0 ^ 53 then return value end
  local rounded = math.floor(value * scale + 0.5) / scale
  if (digits or 0) <= 0 then return math.tointeger(rounded) or rounded end
  return rounded
end

--- The integer part; what no integer can hold is held at the largest.
function formats.toint(value)
  value = number(value)
  if math.type(value) == "integer" then return value end
  local whole = value < 0 and math.ceil(value) or math.floor(value)
  return math.tointeger(whole)
    or (value < 0 and math.mininteger or math.maxinteger)
end

--- The text of a counter of 64 bits without sign.
function formats.tolongint(value)
  value = number(value)
  if math.type(value) == "float" then
    if value >= 2.0 ^ 64 then return "18446744073709551615" end
    if value >= 2.0 ^ 63 then return ("%.0f"):format(value) end
    value = formats.toint(value)
  end
  if value >= 0 then return ("%d"):format(value) end
  -- Half of it is positive; the last digit comes from the rest.
  local tens = (value >> 1) // 5
  return ("%d%d"):format(tens, value - tens * 10)
end

--- Whether it is a number, or text that is one.
function formats.isnumber(value)
  return tonumber(value) ~= nil
end

function formats.ternary(condition, yes, no)
  if condition then return yes end
  return no
end

--- A number with at most two decimals, none where they are 0.
local function short(value)
  local text = ("%.2f"):format(value)
  text = text:gsub("0+$", ""):gsub("%.$", "")
  return text == "-0" and "0" or text
end

local function scaled(value, base, units)
  value = number(value)
  local at = 1
  -- 1023.999 is 1 of the next unit, as it would be shown as 1024.
  while at < #units and math.abs(formats.round(value + 0.0, 2)) >= base do
    value, at = value / base, at + 1
  end
  return short(value) .. " " .. units[at]
end

local BYTES = { "Bytes", "KB", "MB", "GB", "TB" }
local BITS = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s" }
local PACKETS = { "pps", "Kpps", "Mpps" }

--- 1536 is "1.5 KB".
function formats.bytesToSize(bytes)
  if bytes == nil then return "0" end
  return scaled(bytes, 1024, BYTES)
end

--- 1500000 is "1.5 Mbit/s".
function formats.bitsToSize(bits)
  return scaled(bits, 1000, BITS)
end

--- 1500 is "1.5 Kpps".
function formats.pktsToSize(packets)
  return scaled(packets, 1000, PACKETS)
end

--- 1234567 is "1,234,567".
function formats.formatValue(value)
  local found = tonumber(value)
  if not found then return value == nil and "0" or tostring(value) end
  if found ~= found or math.abs(found) == math.huge then return "0" end
  local text = math.type(found) == "integer" and ("%d"):format(found)
    or short(found)
  local sign, whole, rest = text:match("^(%-?)(%d+)(.*)$")
  whole = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return sign .. whole .. rest
end

local function counted(value, one, many)
  return formats.formatValue(number(value)) .. " "
    .. (number(value) == 1 and one or many)
end

function formats.formatPackets(packets)
  return counted(packets, "Pkt", "Pkts")
end

function formats.formatFlows(flows)
  return counted(flows, "Flow", "Flows")
end

local MINUTE, HOUR, DAY = 60, 3600, 86400

--- "5 sec", "3 min, 5 sec", "02:03:04", "2 days, 02:03:04".
function formats.secondsToTime(seconds)
  seconds = number(seconds)
  if seconds < 1 then return "< 1 sec" end
  local left = formats.toint(seconds)
  if left < MINUTE then return left .. " sec" end
  if left < HOUR then
    local rest = left % MINUTE
    return left // MINUTE .. " min" .. (rest > 0 and ", " .. rest .. " sec"
      or "")
  end
  local clock = ("%02d:%02d:%02d"):format(left % DAY // HOUR,
    left % HOUR // MINUTE, left % MINUTE)
  if left < DAY then return clock end
  return counted(left // DAY, "day", "days") .. ", " .. clock
end

--- "12.5 ms"; from a second on as secondsToTime().
function formats.msToTime(ms)
  ms = number(ms)
  if ms <= 0 then return "< 1 ms" end
  if ms >= 1000 then return formats.secondsToTime(ms / 1000) end
  return ("%.3f"):format(ms):gsub("0+$", ""):gsub("%.$", "") .. " ms"
end

--- "31/12/2016 23:59:59" in local time; "" for what is no time.
function formats.formatEpoch(epoch)
  local found = tonumber(epoch)
  if not found or found ~= found then return "" end
  local known, text = pcall(os.date, "%d/%m/%Y %X", formats.toint(found))
  return known and text or ""
end

return formats
