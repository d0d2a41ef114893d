-- facts: what is known of one thing, a row each.
-- SPDX-License-Identifier: MIT
--
--   local list = facts.new()
--   list:add(t "flow.application", links.application(name))
--   list:html(t "flow.details")

local template = require "template"

local facts = {}

local Facts = {}
Facts.__index = Facts

function facts.new()
  return setmetatable({ rows = {} }, Facts)
end

local function is_empty(value)
  return value == nil or value == "" or tostring(value) == ""
end

--- A row with one value, or with several; without any it is left out. Values
--- are text or markup.
function Facts:add(label, ...)
  local values = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if not is_empty(value) then values[#values + 1] = value end
  end
  if #values > 0 then
    self.rows[#self.rows + 1] = { label = label, values = values }
  end
  return self
end

local html = template.compile([[
<section class="card flush" data-live="{{ name }}">
<table class="list facts"><caption>{{ caption }}</caption><tbody>
{% for _, row in ipairs(rows) do %}
<tr><th scope="row">{{ row.label }}</th><td>
{% for _, value in ipairs(row.values) do %}
<span>{{ value }}</span>
{% end %}
</td></tr>
{% end %}
</tbody></table></section>
]], "facts")

--- A card; nothing when there are no rows. `name` is for what is live.
function Facts:html(caption, name)
  if #self.rows == 0 then return template.markup("") end
  return template.markup(html { rows = self.rows, caption = caption,
    name = name or "facts" })
end

--- "Label value", for a value beside others.
function facts.labelled(label, value)
  if is_empty(value) then return nil end
  return template.part("<small>{{ label }}</small> {{ value }}",
    { label = label, value = value }, "labelled")
end

local pairs_html = template.compile([[
<table class="list"><caption>{{ caption }}</caption>
<thead><tr>{% for i, head in ipairs(heads) do %}
<th scope="col"{% if i > 1 then %} class="{{ class }}"{% end %}>{{ head }}</th>
{% end %}</tr></thead><tbody>
{% for _, row in ipairs(rows) do %}
<tr>{% for i, cell in ipairs(row) do %}
{% if i == 1 then %}<th scope="row">{{ cell }}</th>{% else %}
<td class="{{ class }}">{{ cell }}</td>{% end %}
{% end %}</tr>
{% end %}
</tbody></table>
]], "matrix")

--- A table of few numbers, or of texts: heads of its columns, rows of a label
--- and what belongs to it.
function facts.matrix(caption, heads, rows, is_text)
  return template.markup(pairs_html { caption = caption, heads = heads,
    rows = rows, class = is_text and "text" or "number" })
end

local card_html = template.compile([[
<section class="card{% if flush then %} flush{% end %}{% if size then %} {{
 size }}{% end %}"{% if live then %} data-live="{{ live }}"{% end %}{%
 if flush then %} tabindex="0"{% end %}>
{% if title then %}<header><h2>{{ title }}</h2>
{% if more then %}<a href="{{ url(link) }}">{{ more }}</a>{% end %}</header>
{% end %}
{{ body }}</section>
]], "card")

--- A card: title, body, and maybe size (half, third, two-thirds), live (its
--- name), link and more (where to, and its text), flush (no space around).
function facts.card(card)
  card.optional = { flush = true, size = true, live = true, title = true,
    more = true }
  return template.markup(card_html(card))
end

--- Cards in a grid.
function facts.grid(cards)
  local parts = {}
  for i, card in ipairs(cards) do parts[i] = tostring(card) end
  return template.markup('<div class="grid">' .. table.concat(parts)
    .. "</div>")
end

return facts
