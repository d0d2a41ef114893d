-- page: the frame around every page.
-- SPDX-License-Identifier: MIT
--
--   local page = require "page"
--   local asked = page.read { host = { "host", required = true } }
--   local body = page.template([[ <p>{{ t "about.words" }}</p> ]], "about")
--   page.show { title = "About", section = "about", body = body {} }
--
-- Templates see t (i18n), figures, links and icon beside their values. What is
-- to change in place while one looks has data-live="NAME" with a name of its
-- own on the page; rows of a table have data-key (js/live.js).

require "texts"
local endpoint = require "endpoint"
local figures = require "figures"
local headers = require "headers"
local i18n = require "i18n"
local icons = require "icons"
local interfaces = require "interfaces"
local links = require "links"
local tables = require "tables"
local template = require "template"

local page = {}

template.names.t = i18n.translate
template.names.figures = figures
template.names.links = links
template.names.icon = icons.get

page.template = template.compile

local SPARK = 60 -- seconds of the small line in the top

-- Where the rail leads to, in its order: section, page, key, for whom.
local RAIL = {
  { "home", "index.lua", "h" },
  { "flows", "flows_stats.lua", "f" },
  { "hosts", "hosts_stats.lua", "o" },
  { "devices", "macs_stats.lua", "d" },
  { "interfaces", "if_stats.lua", "i" },
  { "alerts", "show_alerts.lua", "a" },
  { "settings", "admin/prefs.lua", "s", true },
}

local frame = page.template([[
<!doctype html>
<html lang="en"{% if theme then %} data-theme="{{ theme }}"{% end %}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }} · kelvin</title>
<link rel="icon" href="{{ links.file "img/icon.svg" }}">
{% for _, sheet in ipairs { "theme", "frame", "parts" } do %}
<link rel="stylesheet" href="{{ links.file("css/" .. sheet .. ".css") }}">
{% end %}
<script type="module" src="{{ links.file "js/main.js" }}"></script>
</head>
<body data-prefix="{{ prefix }}" data-ifid="{{ interface.id }}"
 data-state="{{ interface.state }}"{% if has_plotter then %} data-plotter{%
 end %}>
<a class="skip" href="#main">{{ t "frame.skip" }}</a>
<nav class="rail" aria-label="{{ t "frame.main" }}">
<a class="brand" href="{{ links.to "index.lua" }}">
<img src="{{ links.file "img/icon.svg" }}" alt="" width="24" height="24">
<span>kelvin</span></a>
<ul>
{% for _, place in ipairs(rail) do %}
<li><a href="{{ place.url }}" data-go="{{ place.key }}" title="{{ place.hint }}"
{% if place.here then %} aria-current="page"{% end %}>{{ icon(place.name) }}
<span>{{ place.title }}</span>
{% if place.count and place.count > 0 then %}
<b class="badge" title="{{ t "alerts.engaged" }}">{{ place.count }}</b>
{% end %}
</a></li>
{% end %}
</ul>
</nav>
<header class="top">
<details class="menu interfaces">
<summary title="{{ t "frame.interface" }}"><span
 class="dot {{ interface.state }}" id="state"
 title="{{ interface.state_text }}"></span>
<span class="name">{{ interface.label }}</span>
<svg class="spark" id="spark" viewBox="0 0 100 20" preserveAspectRatio="none"
 data-seconds="{{ seconds }}" aria-hidden="true"></svg>
</summary>
<ul>
{% for _, one in ipairs(interfaces) do %}
<li><a href="{{ one.url }}"{% if one.here then %} aria-current="true"{% end %}
>{{ one.label }}{% if one.label ~= one.name then %}
 <small>{{ one.name }}</small>{% end %}</a></li>
{% end %}
</ul>
</details>
<form class="search" role="search" action="{{ links.file "lua/search.lua" }}">
{% if ifid then %}<input type="hidden" name="ifid" value="{{ ifid }}">{% end %}
{{ icon "search" }}
<input type="search" name="query" id="search" maxlength="128"
 placeholder="{{ t "search.hint" }}" aria-label="{{ t "search.label" }}"
 autocomplete="off" autocapitalize="none" spellcheck="false"
 value="{{ query }}">
<kbd>/</kbd>
</form>
<button class="pause" id="live" type="button" hidden aria-pressed="false"
 title="{{ t "frame.pause" }}">{{ icon "pause" }}
<span>{{ t "frame.live" }}</span></button>
<details class="menu user">
<summary title="{{ t "frame.user" }}">{{ icon "user" }}
<span>{{ user }}</span></summary>
<ul>
<li class="themes" id="themes" hidden>
{% for _, one in ipairs { "system", "light", "dark" } do %}
<button type="button" data-theme-set="{{ one }}">{{ t("theme." .. one) }}
</button>
{% end %}
</li>
<li><a href="{{ links.to "about.lua" }}">{{ t "about.title" }}</a></li>
{% if has_login then %}
<li><a href="{{ links.file "lua/change_password.lua" }}">{{
 t "frame.password" }}</a></li>
<li><a href="{{ links.file "lua/logout.lua" }}">{{ t "frame.log_out" }}</a></li>
{% end %}
</ul>
</details>
</header>
<main id="main" tabindex="-1">
{{ main }}
</main>
<footer class="foot" data-live="foot">
<span>{{ figures.count(stats.flows) }} {{ t "foot.flows" }}</span>
<span>{{ figures.count(stats.hosts) }} {{ t "foot.hosts" }}</span>
<span>{{ figures.count(stats.devices) }} {{ t "foot.devices" }}</span>
<span{% if stats.drops > 0 then %} class="warn"{% end %}>{{
 figures.count(stats.drops) }} {{ t "foot.drops" }}</span>
<span class="far">{{ t "foot.up" }} {{ figures.duration(uptime) }}</span>
<a class="far" href="{{ links.to "about.lua" }}">kelvin {{ version }}</a>
</footer>
<dialog class="help" aria-labelledby="keys">
<h2 id="keys">{{ t "about.keys" }}</h2>
<dl>
{% for _, row in ipairs(keys) do %}
<dt><kbd>{{ row[1] }}</kbd></dt><dd>{{ row[2] }}</dd>
{% end %}
</dl>
</dialog>
</body>
</html>
]], "page")

