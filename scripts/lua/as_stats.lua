-- as_stats: autonomous systems.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local group_list = require "group_list"
local links = require "links"

group_list.show {
  name = "ases", by = "asn", url = "as_stats.lua", title = i18n "column.asn",
  none = i18n "hosts.no_as",
  link = function(group)
    return group.id ~= 0 and links.asn(group.id, group_list.name(group))
      or i18n "hosts.no_name"
  end,
}
