-- about: what runs here, and how it does.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local facts = require "facts"
local figures = require "figures"
local links = require "links"
local page = require "page"
local template = require "template"

local t = i18n

page.read {}
local info, all, prefs = ntop.getInfo(true), interface.getStats(),
  ntop.getPrefs()

local function program()
  local list = facts.new()
  list:add(t "about.version", info.product .. " " .. info.version)
  list:add(t "about.uptime", figures.duration(ntop.getUptime()))
  list:add(t "about.lua", info["version.lua"])
  list:add(t "about.platform", info.platform)
  list:add(t "about.licence", info.license)
  if page.is_administrator() then
    list:add(t "about.command", template.part("<code>{{ it }}</code>",
      { it = info.command_line }, "command"))
    list:add(t "about.directories", template.part("<code>{{ it }}</code>",
      { it = ntop.getDirs().workingdir }, "directory"))
  end
  return list:html(t "about.program", "program")
end

local function part_of(used, most, url)
  return template.part([[
<a href="{{ url }}">{{ used }}</a> <small>{{ t "about.of" }}</small> {{ most
}} <small>{{ t "about.most" }}</small>]], { url = url,
    used = figures.count(used), most = figures.count(most) }, "part")
end

local function tables_of()
  local host, list = ntop.systemHostStat() or {}, facts.new()
  list:add(t "about.flows", part_of(all.stats.flows, prefs.max_num_flows,
    links.to "flows_stats.lua"))
  list:add(t "about.hosts", part_of(all.stats.hosts, prefs.max_num_hosts,
    links.to "hosts_stats.lua"))
  if host.mem_total then
    list:add(t "about.memory", figures.bytes(host.mem_used * 1000),
      facts.labelled(t "about.of", figures.bytes(host.mem_total * 1000)))
  end
  list:add(t "about.geo", t(ntop.hasGeoIP() and "word.yes" or "word.no"))
  list:add(t "about.more",
    links.a(links.file "metrics", t "about.metrics"),
    links.a(links.file "health", t "about.health"))
  return list:html(t "about.limits", "limits")
end

local keys = page.template([[
<section class="card help"><header><h2>{{ t "about.keys" }}</h2></header>
<dl>{% for _, row in ipairs(keys) do %}
<dt><kbd>{{ row[1] }}</kbd></dt><dd>{{ row[2] }}</dd>
{% end %}</dl></section>
]], "keys")

page.show {
  title = t "about.title", section = "about", stats = all, home = "about.lua",
  lead = template.part(t "about.lead", { version = info.version,
    span = figures.duration(ntop.getUptime()) }, "lead"),
  body = template.part([[
<div class="grid"><div class="half stack">{{ program }}</div>
<div class="half stack">{{ limits }}</div>
<div class="half">{{ keys }}</div></div>]], { program = program(),
    limits = tables_of(),
    keys = template.markup(keys { keys = page.keys() }) }, "about"),
}
