-- network_stats: local networks, and the rest.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local group_list = require "group_list"
local links = require "links"

group_list.show {
  name = "networks", by = "local_network_id", url = "network_stats.lua",
  title = i18n "column.network",
  none = i18n "hosts.no_networks",
  link = function(group)
    return links.a(links.to("hosts_stats.lua", { network = group.id }),
      group_list.name(group) or i18n "word.remote")
  end,
}
