-- endpoint: what the JSON endpoints have in common.
-- SPDX-License-Identifier: MIT
--
--   local asked = endpoint.read { host = { "host", required = true } }
--   endpoint.send { value = 1 }
--
-- Parameters that are not in the list are ignored; a wrong one is a 400 that
-- names it.

local addresses = require "addresses"
local headers = require "headers"
local json = require "json"
local parameters = require "parameters"
local tables = require "tables"

local endpoint = {}

--- End the run with this status, and a sentence of ours.
function endpoint.refuse(status, message)
  error(setmetatable({ status = status, message = message }, {
    __tostring = function(problem) return problem.message end,
  }), 0)
end

--- Whether an administrator asks.
function endpoint.is_admin()
  return (_SESSION or {}).group == "administrator"
end

--- A page by which administrators change something: it must be posted, so that
--- the server has looked at the form's token.
function endpoint.need_admin_change()
  if _SERVER.REQUEST_METHOD ~= "POST" then
    endpoint.refuse(405, "This is to be posted")
  end
  if not endpoint.is_admin() then
    endpoint.refuse(403, "Only for administrators")
  end
end

--- The request's parameters by these rules; ifid has chosen the interface.
function endpoint.read(rules)
  local asked = parameters.need(_GET,
    tables.merge(rules, { ifid = { "integer", min = 0, max = 65535 } }))
  if asked.ifid and asked.ifid ~= interface.name2id(ifname) then
    endpoint.refuse(404, "ifid: no such interface")
  end
  return asked
end

--- Answer with a value.
function endpoint.send(value, disposition)
  headers.send { type = "application/json", disposition = disposition }
  print(json.encode(value) .. "\n")
end

--- The same table, as an array even if it is empty.
function endpoint.list(items)
  return setmetatable(items, { __jsontype = "array" })
end

--- The same, as an object even if it is empty.
function endpoint.object(members)
  return setmetatable(members, { __jsontype = "object" })
end

--- A host of the parameters as a key for class interface; `vlan` is another
--- parameter, which wins.
function endpoint.host_key(host, vlan)
  return host and addresses.hostinfo2hostkey { host = host.host,
    vlan = vlan or host.vlan }
end

--- The host that is asked for, with all that is known; 404 if there is none.
function endpoint.need_host(asked)
  local host = interface.getHostInfo(endpoint.host_key(asked.host, asked.vlan))
  if not host then endpoint.refuse(404, "host: no such host") end
  return host
end

--- Rules of what names one host.
endpoint.HOST = { host = { "host", required = true }, vlan = "vlan" }

--- The number of an application that is given by its name or number, nil of
--- nil.
function endpoint.application(text, name)
  if not text then return nil end
  local id = text:find("^%d+$") and math.tointeger(tonumber(text))
    or interface.getnDPIProtoId(text)
  if not id or id < 0 or id > 65535 then
    endpoint.refuse(400, name .. ": must be an application")
  end
  return id
end

return endpoint
