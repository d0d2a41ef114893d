-- listing: a table that is sorted, filtered and turned over by its URL.
-- SPDX-License-Identifier: MIT
--
--   local list = listing.new {
--     url = "hosts_stats.lua", asked = asked,
--     filters = { { "mode", t "hosts.mode", { { "local", "Local" }, ... } } },
--     columns = {
--       { "name", t "column.name", cell = function(host) ... end,
--         raw = function(host) ... end },
--     },
--     key = function(host) return host.ip end,
--     fetch = function(first, count) return rows, total end,
--   }
--   if asked.format == "csv" then return list:csv("hosts") end
--   page.show { ..., body = list:html() }
--
-- A column has a name (with "column_" before it, what it is sorted by), a
-- title, and cell, which makes markup of a row. raw makes the text for CSV,
-- without it the column is for people alone. More of it: unsorted; number
-- (aligned to the right); wide (it shares what room there is) or long (it is a
-- sentence); least (columns of 1 are always there, of 4 only on wide screens);
-- second (on phones it is in the second line of its row); optional (left out
-- when no row has it).

local escape = require "escape"
local figures = require "figures"
local headers = require "headers"
local i18n = require "i18n"
local links = require "links"
local rows = require "rows"
local tables = require "tables"
local template = require "template"

local listing = {}

local Listing = {}
Listing.__index = Listing

local SIZES = { 10, 25, 50, 100 }
local DEFAULT_SIZE = 25
local CSV_PAGE, CSV_MOST = 500, 100000 -- rows

local filters_html = template.compile([[
<form class="filters" action="{{ url }}" data-submits>
{% for _, one in ipairs(kept) do %}
<input type="hidden" name="{{ one[1] }}" value="{{ one[2] }}">
{% end %}
{% for _, filter in ipairs(filters) do %}
<label><span>{{ filter.title }}</span>
{% if filter.choices then %}
<select name="{{ filter.name }}">
<option value="">{{ filter.any or t "table.any" }}</option>
{% for _, choice in ipairs(filter.choices) do %}
<option value="{{ choice[1] }}"{% if choice.here then %} selected{% end %}>{{
 choice[2] }}</option>
{% end %}
</select>
{% else %}
<input name="{{ filter.name }}" value="{{ filter.value }}" maxlength="1024"
 placeholder="{{ filter.hint }}" spellcheck="false" autocapitalize="none"
 autocomplete="off">
{% end %}
</label>
{% end %}
<button class="apply">{{ t "table.apply" }}</button>
{% if clear then %}
<a class="clear" href="{{ clear }}">{{ t "table.clear" }}</a>
{% end %}
</form>
]], "filters")

local table_html = template.compile([[
<div class="table-box">
<table class="list" data-live="list" data-list>
<caption>{{ caption }}</caption>
<thead><tr>
{% for _, column in ipairs(columns) do %}
<th scope="col" class="{{ column.class }}"{% if column.order then
%} aria-sort="{{ column.order }}"{% end %}>{% if column.url then
%}<a href="{{ column.url }}" title="{{ column.hint }}">{{ column.title
}}</a>{% else %}{{ column.title }}{% end %}</th>
{% end %}
</tr></thead>
<tbody>
{% for _, row in ipairs(rows) do %}
<tr data-key="{{ row.key }}">
{% for i, cell in ipairs(row) do %}
<td class="{{ columns[i].class }}">{{ cell }}</td>
{% end %}
</tr>
{% end %}
</tbody>
</table>
</div>
<div class="pager" data-live="pager">
<span class="range">{{ range }}</span>
<nav aria-label="{{ caption }}">
{% if previous then %}<a rel="prev" href="{{ previous }}"
 title="{{ t "table.previous" }}">‹ <span>{{ t "table.previous" }}</span></a>
{% end %}
{% if next_page then %}<a rel="next" href="{{ next_page }}"
 title="{{ t "table.next" }}"><span>{{ t "table.next" }}</span> ›</a>
{% end %}
</nav>
<span class="sizes">{{ t "table.rows" }}
{% for _, size in ipairs(sizes) do %}
<a href="{{ size.url }}"{% if size.here then %} aria-current="true"{% end %}>{{
 size.count }}</a>
{% end %}
</span>
<span class="files">{{ icon "download" }}
<a href="{{ csv }}" download>{{ t "table.csv" }}</a>
{% if json_url then %}<a href="{{ json_url }}">{{ t "table.json" }}</a>{% end %}
</span>
</div>
]], "listing")

