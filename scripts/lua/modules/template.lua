-- template: HTML with holes, which are escaped.
-- SPDX-License-Identifier: MIT
--
--   local page = template.compile([[
--   <h1>{{ title }}</h1>
--   {% for _, host in ipairs(hosts) do %}
--     <a href="{{ url(host.link) }}">{{ host.name }}</a>
--   {% end %}
--   {{{ footer }}}
--   ]], "hosts")
--   print(page { title = "Hosts", hosts = list, footer = footer {} })
--
-- {{ value }} is escaped for text and for attributes within quotes; nil is
-- nothing. {{{ value }}} is put in as it is: for what a template made.
-- {% ... %} is Lua. {# ... #} is a comment.
--
-- A template sees its values and the names below, no globals; a name that is
-- neither is an error. Errors tell the template's name and line, as the lines
-- of the Lua that is made of it are those of the text.

local escape = require "escape"
local json = require "json"

local template = {}

local Markup = { __name = "template.markup" }

--- Text that is HTML already: {{ }} leaves it as it is.
function template.markup(text)
  return setmetatable({ text = tostring(text) }, Markup)
end

function Markup:__tostring()
  return self.text
end

local function escaped(value)
  if getmetatable(value) == Markup then return value.text end
  return escape.html(value)
end

local function raw(value)
  return value == nil and "" or tostring(value)
end

--- What templates may use beside their values.
template.names = {
  ipairs = ipairs, pairs = pairs, tostring = tostring, tonumber = tonumber,
  type = type, select = select, next = next,
  string = string, table = table, math = math, os = { date = os.date },
  markup = template.markup,
  html = escape.html, -- where escaping is wanted within an expression
  url = escape.url, -- for href and src: no javascript:
  uri = escape.uri, -- a part of a path or a query
  -- For data- attributes, as {{ json(v) }}. No tag is in it, so that {{{ }}}
  -- may put it into <script type="application/json">.
  json = function(value)
    return (json.encode(value):gsub("[<>&]", {
      ["<"] = "\\u003c", [">"] = "\\u003e", ["&"] = "\\u0026",
    }))
  end,
}

local ENDS = { ["{{{"] = "}}}", ["{{"] = "}}", ["{%"] = "%}", ["{#"] = "#}" }

--- Where the next hole begins, and with what.
local function next_hole(text, from)
  local at = text:find("{[{%%#]", from)
  if not at then return nil end
  if text:sub(at, at + 2) == "{{{" then return at, "{{{" end
  return at, text:sub(at, at + 1)
end

--- Whether only blanks are before this place on its line.
local function begins_line(text, at)
  repeat
    at = at - 1
    local character = text:sub(at, at)
  until character ~= " " and character ~= "\t"
  return at == 0 or text:sub(at, at) == "\n"
end

local function newlines(text)
  return select(2, text:gsub("\n", "\n"))
end

--- Lua for one hole; it has as many lines as the hole.
local function hole_code(mark, inside, fail)
  if mark == "{#" then return ("\n"):rep(newlines(inside)) end
  if mark == "{%" then
    -- It would take what follows on its line with it.
    if inside:find("%-%-[^\n]*$") then fail("a comment at the end of {%") end
    return inside .. " "
  end
  if not inside:find("%S") then fail("an empty " .. mark) end
  -- Each by itself, without and with brackets: none can leave them, by its
  -- own bracket or by a comment.
  for _, form in ipairs { "return %s", "return (%s)" } do
    local good, why = load(form:gsub("%%s", function() return inside end), "=")
    if not good then fail(why:gsub("^:?%d*:?%s*", "")) end
  end
  local call = mark == "{{" and "__escaped" or "__raw"
  return ("__put(%s((%s)))"):format(call, inside) .. " "
end

--- Lua for a text: pieces and holes in their order.
local function translate(text, name, line)
  local code, from = { "local _ENV, __put, __escaped, __raw = ... " }, 1
  local function fail(why)
    error(("%s:%d: %s"):format(name, line, why), 0)
  end
  local function literal(piece)
    if piece == "" then return end
    -- %q writes a newline as a backslash and a newline: the lines stay.
    code[#code + 1] = ("__put(%q) "):format(piece)
    line = line + newlines(piece)
  end
  while true do
    local at, mark = next_hole(text, from)
    if not at then break end
    literal(text:sub(from, at - 1))
    local start = at + #mark
    local stop, last = text:find(ENDS[mark], start, true)
    if not stop then fail(mark .. " without " .. ENDS[mark]) end
    local inside = text:sub(start, stop - 1)
    code[#code + 1] = hole_code(mark, inside, fail)
    line = line + newlines(inside)
    from = last + 1
    -- A line that holds nothing but a statement leaves no empty line.
    if (mark == "{%" or mark == "{#") and begins_line(text, at)
        and text:sub(from, from) == "\n" then
      code[#code + 1] = "\n"
      line, from = line + 1, from + 1
    end
  end
  literal(text:sub(from))
  return table.concat(code)
end

--- What a template sees: its values first.
local function scope(values, name)
  local optional = values.optional or {}
  return setmetatable({}, {
    __index = function(_, key)
      local value = values[key]
      -- One that may be missing is never taken for the name of another.
      if value ~= nil or optional[key] then return value end
      value = template.names[key]
      if value == nil then
        error(("no value '%s' for template %s"):format(tostring(key), name),
          2)
      end
      return value
    end,
  })
end

--- Make a function of a template: it takes a table of values and returns
--- text. Names that may be nil are in values.optional, as keys. `line` is the
--- one that the text begins on, where it stands within another file.
function template.compile(text, name, line)
  name = name or "template"
  local code = ("\n"):rep((line or 1) - 1) .. translate(text, name, line or 1)
  local run, why = load(code, "=" .. name, "t", {})
  if not run then error(why, 0) end
  return function(values)
    local out, count = {}, 0
    run(scope(values or {}, name), function(piece)
      count = count + 1
      out[count] = piece
    end, escaped, raw)
    return table.concat(out)
  end
end

local compiled = {}

--- The same and call it at once. Texts are compiled once in a run.
function template.render(text, values, name)
  compiled[text] = compiled[text] or template.compile(text, name)
  return compiled[text](values)
end

--- The same as markup, to be put into another.
function template.part(text, values, name)
  return template.markup(template.render(text, values, name))
end

return template
