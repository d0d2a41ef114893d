-- hosts_metrics: the busiest local hosts, for Prometheus.
-- SPDX-License-Identifier: MIT
--
-- ?most=20 of each interface, those with most traffic so far. Each is two
-- series of Prometheus, which is why this is not part of /metrics: scrape it
-- where that many are wanted.

local endpoint = require "endpoint"
local headers = require "headers"
local interfaces = require "interfaces"

local asked = endpoint.read {
  most = { "integer", min = 1, max = 200, default = 20 },
}

local function label(value)
  return (tostring(value):gsub('[\\"\n]', {
    ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n",
  }))
end

local lines = {
  "# HELP kelvin_host_bytes_total Bytes of a local host, by direction.",
  "# TYPE kelvin_host_bytes_total counter",
}
for _, name in interfaces.each() do
  interface.select(name)
  local page = interface.getLocalHostsInfo(false, "column_traffic",
    asked.most, 0, false)
  local keys = {}
  for key in pairs(page and page.hosts or {}) do keys[#keys + 1] = key end
  table.sort(keys)
  for _, key in ipairs(keys) do
    for _, way in ipairs { { "received", "rcvd" }, { "sent", "sent" } } do
      lines[#lines + 1] = ("kelvin_host_bytes_total{interface=\"%s\","
        .. "host=\"%s\",direction=\"%s\"} %d"):format(label(name), label(key),
        way[1], page.hosts[key]["bytes." .. way[2]] or 0)
    end
  end
end
headers.send { type = "text/plain; version=0.0.4; charset=utf-8" }
print(table.concat(lines, "\n") .. "\n")
