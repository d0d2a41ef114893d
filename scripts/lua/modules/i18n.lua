-- i18n: texts by their keys.
-- SPDX-License-Identifier: MIT
--
--   i18n.add { about = { title = "About %{product}" } }
--   i18n("about.title", { product = "kelvin" })
--
-- Parameters are put in as they are: escape the text where it is shown. A key
-- without a text is shown itself.

local i18n = {}

local texts = {}

local function add(place, more)
  for key, value in pairs(more) do
    if type(value) == "table" then
      place[key] = type(place[key]) == "table" and place[key] or {}
      add(place[key], value)
    else
      place[key] = tostring(value)
    end
  end
end

--- Add texts: tables within tables.
function i18n.add(more)
  add(texts, more)
end

local function find(key)
  local place = texts
  for part in tostring(key):gmatch("[^.]+") do
    if type(place) ~= "table" then return nil end
    place = place[part]
  end
  return type(place) == "string" and place or nil
end

function i18n.translate(key, parameters)
  local text = find(key) or tostring(key)
  return (text:gsub("%%{([%w_]+)}", function(name)
    local value = parameters and parameters[name]
    return value ~= nil and tostring(value) or nil
  end))
end

return setmetatable(i18n, {
  __call = function(_, key, parameters)
    return i18n.translate(key, parameters)
  end,
})
