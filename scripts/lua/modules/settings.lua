-- settings: what the pages of administrators have in common.
-- SPDX-License-Identifier: MIT

local i18n = require "i18n"
local links = require "links"
local page = require "page"
local template = require "template"

local settings = {}

local t = i18n

--- Where the settings are: preferences, users.
function settings.above()
  return template.part([[
<a href="{{ prefs }}">{{ t "settings.preferences" }}</a> ·
<a href="{{ users }}">{{ t "settings.users" }}</a>]], {
    prefs = links.to "admin/prefs.lua", users = links.to "admin/users.lua",
  }, "above")
end

--- Answer to who may not.
function settings.forbidden()
  page.nothing { title = t "settings.title", section = "settings",
    status = 403, why = t "settings.forbidden", so = t "settings.forbidden_so" }
end

return settings
