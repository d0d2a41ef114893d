-- series_layout: where values over time are, and how long they are kept.
-- SPDX-License-Identifier: MIT
--
-- As ntopng 3.0 has it, so that its files go on. All paths are below the data
-- directory; the first folder is the interface's number, see
-- interface.getSeries().

local addresses = require "addresses"

local layout = {}

local DAY = 86400

--- The text of a number of days that a preference says.
local function days(preferences, name, otherwise)
  return math.tointeger(preferences[name]) or otherwise
end

local function archive(steps, rows)
  return ("RRA:AVERAGE:0.5:%d:%d"):format(steps, math.max(1, rows))
end

local function source(name, kind, heartbeat, min)
  return ("DS:%s:%s:%d:%s:U"):format(name, kind, heartbeat, min)
end

--- What files are made of, by the preferences of now.
function layout.definitions(preferences)
  local raw = days(preferences, "intf_rrd_raw_days", 1)
  local minutes = days(preferences, "intf_rrd_1min_days", 30)
  local hours = days(preferences, "intf_rrd_1h_days", 100)
  local whole = days(preferences, "intf_rrd_1d_days", 365)
  local other_raw = days(preferences, "other_rrd_raw_days", 1)
  local other_hours = days(preferences, "other_rrd_1h_days", 100)
  local other_whole = days(preferences, "other_rrd_1d_days", 365)
  local definitions = {}

  --- A counter of the interface; its source is called as the file.
  function definitions.counter(name, step)
    return table.concat({ "-s " .. step,
      source(name, "DERIVE", 5 * step, "U"), archive(1, raw * DAY),
      archive(60, minutes * 1440), archive(3600, hours * 24),
      archive(86400, whole) }, " ")
  end

  --- A number of things at a time.
  function definitions.gauge(name, step)
    return table.concat({ "-s " .. step,
      source(name, "GAUGE", 5 * step, "0"), archive(1, raw * DAY),
      archive(3600, hours * 24), archive(86400, whole) }, " ")
  end

  --- Counters of anything else.
  function definitions.counters(names, step)
    local words = { "-s " .. step }
    for _, name in ipairs(names) do
      words[#words + 1] = source(name, "DERIVE", 2 * step, "U")
    end
    words[#words + 1] = archive(1, other_raw * DAY // step)
    words[#words + 1] = archive(12, other_hours * 24)
    words[#words + 1] = archive(288, other_whole)
    return table.concat(words, " ")
  end

  return definitions
end

layout.PAIR = { "sent", "rcvd" }
layout.SINGLE = { "num" }
layout.TRIPLE = { "ingress", "egress", "inner" }

-- What a series is about, in front of a colon: its folder.
local TREES = {
  net = "subnetstats", profile = "profilestats", vlan = "vlanstats",
  asn = "asnstats", pool = "host_pools", country = "countrystats",
  mac = "macs", flow_device = "flow_devices", sflow = "sflow",
}

--- A name as part of a path: neither a folder nor hidden.
function layout.safe(name)
  return (tostring(name):gsub("[/%c]", "_"):gsub("^%.", "_"))
end

--- The folder of "", "192.168.1.2", "fe80::1@7", "net:10.0.0.0/8", "vlan:5",
--- "asn:3215", "country:IT", "mac:00:11:22:33:44:55"; nil for what it cannot
--- be.
function layout.folder(number, about)
  local kind, key = tostring(about or ""):match("^(%l[%l_]*):(.+)$")
  if not TREES[kind] then kind, key = nil, tostring(about or "") end
  if key:find("..", 1, true) or key:find("[%c\\]") or key:sub(1, 1) == "/" then
    return nil
  end
  local folder = ("%d/%s"):format(number, kind and TREES[kind] or "rrd")
  return key == "" and folder
    or folder .. "/" .. addresses.getPathFromKey(key)
end

--- The file of a metric, "bytes" or an application's name.
function layout.file(folder, metric)
  return folder .. "/" .. layout.safe(metric) .. ".rrd"
end

return layout