local heading = page.template([[
<div class="head"{% if lead then %} data-live="head"{% end %}>
{% if above then %}<p class="above">{{ above }}</p>{% end %}
<h1>{{ title }}</h1>
{% if lead then %}<p class="lead">{{ lead }}</p>{% end %}
{% if tabs then %}
<nav class="tabs" aria-label="{{ t "frame.tabs" }}">
{% for _, tab in ipairs(tabs) do %}
<a href="{{ tab.url }}"{% if tab.here then %} aria-current="page"{% end %}>{{
 tab.title }}</a>
{% end %}
</nav>
{% end %}
</div>
]], "heading")

--- The request's parameters by these rules, and what every page knows.
function page.read(rules)
  return endpoint.read(tables.merge(rules, {
    live = { "boolean", default = false },
    page = { "word", max = 32 },
  }))
end

--- The time that an interface is at: that of its packets once a capture is
--- read, else the clock's.
function page.now(stats)
  if interface.isPcapDumpInterface() then return stats["seen.last"] end
  return os.time()
end

--- Whether the user may change what is set.
function page.is_administrator()
  return (_SESSION or {}).group == "administrator"
end

--- live, reading (a capture), read (to its end), or down.
function page.state()
  if interface.isPcapDumpInterface() then
    return interface.isRunning() and "reading" or "read"
  end
  return interface.isRunning() and "live" or "down"
end

--- Tabs of a page: {name, title} each; those that have nothing to show are
--- left out by whoever makes the list.
function page.tabs(list, url, query, current)
  local tabs = {}
  for i, tab in ipairs(list) do
    tabs[i] = {
      title = tab[2],
      url = links.to(url, tables.merge(query, { page = i > 1 and tab[1] })),
      here = tab[1] == current,
    }
  end
  return tabs
