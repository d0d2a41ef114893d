-- strings: small questions about text.
-- SPDX-License-Identifier: MIT
--
-- Scripts call these with what a table may not have, so nil is an answer
-- ("no"), never an error.

local strings = {}

function strings.isEmptyString(text)
  return text == nil or text == ""
end

function strings.contains(text, part)
  if text == nil or part == nil then return false end
  return tostring(text):find(tostring(part), 1, true) ~= nil
end

function strings.starts(text, start)
  if text == nil or start == nil then return false end
  text, start = tostring(text), tostring(start)
  return text:sub(1, #start) == start
end

strings.startswith = strings.starts

function strings.ends(text, last)
  if text == nil or last == nil then return false end
  text, last = tostring(text), tostring(last)
  return last == "" or text:sub(-#last) == last
end

--- The pieces of a text between what matches the pattern, empty ones too.
function strings.split(text, pattern)
  local pieces, from = {}, 1
  if text == nil then return pieces end
  text = tostring(text)
  if pattern == nil or pattern == "" then return { text } end
  while true do
    local first, last = text:find(pattern, from)
    -- A match of nothing would match there for ever.
    if not first or last < first then break end
    pieces[#pieces + 1] = text:sub(from, first - 1)
    from = last + 1
  end
  pieces[#pieces + 1] = text:sub(from)
  return pieces
end

--- The same, but nil where there is nothing to split: string.split().
function strings.split_or_nil(text, pattern)
  local pieces = strings.split(text, pattern)
  return #pieces > 1 and pieces or nil
end

local YES = { ["true"] = true, ["1"] = true, ["on"] = true, ["yes"] = true }
local NO = { ["false"] = true, ["0"] = true, ["off"] = true, ["no"] = true,
  [""] = true }

--- true, false, or nil for what is neither.
function strings.toboolean(value)
  if value == nil then return false end
  local text = tostring(value):lower()
  if YES[text] then return true end
  if NO[text] then return false end
  return nil
end

return strings
