-- addresses: what is an address, and how hosts are named in keys and URLs.
-- SPDX-License-Identifier: MIT
--
-- A host's key is "address" or "address@vlan"; its table has the members host
-- and vlan.

local escape = require "escape"

local addresses = {}

function addresses.is_ipv4(text)
  local bytes = { tostring(text):match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  for _, byte in ipairs(bytes) do
    if #byte > 3 or tonumber(byte) > 255 then return false end
  end
  return #bytes == 4
end

--- How many groups of 16 bits a part around "::" has, or nil.
local function groups(text, may_end_in_ipv4)
  if text == "" then return 0 end
  local count = 0
  local v4 = may_end_in_ipv4 and text:match("[^:]*%.[^:]*$")
  if v4 then
    if not addresses.is_ipv4(v4) then return nil end
    text, count = text:sub(1, -#v4 - 1), 2
    if text == "" then return count end
    if text:sub(-1) ~= ":" then return nil end
    text = text:sub(1, -2)
  end
  for group in (text .. ":"):gmatch("([^:]*):") do
    if not group:find("^%x%x?%x?%x?$") then return nil end
    count = count + 1
  end
  return count
end

function addresses.is_ipv6(text)
  text = tostring(text)
  if #text > 45 then return false end
  local first, last = text:find("::", 1, true)
  if not first then return groups(text, true) == 8 end
  local before = groups(text:sub(1, first - 1), false)
  local after = groups(text:sub(last + 1), true)
  return before ~= nil and after ~= nil and before + after <= 7
end

function addresses.is_ip(text)
  return addresses.is_ipv4(text) or addresses.is_ipv6(text)
end

function addresses.is_mac(text)
  local pair = "%x%x"
  local pattern = "^" .. pair .. (":" .. pair):rep(5) .. "$"
  return tostring(text):find(pattern) ~= nil
end

--- Whether it is an address with the length of a network behind it.
function addresses.is_network(text)
  local address, length = tostring(text):match("^(.*)/(%d%d?%d?)$")
  if not address then return false end
  length = tonumber(length)
  return addresses.is_ipv4(address) and length <= 32
    or addresses.is_ipv6(address) and length <= 128
end

--- {host =, vlan =} of a key.
function addresses.hostkey2hostinfo(key)
  local text = tostring(key or "")
  local host, vlan = text:match("^(.*)@(%d+)$")
  return { host = host or text, vlan = tonumber(vlan) or 0 }
end

--- The key of a host: of a table as hostkey2hostinfo() makes it, of a host's
--- or of a flow's, where `side` is "cli" or "srv". The VLAN is there if it is
--- not 0, or if wanted.
function addresses.hostinfo2hostkey(info, side, show_vlan)
  if type(info) ~= "table" then
    info = addresses.hostkey2hostinfo(info)
  end
  local host
  if side == "cli" or side == "srv" then
    host = info[side .. ".ip"]
  end
  host = tostring(host or info.host or info.ip or info.mac or "")
  local vlan = tonumber(info.vlan) or 0
  if vlan ~= 0 or show_vlan then
    return host .. "@" .. ("%d"):format(math.tointeger(vlan) or 0)
  end
  return host
end

--- The host that a request names: host=address[@vlan], vlan=.
function addresses.url2hostinfo(parameters)
  local info = addresses.hostkey2hostinfo((parameters or {}).host)
  info.vlan = tonumber((parameters or {}).vlan) or info.vlan
  return info
end

--- "host=address[@vlan]", to go into a query.
function addresses.hostinfo2url(info, side)
  return "host=" .. escape.query(addresses.hostinfo2hostkey(info, side))
end

--- {"host":"address","vlan":0}, which may stand within a page.
function addresses.hostinfo2json(info, side)
  local plain = addresses.hostkey2hostinfo(
    addresses.hostinfo2hostkey(info, side, true))
  return ('{"host":"%s","vlan":%d}'):format(escape.json(plain.host),
    plain.vlan)
end

local JQUERY = { ["."] = "__", ["/"] = "___", [":"] = "____" }

--- The key in a form that can be the id of an element. Anything that a
--- selector might take for its own is an underscore.
function addresses.hostinfo2jqueryid(info, side)
  local key = addresses.hostinfo2hostkey(info, side)
  return (key:gsub("[^%w_%-]", function(character)
    return JQUERY[character] or "_"
  end))
end

--- The directory of a host's time series: "10/0/0/1", "fe80__1".
function addresses.getPathFromKey(key)
  return (tostring(key or ""):gsub("[.:]", { ["."] = "/", [":"] = "_" }))
end

--- For other systems; here a path is right as it is.
function addresses.fixPath(path)
  return path
end

return addresses
