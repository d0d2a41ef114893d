-- iface_ports_list: shares of clients' or servers' ports in large flows.
-- SPDX-License-Identifier: MIT

local charts = require "charts"
local dialogs = require "dialogs"
local endpoint = require "endpoint"

local asked = endpoint.read {
  host = "host",
  vlan = "vlan",
  clisrv = { "choice", of = { "client", "server" }, default = "server" },
}
local side = asked.clisrv == "client" and "cli.port" or "srv.port"
local sums, items = {}, {}
for _, flow in ipairs(dialogs.flows(asked)) do
  local port = flow[side]
  if port ~= 0 then sums[port] = (sums[port] or 0) + flow.bytes end
end
for port, bytes in pairs(sums) do
  local service = ntop.getservbyport(port, "tcp")
  items[#items + 1] = {
    label = tostring(service ~= "" and service or port), value = bytes,
    url = ("%s/lua/port_details.lua?port=%d"):format(ntop.getHttpPrefix(),
      port),
  }
end
charts.send(items, true)
