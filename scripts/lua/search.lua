-- search: hosts, applications, ports and AS by what they are called.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local endpoint = require "endpoint"
local facts = require "facts"
local figures = require "figures"
local links = require "links"
local page = require "page"
local template = require "template"

local t = i18n

local MOST = 20 -- of each kind

local asked = page.read {
  query = { "string", max = 128, default = "" },
  format = { "choice", of = { "json" } },
}
local query = asked.query:gsub("^%s+", ""):gsub("%s+$", "")
local results = {}

local function add(kind, name, url)
  results[#results + 1] = { kind = t("search." .. kind), name = name,
    url = url }
end

local function find_hosts()
  local count = 0
  for key, name in pairsByKeys(interface.findHost(query) or {}, asc) do
    count = count + 1
    if count > MOST then break end
    add("host", name ~= key and ("%s (%s)"):format(name, key) or key,
      links.to("host_details.lua", { host = key }))
  end
end

local function find_applications()
  local wanted, count = query:lower(), 0
  for name in pairsByKeys(interface.getnDPIProtocols() or {}, asc) do
    if name:lower():find(wanted, 1, true) and count < MOST then
      count = count + 1
      add("application", name,
        links.to("flows_stats.lua", { application = name }))
    end
  end
end

local function find_numbers()
  local port = math.tointeger(tonumber(query:match("^:?(%d+)$")))
  if port and port >= 1 and port <= 65535 then
    local service = links.service(port)
    add("port", service and ("%d (%s)"):format(port, service)
      or tostring(port), links.to("flows_stats.lua", { port = port }))
  end
  local asn = math.tointeger(tonumber(query:lower():match("^as(%d+)$")))
  local as = asn and interface.getASInfo(asn)
  if as then
    add("asn", ("AS%d %s"):format(asn, as.asname or ""),
      links.to("hosts_stats.lua", { asn = asn }))
  end
end

if query ~= "" then
  find_hosts()
  find_applications()
  find_numbers()
end

if asked.format == "json" then
  return endpoint.send { results = endpoint.list(results) }
end
if #results == 0 then
  return page.nothing { title = t "search.title", section = "search",
    query = query, why = t("search.none", { query = query }),
    so = t "search.none_so" }
end

local rows = {}
for i, result in ipairs(results) do
  rows[i] = { links.a(result.url, result.name), result.kind }
end
page.show {
  title = t "search.title", section = "search", query = query,
  lead = template.part(t "search.lead", { count = figures.count(#results),
    query = query }, "lead"),
  body = facts.card { flush = true, body = facts.matrix(t "search.title",
    { t "search.what", t "search.kind" }, rows, true) },
}
