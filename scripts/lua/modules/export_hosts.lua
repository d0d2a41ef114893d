-- export_hosts: what is kept of hosts, as files of JSON.
-- SPDX-License-Identifier: MIT

local headers = require "headers"

local export = {}

local function begin(name)
  headers.send { type = "application/json; charset=utf-8",
    disposition = ('attachment; filename="%s"'):format(name) }
end

function export.one(host)
  begin("host.json")
  print(host.json .. "\n")
end

--- All local hosts that the user may see: an array, as it comes, so that
--- neither kelvin nor the script holds all of it. A slow reader lets it wait.
function export.all()
  begin("hosts.json")
  local from, separator = 0, "[\n"
  repeat
    local page, next_from = interface.getLocalHostsCounters(from)
    for _, counters in ipairs(page or {}) do
      -- It may be gone by now.
      local host = interface.getHostInfo(counters.key)
      if host then
        print(separator .. host.json)
        separator = ",\n"
      end
    end
    from = next_from
  until not from
  print(separator == "[\n" and "[]\n" or "\n]\n")
end

return export
