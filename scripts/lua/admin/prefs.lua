-- prefs: preferences, as they are and to be changed.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local forms = require "forms"
local links = require "links"
local page = require "page"
local settings = require "settings"
local template = require "template"

local t = i18n

local asked = page.read {
  tab = { "string", max = 64 },
  saved = { "boolean", default = false },
}
if not page.is_administrator() then return settings.forbidden() end

-- Groups in the order of the table, each with its rows.
local groups, by_title = {}, {}
for _, row in ipairs(ntop.getPreferences()) do
  local group = by_title[row.group]
  if not group then
    group = { title = row.group, rows = {} }
    by_title[row.group], groups[#groups + 1] = group, group
  end
  table.insert(group.rows, row)
end
local current = by_title[asked.tab] or groups[1]

local function field_of(row)
  local choices = row.choices and split(row.choices, "|")
  local notes = {}
  if row.type ~= "text" and row.value ~= row.preset then
    notes[#notes + 1] = ("%s: %s"):format(t "settings.default",
      row.type == "boolean" and t(row.preset == "1" and "word.yes"
        or "word.no") or row.preset)
  end
  if row.option then
    notes[#notes + 1] = t("settings.option", { option = "--" .. row.option })
  end
  return {
    name = row.name, label = row.help, type = row.type, value = row.value,
    choices = choices, min = row.min, max = row.max, unit = row.unit,
    is_secret = row.is_secret, notes = notes,
    hint = row.is_secret and row.is_set and t "settings.secret" or nil,
  }
end

local function is_changed(row, value)
  if row.is_secret then return value ~= "" end
  return value ~= row.value
end

-- Set what differs. @return what was refused.
local function change()
  local problems = {}
  for _, row in ipairs(current.rows) do
    local value = _POST[row.name]
    if row.type == "boolean" then value = value and "1" or "0" end
    if value and is_changed(row, value) then
      local is_done, why = ntop.setPref(row.key, value)
      if not is_done then problems[#problems + 1] = tostring(why) end
    end
  end
  return problems
end

local problems = {}
if next(_POST or {}) then
  problems = change()
  if #problems == 0 then
    return page.go(links.to("admin/prefs.lua",
      { tab = current.title, saved = "1" }))
  end
end

local tabs = {}
for i, group in ipairs(groups) do
  tabs[i] = { title = group.title, here = group == current,
    url = links.to("admin/prefs.lua", { tab = group.title }) }
end

local fields = {}
for i, row in ipairs(current.rows) do fields[i] = field_of(row) end

page.show {
  title = t "settings.title", section = "settings", above = settings.above(),
  lead = t "settings.lead", tabs = tabs, home = "index.lua",
  body = template.part("{{ form }}", { form = forms.html {
    url = links.to("admin/prefs.lua", { tab = current.title }),
    fields = fields, button = t "settings.save", problems = problems,
    done = asked.saved and t "settings.saved" or nil,
  } }, "prefs"),
}
