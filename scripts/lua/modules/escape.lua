-- escape: text of strangers, made safe for the place where it goes.
-- SPDX-License-Identifier: MIT
--
-- Names, URLs and labels come from packets. Each function here takes any
-- value (nil is the empty text) and returns text that cannot leave its place.

local escape = {}

local REPLACEMENT = "\u{FFFD}"

--- What is not UTF-8, byte by byte, becomes U+FFFD.
function escape.utf8(text)
  if not text:find("[\128-\255]") then return text end
  -- utf8.len() takes surrogates for characters; nobody else does.
  text = text:gsub("\xED[\xA0-\xBF][\x80-\xBF]", REPLACEMENT)
  local parts, from = {}, 1
  while true do
    local good, bad = utf8.len(text, from)
    if good then break end
    parts[#parts + 1] = text:sub(from, bad - 1)
    parts[#parts + 1] = REPLACEMENT
    from = bad + 1
  end
  if from == 1 then return text end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

local function text_of(value)
  if value == nil then return "" end
  return escape.utf8(tostring(value))
end

local HTML = {
  ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;", ["`"] = "&#96;",
}

--- For text and for attributes within quotes. Control characters, which HTML
--- does not allow, become U+FFFD.
function escape.html(value)
  local text = text_of(value):gsub("[&<>\"'`]", HTML)
  return (text:gsub("[%z\1-\8\11\12\14-\31\127]", REPLACEMENT))
end

local JSON = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f",
  ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function json_character(character)
  return JSON[character] or ("\\u%04x"):format(character:byte())
end

--- The inside of a JSON string. U+2028 and U+2029 end a line in JavaScript.
function escape.json_inside(text)
  if not text:find('[%z\1-\31\127-\255\\"]') then return text end
  text = escape.utf8(text):gsub('[%z\1-\31\127\\"]', json_character)
  text = text:gsub("\u{2028}", "\\u2028")
  return (text:gsub("\u{2029}", "\\u2029"))
end

--- The same for a JSON string within a page: no tag can end there.
function escape.json(value)
  local text = escape.json_inside(text_of(value))
  return (text:gsub("[<>&']", json_character))
end

-- Programs for sheets take these at the beginning for a formula, also in
-- full width.
local FORMULA = "^%s*[=+%-@|%%\t\r]"
local FULL_WIDTH = {
  ["\u{FF1D}"] = true, ["\u{FF0B}"] = true, ["\u{FF0D}"] = true,
  ["\u{FF20}"] = true,
}

--- One field of CSV. An apostrophe keeps what looks like a formula from being
--- one; numbers stay numbers.
function escape.csv(value)
  local text = text_of(value):gsub("%z", REPLACEMENT)
  local plain = text:find("^[+-]?%d+%.?%d*$")
  if not plain and (text:find(FORMULA) or FULL_WIDTH[text:sub(1, 3)]) then
    text = "'" .. text
  end
  if text:find('[",;\r\n\t]') or text:find("^%s") or text:find("%s$") then
    text = '"' .. text:gsub('"', '""') .. '"'
  end
  return text
end

local function percent(character)
  return ("%%%02X"):format(character:byte())
end

--- A part of a URL: all but letters, digits and -._~ as %XX.
function escape.uri(value)
  return (text_of(value):gsub("[^%w%-._~]", percent))
end

--- A value in a query: addresses (: @ /) stay readable.
function escape.query(value)
  return (text_of(value):gsub("[^%w%-._~:@/]", percent))
end

--- The reverse, as forms send it: + is a space; a stray % stays.
function escape.unescape(value)
  if value == nil then return "" end
  local text = tostring(value):gsub("+", " ")
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

--- Something to link to: a path of ours, http or https; "#" in place of all
--- else (javascript:, data:, another host's //path).
function escape.url(value)
  local text = text_of(value):gsub("[%z\1-\32\127\\]", percent)
  local scheme = text:match("^([^/?#]*):")
  if scheme then
    scheme = scheme:lower()
    return (scheme == "http" or scheme == "https") and text or "#"
  end
  return text:find("^//") and "#" or text
end

--- A value in an HTTP header: printable ASCII of one line.
function escape.header(value)
  local text = text_of(value):gsub("[%z\1-\31\127]+", " ")
  return (text:gsub("[\128-\255]", "?"))
end

--- A line for a terminal or a log: nothing that moves the cursor.
function escape.line(value)
  local text = text_of(value)
  text = text:gsub("\xC2[\x80-\x9F]", REPLACEMENT)
  return (text:gsub("[%z\1-\31\127]", function(character)
    return ("\\%03d"):format(character:byte())
  end))
end

return escape
