-- country_stats: countries.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local group_list = require "group_list"
local links = require "links"

group_list.show {
  name = "countries", by = "country", url = "country_stats.lua",
  title = i18n "column.country",
  none = i18n "hosts.no_country",
  link = function(group)
    return group_list.name(group) and links.country(group.id)
      or i18n "hosts.no_name"
  end,
}
