-- vlan_stats: VLANs.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local group_list = require "group_list"
local links = require "links"

group_list.show {
  name = "vlans", by = "vlan", url = "vlan_stats.lua",
  title = i18n "column.vlan",
  none = i18n "hosts.no_vlans",
  link = function(group)
    return group.id ~= 0 and links.vlan(group.id) or i18n "vlans.untagged"
  end,
}
