-- sankey: who sends how much to whom, as ribbons between columns.
-- SPDX-License-Identifier: MIT

local figures = require "figures"
local tables = require "tables"
local template = require "template"

local sankey = {}

local WIDTH, BAR, GAP = 1000, 10, 14
local EACH, MOST = 44, 360 -- of the height: for a node, and at all
local COLOURS = 9

-- Nodes of a column, the largest first, one below the other.
local function stack(nodes, scale, x)
  local y = 0
  for _, node in ipairs(nodes) do
    node.x, node.y, node.height = x, y, math.max(1.5, node.value * scale)
    node.out, node.into = node.y, node.y
    y = y + node.height + GAP
  end
end

local function columns_of(ribbons)
  local columns, known, last = {}, {}, 1
  local function add(of, value, side)
    local node = known[of.id]
    if not node then
      node = { label = of.label, url = of.url, column = of.column, left = 0,
        right = 0 }
      known[of.id] = node
      columns[of.column] = columns[of.column] or {}
      table.insert(columns[of.column], node)
      last = math.max(last, of.column)
    end
    node[side] = node[side] + value
    node.value = math.max(node.left, node.right)
  end
  for _, ribbon in ipairs(ribbons) do
    add(ribbon.from, ribbon.value, "right")
    add(ribbon.to, ribbon.value, "left")
  end
  return columns, known, last
end

local drawing = template.compile([[
<svg class="sankey" viewBox="0 0 {{ width }} {{ height }}" role="group"
 aria-label="{{ label }}">
{% for _, one in ipairs(ribbons) do %}
<path class="ribbon k{{ one.colour }}" d="{{ one.path }}"><title>{{ one.title
}}</title></path>
{% end %}
{% for _, node in ipairs(nodes) do %}
<a href="{{ url(node.url) }}"><rect class="k{{ node.colour }}" x="{{ node.x }}"
 y="{{ node.y }}" width="{{ bar }}" height="{{ node.height }}"/><text
 x="{{ node.text_x }}" y="{{ node.text_y }}" text-anchor="{{ node.anchor }}">{{
 node.short }}<title>{{ node.title }}</title></text></a>
{% end %}
</svg>
]], "sankey")

local function short(text)
  if utf8.len(text) and utf8.len(text) > 28 then
    return text:sub(1, utf8.offset(text, 27) - 1) .. "…"
  end
  return text
end

local function number(value)
  return ("%.1f"):format(value)
end

-- A band between two edges.
local function band(x1, top1, x2, top2, height)
  local middle = (x1 + x2) / 2
  return ("M%.1f,%.1f C%.1f,%.1f %.1f,%.1f %.1f,%.1f V%.1f "
    .. "C%.1f,%.1f %.1f,%.1f %.1f,%.1f Z"):format(x1, top1, middle, top1,
    middle, top2, x2, top2, top2 + height, middle, top2 + height, middle,
    top1 + height, x1, top1 + height)
end

local function draw_node(node, colour, last)
  local is_right = node.column == last
  return {
    url = node.url, colour = colour, x = number(node.x), y = number(node.y),
    height = number(node.height), short = short(node.label),
    title = node.label, anchor = is_right and "end" or "start",
    text_x = number(is_right and node.x - 6 or node.x + BAR + 6),
    text_y = number(node.y + node.height / 2 + 4),
  }
end

--- Ribbons {from, to, value} between nodes {id, label, url, column}; columns
--- count from 1. Few, as they are to be told apart: a dozen or two.
function sankey.draw(ribbons, label)
  if #ribbons == 0 then return template.markup("") end
  local columns, known, last = columns_of(ribbons)
  local scale, height = math.huge, 0
  for _, nodes in pairs(columns) do
    height = math.max(height, math.min(MOST, EACH * #nodes))
  end
  for _, nodes in pairs(columns) do
    tables.sort(nodes, function(a, b) return a.value > b.value end)
    local sum = 0
    for _, node in ipairs(nodes) do sum = sum + node.value end
    scale = math.min(scale, (height - GAP * (#nodes - 1)) / sum)
  end
  local shown, at = {}, 0
  for column, nodes in tables.pairsByKeys(columns) do
    stack(nodes, scale, (WIDTH - BAR) * (column - 1) / math.max(1, last - 1))
    for _, node in ipairs(nodes) do
      at = at + 1
      node.colour = (at - 1) % COLOURS + 1
      shown[at] = draw_node(node, node.colour, last)
    end
  end
  -- Those that end higher leave higher: they cross less.
  tables.sort(ribbons, function(a, b)
    return known[a.to.id].y < known[b.to.id].y
  end)
  local bands = {}
  for i, ribbon in ipairs(ribbons) do
    local from, to = known[ribbon.from.id], known[ribbon.to.id]
    local width = ribbon.value * scale
    bands[i] = {
      colour = from.colour,
      path = band(from.x + BAR, from.out, to.x, to.into, width),
      title = ("%s – %s: %s"):format(from.label, to.label,
        sankey.amount(ribbon.value)),
    }
    from.out, to.into = from.out + width, to.into + width
  end
  return template.markup(drawing { width = WIDTH, height = height + 14,
    bar = BAR, ribbons = bands, nodes = shown, label = label })
end

--- Bytes as plain text.
function sankey.amount(bytes)
  return (tostring(figures.bytes(bytes)):gsub("<[^>]*>", ""))
end

return sankey
