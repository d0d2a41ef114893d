-- do_export_data: what is kept of a host, or of all local hosts.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local export = require "export_hosts"

local asked = endpoint.read { ip = "host", vlan = "vlan" }
if asked.ip then
  export.one(endpoint.need_host { host = asked.ip, vlan = asked.vlan })
else
  export.all()
end
