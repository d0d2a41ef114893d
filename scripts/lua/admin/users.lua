-- users: who may log in, and what each may see.
-- SPDX-License-Identifier: MIT

require "lua_utils"
local facts = require "facts"
local figures = require "figures"
local forms = require "forms"
local links = require "links"
local page = require "page"
local settings = require "settings"
local template = require "template"

local t = i18n

local asked = page.read { saved = { "boolean", default = false } }
if not page.is_administrator() then return settings.forbidden() end

local EVERYTHING = "0.0.0.0/0,::/0"

local url = links.to "admin/users.lua"

-- @return what was refused, nil when it is done.
local function add()
  if _POST.password ~= _POST.confirm_password then return t "users.differ" end
  local is_done, why = ntop.addUser(_POST.username or "",
    _POST.full_name or "", _POST.password or "",
    _POST.user_role or "unprivileged",
    not isEmptyString(_POST.allowed_networks) and _POST.allowed_networks
      or EVERYTHING,
    _POST.allowed_interface or "")
  return not is_done and tostring(why or t "users.refused") or nil
end

local function delete()
  local is_done, why = ntop.deleteUser(_POST.delete)
  return not is_done and tostring(why or t "users.refused") or nil
end

local problem
if next(_POST or {}) then
  if _POST.delete then problem = delete() else problem = add() end
  if not problem then
    return page.go(links.to("admin/users.lua", { saved = "1" }))
  end
end

local users, away = ntop.getUsers()
if not users then
  return page.nothing { title = t "users.title", section = "settings",
    why = t "settings.away", so = tostring(away or t "settings.away_so") }
end

local rows = {}
for name, user in pairsByKeys(users, asc) do
  rows[#rows + 1] = {
    name, user.full_name or "", t(user.group == "administrator"
      and "users.administrator" or "users.unprivileged"),
    user.allowed_nets or t "users.every",
    user.allowed_ifname and user.allowed_ifname ~= "" and user.allowed_ifname
      or t "users.every",
    name ~= "admin" and forms.button { url = url, class = "bad",
      fields = { delete = name }, text = t "users.delete",
      title = t("users.delete_one", { name = name }) } or "",
  }
end

local function input(name, kind, more)
  local field = { name = name, label = t("users.fields." .. name),
    type = kind, value = kind ~= "password" and (_POST or {})[name] or "" }
  for key, value in pairs(more or {}) do field[key] = value end
  return field
end

local form = forms.html {
  url = url, title = t "users.add", button = t "users.add",
  problems = { problem }, done = asked.saved and t "settings.saved" or nil,
  fields = {
    input("username", "text", { max = 64, required = true }),
    input("full_name", "text", { max = 128 }),
    input("password", "password", { max = 256, required = true,
      complete = "new-password" }),
    input("confirm_password", "password", { max = 256, required = true,
      complete = "new-password" }),
    input("user_role", "choice", { choices = {
      { "unprivileged", t "users.unprivileged" },
      { "administrator", t "users.administrator" } } }),
    input("allowed_networks", "text", { max = 1024,
      hint = EVERYTHING }),
    input("allowed_interface", "text", { max = 64, hint = t "users.every" }),
  },
}

page.show {
  title = t "users.title", section = "settings", above = settings.above(),
  lead = template.part(t "users.lead", { count = figures.count(#rows) },
    "lead"),
  body = template.part([[<div class="stack">{{ list }}{{ form }}</div>]], {
    list = facts.card { flush = true, body = facts.matrix(t "users.title", {
      t "users.name", t "users.full_name", t "users.group",
      t "users.networks", t "users.interface", "" }, rows, true) },
    form = form,
  }, "users"),
}