end

local function rail_of(section, alerts)
  local places = {}
  for _, place in ipairs(RAIL) do
    local name, url, key, is_for_administrators = table.unpack(place)
    if not is_for_administrators or page.is_administrator() then
      places[#places + 1] = {
        name = name, url = links.to(url), key = key, here = name == section,
        title = i18n("nav." .. name),
        hint = ("%s (g %s)"):format(i18n("nav." .. name), key),
        count = name == "alerts" and alerts or nil,
      }
    end
  end
  return places
end

--- What keys do: {key, text} each.
function page.keys()
  local keys = { { "/", i18n "about.search" } }
  for _, place in ipairs(RAIL) do
    keys[#keys + 1] = { "g " .. place[3], i18n("nav." .. place[1]) }
  end
  for _, row in ipairs { { "j k", "row" }, { "enter", "open" },
      { "p", "pause" }, { "?", "help" } } do
    keys[#keys + 1] = { row[1], i18n("about." .. row[2]) }
  end
  return keys
end

local function interfaces_of(view)
  local list = {}
  for _, name in interfaces.each() do
    list[#list + 1] = {
      name = name,
      label = interfaces.getInterfaceNameAlias(name),
      url = links.to(view.home or "index.lua",
        { ifid = interface.name2id(name) }),
      here = name == ifname,
    }
  end
  return list
end

-- Bytes in each of the last seconds, for js/stream.js to go on with.
local function seconds_of(now)
  local bytes = interface.getSeconds(now - SPARK, now).bytes
  for i, value in ipairs(bytes) do bytes[i] = value or 0 end
  return table.concat(bytes, " ")
end

local function theme()
  local chosen = (_COOKIE or {}).theme
  return (chosen == "light" or chosen == "dark") and chosen or nil
end

local function main_of(view)
  return template.markup(heading(tables.merge(view, {
    optional = { above = true, lead = true, tabs = true },
  })) .. tostring(view.body))
end

--- Answer with a page: title, section (of the rail), body (text or markup),
--- and maybe above (where one is), lead (its sentence), tabs, home (where
--- another interface leads), status, query (of the search).
function page.show(view)
  local all = view.stats or interface.getStats()
  local state = page.state()
  local user = (_SESSION or {}).user or ""
  local has_login = ((_SESSION or {}).csrf or "") ~= ""
  headers.send { status = view.status, type = "text/html; charset=utf-8" }
  print(frame {
    optional = { theme = true, ifid = true },
    title = view.title,
    theme = theme(),
    prefix = ntop.getHttpPrefix(),
    has_plotter = ntop.exists(ntop.getDirs().httpdocsdir
      .. "/vendor/uPlot.js"),
    rail = rail_of(view.section,
      (interface.getCachedNumAlerts() or {}).num_alerts_engaged),
    interface = {
      id = interface.name2id(ifname), state = state,
      state_text = i18n("state." .. state),
      label = interfaces.getInterfaceNameAlias(ifname),
    },
    interfaces = interfaces_of(view),
    ifid = (_GET or {}).ifid,
    query = view.query or "",
    user = has_login and user or i18n "frame.nobody",
    has_login = has_login,
    main = main_of(view),
    seconds = state == "live" and seconds_of(page.now(all)) or "",
    stats = all.stats,
    keys = page.keys(),
    uptime = ntop.getUptime(),
    version = ntop.getInfo(false).version,
  })
end

--- Send the browser elsewhere, as after a form.
function page.go(url)
  print(ntop.httpRedirect(url))
end

--- A page that says that there is nothing, why, and what to do.
function page.nothing(view)
  view.body = page.template([[
<section class="empty"><h2>{{ why }}</h2>
{% if so then %}<p>{{ so }}</p>{% end %}
{% if url then %}<p><a class="button" href="{{ url }}">{{ go }}</a></p>{% end %}
</section>]], "nothing") {
    why = view.why, so = view.so, url = view.url, go = view.go,
    optional = { so = true, url = true, go = true },
  }
  page.show(view)
end

return page
