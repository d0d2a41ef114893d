-- find_host: hosts whose address or name has this in it.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local tables = require "tables"

local asked = endpoint.read {
  query = { "string", max = 128, required = true },
}
local results = {}
for key, name in tables.pairsByKeys(interface.findHost(asked.query) or {}) do
  results[#results + 1] = { ip = key, name = name }
end
endpoint.send { interface = ifname, results = endpoint.list(results) }
