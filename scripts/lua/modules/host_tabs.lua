-- host_tabs: hosts, and what they have in common.
-- SPDX-License-Identifier: MIT

local i18n = require "i18n"
local links = require "links"

local TABS = {
  { "hosts", "hosts_stats.lua" }, { "networks", "network_stats.lua" },
  { "ases", "as_stats.lua" }, { "countries", "country_stats.lua" },
  { "systems", "os_stats.lua" }, { "vlans", "vlan_stats.lua" },
}

--- The tabs of these pages; `here` is the name of one.
return function(here)
  local tabs = {}
  for i, tab in ipairs(TABS) do
    local name, url = table.unpack(tab)
    tabs[i] = {
      title = i18n(name == "hosts" and "hosts.title" or "hosts." .. name),
      url = links.to(url), here = name == here,
    }
  end
  return tabs
end