--- Rules for page.read(): sorted by one of these columns, the first of them at
--- first.
function listing.rules(columns, more)
  return rows.rules(columns, tables.merge({
    perPage = { "integer", min = 1, max = 1000, default = DEFAULT_SIZE },
    format = { "choice", of = { "csv" } },
  }, more))
end

function listing.new(list)
  return setmetatable(list, Listing)
end

-- The state of the list as a query; `change` wins, with "" a default again.
function Listing:url_with(change)
  local query = tables.merge(self.keep, {})
  for name, value in pairs(_GET or {}) do
    if self.rules_known[name] then query[name] = value end
  end
  return links.to(self.url, tables.merge(query, change))
end

local STATE = { perPage = true, sortColumn = true, sortOrder = true,
  currentPage = true }

function Listing:know()
  local known = tables.merge(STATE, {})
  for name in pairs(self.asked) do known[name] = true end
  known.live, known.format = nil, nil
  self.rules_known = known
end

function Listing:class(column)
  local words = { "at" .. (column.least or 1) }
  if column.number then words[#words + 1] = "number" end
  if column.second then words[#words + 1] = "second" end
  if column.wide then words[#words + 1] = "wide" end
  if column.long then words[#words + 1] = "long" end
  return table.concat(words, " ")
end

function Listing:head(shown)
  local columns = {}
  for i, column in ipairs(shown) do
    local sort = "column_" .. column[1]
    local here = self.asked.sortColumn == sort
    local is_ascending = self.asked.sortOrder == "asc"
    local order = here and not is_ascending and "asc" or "desc"
    if not here and not column.number then order = "asc" end
    columns[i] = {
      title = column[2], class = self:class(column),
      hint = i18n("table.sort", { column = column[2] }),
      order = here and (is_ascending and "ascending" or "descending") or nil,
      url = not column.unsorted and self:url_with {
        sortColumn = sort, sortOrder = order, currentPage = "",
      } or nil,
    }
  end
  return columns
end

function Listing:sizes()
  local sizes = {}
  for i, count in ipairs(SIZES) do
    sizes[i] = {
      count = count, here = self.asked.perPage == count,
      url = self:url_with { perPage = count, currentPage = "" },
    }
  end
  return sizes
end

--- Whether there would be more without filters.
function Listing:is_filtered()
  local function is_set(name) return ((_GET or {})[name] or "") ~= "" end
  for _, filter in ipairs(self.filters or {}) do
    if is_set(filter[1]) then return true end
  end
  for _, name in ipairs(self.also or {}) do
    if is_set(name) then return true end
  end
  return false
end

function Listing:filters_html()
  if not self.filters then return "" end
  local shown, kept, own, clear = {}, {}, {}, {}
  for i, filter in ipairs(self.filters) do
    local name, value = filter[1], (_GET or {})[filter[1]] or ""
    own[name], clear[name] = true, ""
    shown[i] = { name = name, title = filter[2], value = value,
      hint = filter.hint or "", any = filter.any }
    if filter[3] then
      shown[i].choices = {}
      for at, choice in ipairs(filter[3]) do
        shown[i].choices[at] = { choice[1], choice[2],
          here = tostring(choice[1]) == value }
      end
    end
  end
  for _, name in ipairs(self.also or {}) do clear[name] = "" end
  for name, value in pairs(self.keep or {}) do
    own[name], kept[#kept + 1] = true, { name, value }
  end
  for name, value in tables.pairsByKeys(_GET or {}) do
    if (self.rules_known[name] or name == "ifid") and not own[name]
        and name ~= "currentPage" and value ~= "" then
      kept[#kept + 1] = { name, value }
    end
  end
  return filters_html {
    url = links.to(self.url, { ifid = "" }), filters = shown, kept = kept,
    clear = self:is_filtered() and self:url_with(tables.merge(clear,
      { currentPage = "" })) or nil,
    optional = { clear = true },
  }
end

--- The rows of the page that was asked for, once.
function Listing:load()
  if not self.rows then
    self:know()
    self.rows, self.total = self.fetch(rows.skip(self.asked),
      self.asked.perPage)
  end
  return self.total
end

-- The cells of each row, and the columns that they are of.
function Listing:cells()
  local used, shown, columns = {}, {}, {}
  for i, item in ipairs(self.rows) do
    local row = { key = self.key(item) }
    for at, column in ipairs(self.columns) do
      row[at] = column.cell(item) or ""
      used[at] = used[at] or not column.optional or tostring(row[at]) ~= ""
    end
    shown[i] = row
  end
  for at, column in ipairs(self.columns) do
    if used[at] then columns[#columns + 1] = column end
  end
  for i, row in ipairs(shown) do
    local cells = { key = row.key }
    for at, cell in ipairs(row) do
      if used[at] then cells[#cells + 1] = cell end
    end
    shown[i] = cells
  end
  return shown, columns
end

local function empty_html(of)
  return template.render([[
<section class="empty" data-live="list"><h2>{{ why }}</h2><p>{{ so }}</p>
</section>]], { why = of[1], so = of[2] }, "empty")
end

--- Filters, table and what is below it, as markup.
function Listing:html()
  local total = self:load()
  local filters = self:filters_html()
  if total == 0 then
    return template.markup(filters .. empty_html(self:is_filtered()
      and self.none_filtered or self.none))
  end
  local asked = self.asked
  local first = rows.skip(asked) + 1
  local last = first + #self.rows - 1
  local is_last = last >= total
  local cells, columns = self:cells()
  return template.markup(filters .. table_html {
    columns = self:head(columns), rows = cells, caption = self.caption,
    range = i18n("table.of", { first = first, last = math.max(last, 0),
      total = total }),
    previous = asked.currentPage > 1 and self:url_with {
      currentPage = asked.currentPage > 2 and asked.currentPage - 1 or "",
    } or nil,
    next_page = not is_last and self:url_with {
      currentPage = asked.currentPage + 1,
    } or nil,
    sizes = self:sizes(),
    csv = self:url_with { format = "csv", currentPage = "" },
    json_url = self.json and links.to(self.json, self:query()) or nil,
    optional = { previous = true, next_page = true, json_url = true },
  })
end

-- What the endpoint of the same table is asked for.
function Listing:query()
  local query = {}
  for name, value in pairs(_GET or {}) do
    if self.rules_known[name] and name ~= "page" then query[name] = value end
  end
  query.perPage = self.asked.perPage
  return query
end

--- Answer with all rows as CSV.
function Listing:csv(name)
  self:know()
  headers.send {
    type = "text/csv; charset=utf-8",
    disposition = ('attachment; filename="%s.csv"'):format(name),
  }
  local line, columns = {}, {}
  for _, column in ipairs(self.columns) do
    if column.raw then
      columns[#columns + 1] = column
      line[#line + 1] = escape.csv(column[1])
    end
  end
  print(table.concat(line, ",") .. "\r\n")
  for first = 0, CSV_MOST - 1, CSV_PAGE do
    local found = self.fetch(first, CSV_PAGE)
    local lines = {}
    for i, item in ipairs(found) do
      for at, column in ipairs(columns) do
        line[at] = escape.csv(column.raw(item))
      end
      lines[i] = table.concat(line, ",")
    end
    if #lines == 0 then break end
    print(table.concat(lines, "\r\n") .. "\r\n")
    if #lines < CSV_PAGE then break end
  end
end

--- Sort rows that are all in memory, and cut the page out of them: what fetch
--- may be where the engine does not sort. `value` is of a row, by the name of
--- the column.
function listing.fetch_of(items, asked, value)
  local name = asked.sortColumn:gsub("^column_", "")
  local before = rows.is_ascending(asked) and tables.asc_insensitive
    or tables.rev_insensitive
  local sorted = tables.sort(items, function(a, b)
    return before(value(a, name), value(b, name))
  end)
  return function(first, count)
    return tables.slice(sorted, first + 1, first + count), #sorted
  end
end

return listing
