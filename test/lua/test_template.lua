-- test_template: HTML with holes.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local template = require "template"

local function render(text, values)
  return template.compile(text, "page")(values)
end

t.test("what templates make", function()
  local rows = {
    { "", {}, "" }, { "plain { % } text", {}, "plain { % } text" },
    { "{{ a }}", { a = "<b>&\"'" }, "&lt;b&gt;&amp;&quot;&#39;" },
    { "{{{ a }}}", { a = "<b>" }, "<b>" }, { "{{a}}{{a}}", { a = 1 }, "11" },
    { "{{ a.b }}", { a = {} }, "" }, { "{{{ a.b }}}", { a = {} }, "" },
    { "{{ a }}", { a = false }, "false" },
    { "{# no {{ x }} #}x", {}, "x" },
    { "{% for i = 1, 3 do %}{{ i }},{% end %}", {}, "1,2,3," },
    { "{% if a then %}yes{% else %}no{% end %}", { a = true }, "yes" },
    { "{% local x = 5 %}{{ x + 1 }}", {}, "6" },
    { "a\n{% if true then %}\nb\n  {% end %}\nc", {}, "a\nb\n  c" },
    { "{{ #list }}", { list = { 1, 2 } }, "2" },
    { "{{ ('x'):rep(3) }}", {}, "xxx" }, { "\r\n\0\\\"", {}, "\r\n\0\\\"" },
    { '<a href="{{ url(l) }}">', { l = "javascript:x" }, '<a href="#">' },
    { '<a href="{{ url(l) }}">', { l = "/x?a=1&b=2" },
      '<a href="/x?a=1&amp;b=2">' },
    { "{{ uri(a) }}", { a = "a b/c" }, "a%20b%2Fc" },
    { '<p data-x="{{ json(v) }}">', { v = { a = '"' } },
      '<p data-x="{&quot;a&quot;:&quot;\\&quot;&quot;}">' },
    { "{{{ json(v) }}}", { v = "</script><!--" },
      '"\\u003c/script\\u003e\\u003c!--"' },
    { "{{ m }}", { m = template.markup("<b>") }, "<b>" },
    { "{{ html(a) .. '<' }}", { a = "<" }, "&amp;lt;&lt;" },
    { "{{ x }}", { optional = { x = true } }, "" },
    { "{{ url }}", { optional = { url = true } }, "" },
    { "{{ string.format('%d', 5) }}", {}, "5" },
    { "{{ a\n }}", { a = 1 }, "1" },
  }
  for _, row in ipairs(rows) do
    t.same(render(row[1], row[2]), row[3], row[1])
  end
end)

t.test("hostile values stay text", function()
  local values = { "{{ x }}", "%}", "]]", "\0<script>", "\xFF<\xC3", "' onx='",
    "{% os.exit() %}" }
  for _, value in ipairs(values) do
    local got = render('<p title="{{ v }}">{{ v }}</p>', { v = value })
    local inside = got:match('^<p title="([^"<>]*)">[^<>]*</p>$')
    t.ok(inside and utf8.len(inside), value)
  end
end)

t.test("errors tell name and line", function()
  local rows = {
    { "\n\n{{ a", "page:3: {{ without }}" },
    { "{{{ a }}", "page:1: {{{ without }}}" },
    { "{% a", "page:1: {% without %}" }, { "{# a", "page:1: {# without #}" },
    { "x\n{{ }}", "page:2: an empty {{" }, { "{{{}}}", "page:1: an empty" },
    { "a\nb\n{{ 1 + }}", "page:3: unexpected symbol" },
    { "\n{{ 1) os.exit( }}", "page:2: " }, { "{{ a -- b }}", "page:1: " },
    { "{{ a; b }}", "page:1: " }, { "{{ if }}", "page:1: " },
    { "\n{% if true then -- why %}", "page:2: a comment" },
    { "a\n{% x x %}\n", "page:2: " }, { "a\n{% end %}\n", "page:2: " },
    { "{% for i = 1, 2 do %}\nx\n", "page:3: 'end' expected" },
    { "{{ return 1 }}", "page:1: " },
  }
  for _, row in ipairs(rows) do
    t.boom(template.compile, { row[1], "page" }, row[1], row[2])
  end
end)

t.test("errors of values tell name and line, too", function()
  local rows = {
    { "\n\n{{ nope }}", "page:3: no value 'nope' for template page" },
    { "{# a\nb #}\n{{ a.b.c }}", "page:3: attempt to index" },
    { "a\n{% if true then %}\n{{ nope }}{% end %}", "page:3: no value" },
    { "{{ 'a\\\nb' }}\n{{ nope }}", "page:3: no value" },
    { "{{ os.execute }}{{ os.exit() }}", "page:1: attempt to call" },
    { "{{ io }}", "no value 'io'" }, { "{{ require }}", "no value" },
    { "{{ _G }}", "no value" }, { "{{ load }}", "no value" },
    { "{{ print }}", "no value" },
  }
  for _, row in ipairs(rows) do
    t.boom(render, { row[1], { a = {} } }, row[1], row[2])
  end
end)

t.test("a template within a file has the file's lines", function()
  t.boom(template.compile, { "a\n{{ }}", "file", 40 }, "compile", "file:41:")
  t.boom(template.compile("\n{{ x }}", "file", 40), { {} }, "run", "file:41:")
end)

t.test("values do not leak", function()
  local page = template.compile("{% y = 1 %}{{ y }}{{ x }}", "page")
  local values = { x = 2 }
  t.same(page(values), "12")
  t.same(values, { x = 2 }, "the values")
  t.same(rawget(_G, "y"), nil, "the globals")
  t.same(page { x = 3 }, "13")
end)

t.test("render compiles once", function()
  local load_before, count = load, 0
  load = function(...)
    count = count + 1
    return load_before(...)
  end
  template.render("once {{ a }}", { a = 1 }, "once")
  local first = count
  t.same(template.render("once {{ a }}", { a = 2 }, "once"), "once 2")
  load = load_before
  t.same(count, first)
end)

t.done()
