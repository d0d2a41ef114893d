-- alert_thresholds: alerts when a number of a period is out of bounds.
-- SPDX-License-Identifier: MIT
--
-- The callbacks of a minute, five minutes, an hour and a day call check().
-- Thresholds are in Redis hashes, as a list "metric;operator;value,..." with
-- the operators gt, lt and eq:
--   ntopng.prefs.alerts_PERIOD.ifid_ID       by entity: "10.0.0.1@0",
--                                            "10.0.0.0/8", "iface_0"
--   ntopng.prefs.alerts_global.PERIOD.KIND   field "thresholds", for all of
--                                            local_hosts, interfaces or
--                                            local_networks
-- with min, 5mins, hour or day for PERIOD. An entity's own threshold stands in
-- for the common one of the same metric and operator.
--
-- What counted before a period is in a file of the data directory, as a script
-- remembers nothing.

local callback_utils = require "callback_utils"
local interfaces = require "interfaces"
local json = require "json"

local alert_thresholds = {}

local PERIODS = {
  min = { engine = 0, seconds = 60, words = "minute" },
  ["5mins"] = { engine = 1, seconds = 300, words = "five minutes" },
  hour = { engine = 2, seconds = 3600, words = "hour" },
  day = { engine = 3, seconds = 86400, words = "day" },
}

local THRESHOLD_CROSS = 2 -- type of the alert
local SEVERITY = 2        -- error
local RULES_MAX = 32      -- of one entity

-- What nDPI calls the applications that `p2p` is about.
local P2P = { "BitTorrent", "eDonkey", "Gnutella", "Soulseek", "AppleJuice",
  "OpenFT", "KaZaa/Fasttrack", "DirectConnect" }

local OPERATORS = {
  gt = { function(a, b) return a > b end, "more than" },
  lt = { function(a, b) return a < b end, "less than" },
  eq = { function(a, b) return a == b end, "exactly" },
}

-- What is measured ----------------------------------------------------------

local function both(of, key)
  return (of[key .. ".sent"] or 0) + (of[key .. ".rcvd"] or 0)
end

local function application(of, name)
  local app = (of.ndpi or {})[name]
  return app and both(app, "bytes") or 0
end

local function p2p(of)
  local sum = 0
  for _, name in ipairs(P2P) do sum = sum + application(of, name) end
  return sum
end

local function dns(of) return application(of, "DNS") end

--- Seconds in which the application that was active longest had traffic.
local function active(of)
  local longest = 0
  for _, app in pairs(of.ndpi or {}) do
    longest = math.max(longest, app.duration or 0)
  end
  return longest
end

local function idle(of, now)
  return math.max(0, now - (of["seen.last"] or now))
end

local function member(name)
  return function(of) return of[name] or 0 end
end

local function host_bytes(of) return both(of, "bytes") end
local function iface_bytes(of) return of.stats.bytes or 0 end

-- By kind and metric: a counter, whose growth counts; or, with `now`, what it
-- is at the moment; or, with `per_second`, a counter's growth as a rate.
local KINDS = {
  host = {
    bytes = { host_bytes, unit = "bytes" },
    packets = { function(of) return both(of, "packets") end,
      unit = "packets" },
    dns = { dns, unit = "bytes of DNS" },
    p2p = { p2p, unit = "bytes of peer-to-peer" },
    active = { active, unit = "seconds of activity" },
    idle = { idle, now = true, unit = "seconds idle" },
    throughput = { host_bytes, per_second = 8 / 1e6, unit = "Mbit/s" },
    flows = { function(of)
      return (of["flows.as_client"] or 0) + (of["flows.as_server"] or 0)
    end, unit = "flows" },
  },
  network = {
    ingress = { member "ingress", unit = "bytes in" },
    egress = { member "egress", unit = "bytes out" },
    inner = { member "inner", unit = "bytes inside" },
  },
  interface = {
    bytes = { iface_bytes, unit = "bytes" },
    packets = { function(of) return of.stats.packets or 0 end,
      unit = "packets" },
    dns = { dns, unit = "bytes of DNS" },
    p2p = { p2p, unit = "bytes of peer-to-peer" },
    active = { active, unit = "seconds of activity" },
    idle = { idle, now = true, unit = "seconds idle" },
    throughput = { iface_bytes, per_second = 8 / 1e6, unit = "Mbit/s" },
    flows = { function(of) return of.stats.flows or 0 end, now = true,
      unit = "flows" },
  },
}

