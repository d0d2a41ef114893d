-- index: what kelvin sees, at a glance.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local template = require "template"

local TOP = 10

local page = template.compile([[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>kelvin</title>
<link rel="icon" href="{{ prefix }}/img/icon.svg">
<link rel="stylesheet" href="{{ prefix }}/css/index.css">
</head>
<body>
<header>
<h1>kelvin</h1><a href="{{ prefix }}/lua/logout.lua">Log out</a>
</header>
<main>
{% for _, one in ipairs(interfaces) do %}
<section>
<h2>{{ one.name }}</h2>
<dl>
<dt>Packets</dt><dd>{{ one.packets }}</dd>
<dt>Traffic</dt><dd>{{ one.bytes }}</dd>
<dt>Flows</dt><dd>{{ one.flows }}</dd>
<dt>Hosts</dt><dd>{{ one.hosts }}</dd>
<dt>Dropped</dt><dd>{{ one.drops }}</dd>
<dt>Alerts</dt><dd>{{ one.alerts }}</dd>
</dl>
{% for _, list in ipairs { one.apps, one.talkers } do %}
{% if #list > 0 then %}
<table>
<caption>{{ list.title }}</caption>
{% for _, row in ipairs(list) do %}
<tr><th scope="row">{{ row.name }}</th><td>{{ row.bytes }}</td></tr>
{% end %}
</table>
{% end %}
{% end %}
{% if one.is_silent then %}
<p>No packet yet. Where traffic passes another interface, name that with
<code>-i</code>.</p>
{% end %}
</section>
{% end %}
</main>
<footer>As JSON:
<a href="{{ prefix }}/lua/get_flows_data.lua">flows</a>,
<a href="{{ prefix }}/lua/get_hosts_data.lua">hosts</a>,
<a href="{{ prefix }}/lua/get_macs_data.lua">devices</a>.
For Prometheus: <a href="{{ prefix }}/metrics">metrics</a>.</footer>
</body>
</html>
]], "index")

-- The largest of `numbers`, by name, for people.
local function top_of(title, numbers)
  local list = { title = title }
  for name, bytes in pairsByValues(numbers, rev) do
    if #list == TOP then break end
    list[#list + 1] = { name = name, bytes = bytesToSize(bytes) }
  end
  return list
end

local function applications(stats)
  local numbers = {}
  for name, app in pairs(stats.ndpi) do
    numbers[name] = app["bytes.sent"] + app["bytes.rcvd"]
  end
  return top_of("Top applications", numbers)
end

local function talkers()
  local numbers = {}
  local found = interface.getHostsInfo(false, "column_traffic", TOP, 0, false)
  for key, host in pairs(found.hosts) do
    local name = host.name ~= "" and host.name ~= host.ip and
      host.name .. " (" .. key .. ")" or key
    numbers[name] = host["bytes.sent"] + host["bytes.rcvd"]
  end
  return top_of("Top talkers", numbers)
end

local interfaces = {}
for _, name in pairsByKeys(interface.getIfNames(), asc) do
  interface.select(name)
  local all = interface.getStats()
  local alerts = interface.getCachedNumAlerts() or {}
  interfaces[#interfaces + 1] = {
    name = name,
    packets = formatValue(all.stats.packets),
    bytes = bytesToSize(all.stats.bytes),
    flows = formatValue(all.stats.flows),
    hosts = formatValue(all.stats.hosts),
    drops = formatValue(all.stats.drops),
    alerts = formatValue(alerts.num_alerts_engaged or 0),
    apps = applications(all),
    talkers = talkers(),
    is_silent = all.stats.packets == 0,
  }
end

sendHTTPContentTypeHeader("text/html")
print(page { interfaces = interfaces, prefix = ntop.getHttpPrefix() })
