-- figures: numbers and times as a page shows them.
-- SPDX-License-Identifier: MIT
--
-- Three significant digits and a small unit, the exact value in the title;
-- zero is a dash, unknown is empty. Units are decimal: 1 GB is 10^9 bytes.
-- Each function returns markup for a template.

local escape = require "escape"
local formats = require "formats"
local template = require "template"

local figures = {}

local EMPTY = template.markup("")
local MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 31536000

local function finite(value)
  value = tonumber(value)
  return value and value == value and math.abs(value) < math.huge and value
    or nil
end

--- A number with three significant digits, as text: 0.5, 42.1, 1200.
function figures.digits(value)
  local size = math.abs(value)
  if value == math.floor(value) and size < 1000 then
    return ("%d"):format(value)
  end
  if size >= 99.95 then return ("%.0f"):format(value) end
  if size >= 9.995 then return ("%.1f"):format(value) end
  return ("%.2f"):format(value)
end

local function scaled(value, units)
  local at = 1
  -- 999.6 is 1 of the next unit, as it would be shown as 1000.
  while at < #units and math.abs(value) >= 999.5 do
    value, at = value / 1000, at + 1
  end
  return figures.digits(value), units[at]
end

--- <data> with a machine's value, text and unit for people, and a title.
local function figure(value, text, unit, title)
  return template.markup(('<data value="%s" title="%s">%s%s</data>'):format(
    escape.html(tostring(value)), escape.html(title), escape.html(text),
    unit ~= "" and (" <small>%s</small>"):format(escape.html(unit)) or ""))
end

local function zero(title)
  return figure(0, "–", "", title)
end

local function exact(value, unit)
  local whole = math.tointeger(value) or formats.round(value, 3)
  return formats.formatValue(whole) .. " " .. unit
end

local function of_unit(units, unit)
  return function(value)
    value = finite(value)
    if not value then return EMPTY end
    if value == 0 then return zero("0 " .. unit) end
    local text, shown = scaled(value, units)
    return figure(formats.round(value, 3), text, shown, exact(value, unit))
  end
end

figures.bytes = of_unit({ "B", "kB", "MB", "GB", "TB", "PB" }, "bytes")
figures.bits = of_unit({ "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s" },
  "bit/s")
figures.packet_rate = of_unit({ "pkt/s", "kpkt/s", "Mpkt/s" }, "packets/s")

--- Bits per second of bytes per second, as the engine counts.
function figures.rate(bytes_per_second)
  local value = finite(bytes_per_second)
  return value and figures.bits(value * 8) or EMPTY
end

--- How many there are, all digits: 1,234,567.
function figures.count(value)
  value = finite(value)
  if not value then return EMPTY end
  if value == 0 then return zero("0") end
  local text = formats.formatValue(value)
  return figure(value, text, "", text)
end

--- The same in three digits, where space is short: 1.23 M.
function figures.short_count(value)
  value = finite(value)
  if not value then return EMPTY end
  if value == 0 then return zero("0") end
  local text, unit = scaled(value, { "", "k", "M", "G" })
  return figure(value, text, unit, formats.formatValue(value))
end

--- A share in percent; what is not zero never looks like it. Who talks to
--- itself, as on lo, sends and receives the same bytes: that is all of them.
function figures.percent(part, whole)
  part, whole = finite(part), finite(whole)
  if not part or not whole or whole == 0 then return EMPTY end
  local percent = math.min(100.0 * part / whole, 100.0)
  if percent == 0 then return zero("0 %") end
  local text = percent < 1 and "< 1" or ("%.0f"):format(percent)
  return figure(("%.2f"):format(percent), text, "%",
    ("%.2f %%"):format(percent))
end

--- A duration as text, in two units: "3 min 12 s".
function figures.span(seconds)
  local left = math.floor(finite(seconds) or 0)
  local function two(unit, name, rest, rest_name)
    local text = ("%d %s"):format(left // unit, name)
    local more = left % unit // rest
    return more > 0 and ("%s %d %s"):format(text, more, rest_name) or text
  end
  if left < 1 then return "< 1 s" end
  if left < MINUTE then return left .. " s" end
  if left < HOUR then return two(MINUTE, "min", 1, "s") end
  if left < DAY then return two(HOUR, "h", MINUTE, "min") end
  if left < YEAR then return two(DAY, "d", HOUR, "h") end
  return two(YEAR, "y", DAY, "d")
end

function figures.duration(seconds)
  seconds = finite(seconds)
  if not seconds then return EMPTY end
  return figure(seconds, figures.span(seconds), "", exact(seconds, "s"))
end

--- Milliseconds; nothing is known below zero.
function figures.ms(value)
  value = finite(value)
  if not value or value <= 0 then return EMPTY end
  local title = exact(value, "ms")
  if value >= 1000 then
    return figure(value, figures.digits(value / 1000), "s", title)
  end
  if value < 1 then
    return figure(value, figures.digits(value * 1000), "µs", title)
  end
  return figure(value, figures.digits(value), "ms", title)
end

--- The same where nothing is an answer, too.
function figures.pause(value)
  if value == 0 then return zero("0 ms") end
  return figures.ms(value)
end

local function absolute(epoch)
  return os.date("%Y-%m-%d %H:%M:%S", math.floor(epoch))
end

--- A time as text, of now: "12 s ago"; older ones by their date.
function figures.time_text(epoch, now)
  local ago = now - epoch
  if ago >= -1 and ago < 1 then return "now" end
  if ago >= 1 and ago < DAY then return figures.span(ago) .. " ago" end
  return os.date("%Y-%m-%d %H:%M", math.floor(epoch))
end

--- <time> with the absolute one in its title. `now` is the time of the
--- interface that it belongs to: that of packets for a capture.
function figures.time(epoch, now)
  epoch = finite(epoch)
  if not epoch or epoch <= 0 then return EMPTY end
  return template.markup(('<time datetime="%s" title="%s">%s</time>'):format(
    os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(epoch)), absolute(epoch),
    escape.html(figures.time_text(epoch, now))))
end

local TRENDS = {
  { "up", "↑", "rising" }, { "down", "↓", "falling" },
  { "level", "→", "steady" },
}

--- An arrow for a trend as the engine tells it.
function figures.trend(value)
  local trend = TRENDS[value]
  if not trend then return EMPTY end
  return template.markup(
    ('<span class="trend %s" role="img" aria-label="%s" title="%s">%s</span>')
    :format(trend[1], trend[3], trend[3], trend[2]))
end

--- Two shares of a whole as one bar, sent before received.
function figures.breakdown(sent, received, sender, receiver)
  sent, received = finite(sent) or 0, finite(received) or 0
  local whole = sent + received
  if whole == 0 then return EMPTY end
  local part = 100.0 * sent / whole
  local label = ("%s %.0f %%, %s %.0f %%"):format(sender, part, receiver,
    100 - part)
  return template.markup(([[<svg class="split" role="img" aria-label="%s">
<title>%s</title><rect class="received" width="100%%" height="100%%"/>
<rect class="sent" width="%.1f%%" height="100%%"/></svg>]]):format(
    escape.html(label), escape.html(label), part))
end

--- A bar behind a number: its share of the largest.
function figures.bar(value, largest)
  value, largest = finite(value) or 0, finite(largest) or 0
  if largest <= 0 then return EMPTY end
  return template.markup(([[<svg class="bar" aria-hidden="true">
<rect width="%.1f%%" height="100%%"/></svg>]]):format(
    math.min(100, 100.0 * value / largest)))
end

return figures