-- What is wanted ------------------------------------------------------------

--- "bytes;gt;1000,idle;gt;60" to rules by "metric;operator".
--- @return nil when it is not such a list
function alert_thresholds.parse(text, kind)
  local rules, count = {}, 0
  for part in text:gmatch("[^,]+") do
    local metric, operator, value =
      part:match("^%s*([%w_]+);(%l%l);(%d+%.?%d*)%s*$")
    if not metric or not KINDS[kind][metric] or not OPERATORS[operator] then
      return nil
    end
    count = count + 1
    if count > RULES_MAX then return nil end
    rules[metric .. ";" .. operator] =
      { metric = metric, operator = operator, value = tonumber(value) }
  end
  return rules
end

local function kind_of(entity)
  if entity:match("^iface_%d+$") then return "interface" end
  return entity:match("/") and "network" or "host"
end

local function read_rules(run, text, entity, kind)
  local rules = alert_thresholds.parse(text, kind)
  if not rules and not run.state.refused[entity] then
    print(("%s: the thresholds of %s are not understood: %s"):format(run.name,
      entity, text))
  end
  run.refused[entity] = not rules or nil
  return rules or {}
end

--- rules of single entities, and of all of a kind
local function read_config(run)
  local own, common = {}, {}
  local key = ("ntopng.prefs.alerts_%s.ifid_%d"):format(run.period, run.id)
  for entity, text in pairs(ntop.getHashAllCache(key) or {}) do
    own[entity] = read_rules(run, text, entity, kind_of(entity))
  end
  for kind, name in pairs { host = "local_hosts", interface = "interfaces",
    network = "local_networks" } do
    local hash = ("ntopng.prefs.alerts_global.%s.%s"):format(run.period, name)
    local text = ntop.getHashCache(hash, "thresholds")
    if text and text ~= "" then
      common[kind] = read_rules(run, text, name, kind)
    end
  end
  return own, common
end

local function rules_of(own, common)
  local rules = {}
  for key, rule in pairs(common or {}) do rules[key] = rule end
  for key, rule in pairs(own or {}) do rules[key] = rule end
  return rules
end

-- What is remembered --------------------------------------------------------

local function path_of(run)
  return ("%s/%d/alerts"):format(ntop.getDirs().workingdir, run.id),
    ("/%s.json"):format(run.period)
end

local function load_state(run)
  local folder, name = path_of(run)
  local file = io.open(folder .. name)
  local state = file and json.decode(file:read("a") or "")
  if file then file:close() end
  state = type(state) == "table" and state or {}
  for _, part in ipairs { "before", "engaged", "refused" } do
    if type(state[part]) ~= "table" then state[part] = {} end
  end
  state.exists = file ~= nil
  return state
end

local function save_state(run)
  local folder, name = path_of(run)
  if not next(run.before) and not next(run.engaged) and not next(run.refused)
    and not run.state.exists then return end
  ntop.mkdir(folder)
  local file = io.open(folder .. name, "w")
  if not file then return end
  file:write(json.encode { v = 1, when = run.now, before = run.before,
    engaged = run.engaged, refused = run.refused })
  file:close()
end

--- What was counted one period ago; nil when that is not when it was.
local function before(run, key)
  local when, of = run.state.when, run.state.before[key]
  if type(when) ~= "number" or type(of) ~= "table" then return nil end
  local passed = run.now - when
  if passed < run.seconds / 2 or passed > run.seconds * 2 then return nil end
  return of, passed
end

-- What is alerted of --------------------------------------------------------

local ENGAGE = {
  host = function(...) return interface.engageHostAlert(...) end,
  network = function(...) return interface.engageNetworkAlert(...) end,
  interface = function(engine, _, ...)
    return interface.engageInterfaceAlert(engine, ...)
  end,
}

local RELEASE = {
  host = function(...) return interface.releaseHostAlert(...) end,
  network = function(...) return interface.releaseNetworkAlert(...) end,
  interface = function(engine, _, ...)
    return interface.releaseInterfaceAlert(engine, ...)
  end,
}

