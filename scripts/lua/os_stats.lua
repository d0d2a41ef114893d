-- os_stats: operating systems.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local group_list = require "group_list"
local links = require "links"

group_list.show {
  name = "systems", by = "os", url = "os_stats.lua", title = i18n "column.os",
  none = i18n "hosts.no_os",
  link = function(group)
    return group_list.name(group) and links.os(group.id)
      or i18n "hosts.no_name"
  end,
}
