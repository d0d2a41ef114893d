-- group_list: hosts by what they have in common, a row each.
-- SPDX-License-Identifier: MIT
--
--   group_list.show { name = "countries", by = "country", url =
--     "country_stats.lua", link = function(group) ... end }

local figures = require "figures"
local host_tabs = require "host_tabs"
local i18n = require "i18n"
local listing = require "listing"
local page = require "page"
local rows = require "rows"
local template = require "template"

local group_list = {}

local t = i18n

local function traffic(group)
  return group["bytes.sent"] + group["bytes.rcvd"]
end

local function columns(of, now, largest)
  return {
    { "name", of.title, wide = true, cell = of.link,
      raw = function(group) return group.name end },
    { "hosts", t "column.hosts", number = true, least = 2,
      cell = function(group) return figures.count(group.num_hosts) end,
      raw = function(group) return group.num_hosts end },
    { "since", t "column.since", number = true, least = 3,
      cell = function(group) return figures.time(group["seen.first"], now) end,
      raw = function(group) return group["seen.first"] end },
    { "breakdown", t "column.breakdown", unsorted = true, least = 3,
      cell = function(group)
        return figures.breakdown(group["bytes.sent"], group["bytes.rcvd"],
          t "side.sent", t "side.received")
      end, raw = function(group) return group["bytes.sent"] end },
    { "thpt", t "column.throughput", number = true, second = true,
      cell = function(group) return figures.rate(group.throughput_bps) end,
      raw = function(group) return group.throughput_bps * 8 end },
    { "traffic", t "column.traffic", number = true, cell = function(group)
      return template.markup(tostring(figures.bar(traffic(group), largest)) ..
        tostring(figures.bytes(traffic(group))))
    end, raw = traffic },
  }
end

--- What of a group its column is about.
local function value(group, column)
  return rows.group(group).raw["column_" .. column]
end

--- Answer with the page: name (of its tab and texts), by (as getGroupedHosts()
--- groups), url, link (the cell of a group), title (of its column), none (why
--- there may be none), known (which groups to leave out, as a function).
function group_list.show(of)
  local asked = page.read(listing.rules("traffic name since thpt hosts"))
  local all = interface.getStats()
  local groups, largest = {}, 0
  for _, group in ipairs(interface.getGroupedHosts(true,
      "column_" .. of.by) or {}) do
    if not of.known or of.known(group) then
      groups[#groups + 1] = group
      largest = math.max(largest, traffic(group))
    end
  end
  local total = #groups
  local list = listing.new {
    url = of.url, asked = asked, caption = t("hosts." .. of.name),
    none = { t "hosts.no_groups", of.none },
    columns = columns(of, page.now(all), largest),
    key = function(group) return group.id end,
    fetch = listing.fetch_of(groups, asked, value),
  }
  if asked.format == "csv" then return list:csv(of.name) end
  page.show {
    title = t("hosts." .. of.name), section = "hosts", stats = all,
    home = of.url, tabs = host_tabs(of.name),
    lead = template.part(t "hosts.group_lead", {
      count = figures.count(total) }, "lead"),
    body = list:html(),
  }
end

--- The text of a group, or "Unknown" where it is none.
function group_list.name(group)
  local name = tostring(group.name or "")
  if name == "" or name:find("^Unknown") then return nil end
  return name
end

return group_list
