-- links: every name and number is a door to its page.
-- SPDX-License-Identifier: MIT
--
-- links.to() makes a URL, the others markup for a template. The interface that
-- a page was asked for goes along.

local addresses = require "addresses"
local escape = require "escape"
local i18n = require "i18n"
local tables = require "tables"
local template = require "template"

local links = {}

local EARLY = "(Too Early)" -- nDPI has not made up its mind

--- The URL of a page of ours: to("hosts_stats.lua", {mode = "local"}).
--- Members that are nil, false or "" are left out.
function links.to(page, query)
  local parts = {}
  query = tables.merge({ ifid = (_GET or {}).ifid }, query)
  for name, value in tables.pairsByKeys(query) do
    if value and value ~= "" then
      parts[#parts + 1] = escape.uri(name) .. "=" .. escape.query(value)
    end
  end
  local path = ntop.getHttpPrefix() .. "/lua/" .. page
  return #parts > 0 and path .. "?" .. table.concat(parts, "&") or path
end

--- The URL of a file of html/.
function links.file(path)
  return ntop.getHttpPrefix() .. "/" .. path
end

--- <a>; no text, no link.
function links.a(url, text, title)
  if text == nil or text == "" then return template.markup("") end
  return template.markup(('<a href="%s"%s>%s</a>'):format(
    escape.html(escape.url(url)),
    title and (' title="%s"'):format(escape.html(title)) or "",
    escape.html(text)))
end

--- A host by its best name, its address in the title and, with `both`, under
--- it.
function links.host(ip, vlan, name, both)
  if not ip or ip == "" then return template.markup("") end
  local key = addresses.hostinfo2hostkey { host = ip, vlan = vlan }
  local url = links.to("host_details.lua", { host = key })
  if not name or name == "" then name = ip end
  local link = links.a(url, name, key)
  if not both then return link end
  return template.markup(('%s <small class="under">%s</small>'):format(
    tostring(link), name ~= ip and escape.html(key) or ""))
end

--- The name of the service at a port, nil where there is none.
function links.service(port, protocol)
  local service = ntop.getservbyport(port, (protocol or "tcp"):lower())
  return service ~= tostring(port) and service or nil
end

--- A port, titled with the name of the service.
function links.port(port, protocol)
  if not port or port == 0 then return template.markup("") end
  return links.a(links.to("flows_stats.lua", { port = port }),
    tostring(port), links.service(port, protocol) or "Port " .. port)
end

--- An application, whose flows are behind it: TLS.Netflix by its last part.
--- those of the categories in theme.css.
function links.application(name)
  if name == EARLY then
    return template.markup(('<span class="early">%s</span>'):format(
      escape.html(i18n "word.early")))
  end
  return links.a(links.to("flows_stats.lua",
    { application = name and name:match("[^.]+$") }), name)
end

function links.mac(mac, text)
  if not mac or mac == "" or mac == "00:00:00:00:00:00" then
    return template.markup("")
  end
  return links.a(links.to("mac_details.lua", { host = mac }), text or mac, mac)
end

function links.asn(asn, name)
  if not asn or asn == 0 then return template.markup("") end
  return links.a(links.to("hosts_stats.lua", { asn = asn }),
    name and name ~= "" and name or "AS" .. asn, "AS" .. asn)
end

--- A country by its code, with its name in the title where it is known.
function links.country(code)
  return links.a(links.to("hosts_stats.lua", { country = code }), code)
end

function links.vlan(vlan)
  if not vlan or vlan == 0 then return template.markup("") end
  return links.a(links.to("hosts_stats.lua", { vlan = vlan }),
    tostring(vlan))
end

function links.os(os)
  return links.a(links.to("hosts_stats.lua", { os = os }), os)
end

function links.flow(key, text, title)
  return links.a(links.to("flow_details.lua", { flow_key = key }), text, title)
end

return links