local function id_of(run, rule)
  local id = run.period .. "_" .. rule.metric
  return rule.operator == "gt" and id or id .. "_" .. rule.operator
end

local function as_text(number)
  return math.type(number) == "float" and ("%.6g"):format(number)
    or tostring(number)
end

--- The value that a rule is about; nil when it is not known yet.
local function measure(run, metric, of, counted, key)
  local row = metric.row
  if row.now then return row[1](of, run.now) end
  counted[metric.name] = row[1](of)
  local earlier, passed = before(run, key)
  earlier = earlier and earlier[metric.name]
  if type(earlier) ~= "number" or earlier > counted[metric.name] then
    return nil
  end
  local growth = counted[metric.name] - earlier
  return row.per_second and growth / passed * row.per_second or growth
end

local function judge(run, kind, entity, of, rules)
  local key, counted = kind .. "|" .. entity, {}
  for _, rule in pairs(rules) do
    local row = KINDS[kind][rule.metric]
    local value = measure(run, { name = rule.metric, row = row }, of, counted,
      key)
    local id = id_of(run, rule)
    local compare, words = table.unpack(OPERATORS[rule.operator])
    if value and compare(value, rule.value) then
      local text = ("%s %s in the last %s, %s %s"):format(as_text(value),
        row.unit, run.words, words, as_text(rule.value))
      if ENGAGE[kind](run.engine, entity, id, THRESHOLD_CROSS, SEVERITY, text)
      then
        run.engaged[key .. "|" .. id] = { kind, entity, id }
      end
    elseif not value and run.state.engaged[key .. "|" .. id] then
      run.engaged[key .. "|" .. id] = { kind, entity, id } -- until it is known
    end
  end
  if next(counted) then run.before[key] = counted end
end

--- What was engaged and is so no more, or is not asked for any more.
local function release_rest(run)
  for key, of in pairs(run.state.engaged) do
    if not run.engaged[key] and type(of) == "table" and RELEASE[of[1]] then
      RELEASE[of[1]](run.engine, tostring(of[2]), tostring(of[3]),
        THRESHOLD_CROSS, SEVERITY, "")
    end
  end
end

local function judge_hosts(run, own, common)
  local done = {}
  if common.host and next(common.host) then
    callback_utils.foreachHost(run.name, false, true, function(_, host)
      local entity = ("%s@%d"):format(host.ip, host.vlan or 0)
      done[entity] = true
      judge(run, "host", entity, host, rules_of(own[entity], common.host))
    end)
  end
  for entity, rules in pairs(own) do
    if kind_of(entity) == "host" and not done[entity] then
      local host = interface.getHostInfo(entity)
      if host then judge(run, "host", entity, host, rules) end
    end
  end
end

local function judge_networks(run, own, common)
  for cidr, of in pairs(interface.getNetworksStats() or {}) do
    local rules = rules_of(own[cidr], common.network)
    if next(rules) then judge(run, "network", cidr, of, rules) end
  end
end

local function check_iface(name, period)
  local stats = interface.select(name) and interface.getStats()
  local series = stats and interface.getSeries()
  if not series or not series.folder then return end -- no number yet
  local run = { name = name, id = series.folder, period = period,
    engine = PERIODS[period].engine, seconds = PERIODS[period].seconds,
    words = PERIODS[period].words, now = os.time(), before = {}, engaged = {},
    refused = {} }
  run.state = load_state(run)
  local own, common = read_config(run)
  if next(own) or next(common) then
    local entity = "iface_" .. run.id
    stats["seen.last"] = stats["seen.last"] or run.now
    judge(run, "interface", entity, stats,
      rules_of(own[entity], common.interface))
    judge_networks(run, own, common)
    judge_hosts(run, own, common)
  end
  release_rest(run)
  save_state(run)
end

--- Judge the period that has just ended, "min", "5mins", "hour" or "day", of
--- the interfaces that the callback is about.
function alert_thresholds.check(period)
  if not interface.getCachedNumAlerts() then return end
  for _, name in interfaces.each() do check_iface(name, period) end
end

return alert_thresholds
