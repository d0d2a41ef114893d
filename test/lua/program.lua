-- program: what kelvin gives to scripts, as tables that record the calls.
-- SPDX-License-Identifier: MIT

local program = {}

--- Make `interface`, `ntop`, print and io.write new. @return what they know:
--- cache, hashes, names, stats, hosts, printed, written, calls
function program.start(with)
  local state = {
    cache = {}, hashes = {}, printed = {}, written = {}, calls = {},
    names = { ["0"] = "eth0", ["1"] = "lo" },
    ids = { eth0 = 0, lo = 1 },
    stats = {
      eth0 = { name = "eth0", type = "pcap", speed = 1000 },
      lo = { name = "lo", type = "pcap", speed = 10000 },
    },
    selected = "eth0", hosts = {}, group = "administrator", resolved = {},
    flows = { flows = {}, numFlows = 0 },
  }
  for key, value in pairs(with or {}) do state[key] = value end

  local function called(name, ...)
    state.calls[#state.calls + 1] = { name, ... }
  end

  local function page(_, _, max, skip)
    called("getHostsInfo", max, skip)
    local rows = {}
    for i = skip + 1, math.min(skip + max, #state.hosts) do
      rows[state.hosts[i]] = { ip = state.hosts[i] }
    end
    return { numHosts = #state.hosts, hosts = rows }
  end

  _G.interface = {
    getIfNames = function() return state.names end,
    name2id = function(name) return state.ids[name] or -1 end,
    getStats = function() return state.stats[state.selected] end,
    select = function(name)
      called("select", name)
      if not state.stats[name] then return false end
      state.selected = name
      return true
    end,
    getHostsInfo = page,
    getLocalHostsInfo = page,
    getHostInfo = function(key)
      if state.gone and state.gone[key] then return nil end
      return { ip = key, detailed = true }
    end,
    getFlowsInfo = function(key, options)
      called("getFlowsInfo", key, options)
      return state.flows
    end,
  }

  _G.ntop = {
    getDirs = function() return { installdir = "/there" } end,
    getInfo = function()
      return { product = "ntopng", version = "3.0", platform = "test" }
    end,
    getPrefs = function() return { are_alerts_enabled = true } end,
    getCache = function(key) return state.cache[key] or "" end,
    getHashCache = function(key, field)
      called("getHashCache", key, field)
      return (state.hashes[key] or {})[field] or ""
    end,
    setHashCache = function(key, field, value)
      state.hashes[key] = state.hashes[key] or {}
      state.hashes[key][field] = value
    end,
    delHashCache = function(key, field)
      (state.hashes[key] or {})[field] = nil
    end,
    getUserGroup = function() return state.group end,
    getNologinUser = function() return "nologin" end,
    getResolvedName = function(ip) return state.resolved[ip] or ip end,
    resolveName = function(ip) return state.resolved[ip] or ip end,
    verboseTrace = function() return state.verbose or false end,
  }

  _G.print = function(text)
    state.printed[#state.printed + 1] = tostring(text)
  end
  return state
end

--- Call with io.write() caught. @return what was written
function program.writing(call)
  local write, parts = io.write, {}
  io.write = function(...)
    for _, part in ipairs { ... } do parts[#parts + 1] = tostring(part) end
  end
  local good, why = pcall(call)
  io.write = write
  if not good then error(why, 0) end
  return table.concat(parts)
end

--- The modules forget what they keep for a run.
function program.forget(...)
  for _, name in ipairs { ... } do package.loaded[name] = nil end
end

return program
