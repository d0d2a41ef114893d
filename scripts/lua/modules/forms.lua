-- forms: fields with labels, and what became of them.
-- SPDX-License-Identifier: MIT

local template = require "template"

local forms = {}

local html = template.compile([[
<form class="card form" method="post" action="{{ url }}">
<input type="hidden" name="csrf" value="{{ csrf }}">
{% if done then %}<p class="note" role="status">{{ done }}</p>{% end %}
{% for _, problem in ipairs(problems) do %}
<p class="note bad" role="alert">{{ problem }}</p>
{% end %}
{% if title then %}<h2>{{ title }}</h2>{% end %}
{% for i, field in ipairs(fields) do %}
<div class="row"><div><label for="{{ field.id }}">{{ field.label }}</label>
{% for _, note in ipairs(field.notes) do %}<small>{{ note }}</small>
{% end %}</div>
<div class="end">
{% if field.type == "boolean" then %}
<input type="checkbox" id="{{ field.id }}" name="{{ field.name }}" value="1"{%
 if field.value == "1" then %} checked{% end %}>
{% elseif field.type == "choice" then %}
<select id="{{ field.id }}" name="{{ field.name }}">
{% for _, choice in ipairs(field.choices) do %}
<option value="{{ choice.value }}"{% if choice.here then %} selected{% end %}>{{
 choice.text }}</option>
{% end %}
</select>
{% else %}
<input id="{{ field.id }}" name="{{ field.name }}" value="{{ field.value }}"
 type="{{ field.input }}"{% if field.type == "integer" then %} min="{{
 field.min }}" max="{{ field.max }}"{% elseif field.max then %} maxlength="{{
 field.max }}"{% end %}{% if field.hint then %} placeholder="{{ field.hint
 }}"{% end %}{% if field.required then %} required{% end %}
 autocomplete="{{ field.complete }}">
{% if field.unit then %}<small>{{ field.unit }}</small>{% end %}
{% end %}
</div></div>
{% end %}
<div class="end"><button class="button">{{ button }}</button></div>
</form>
]], "form")

local INPUTS = { integer = "number", password = "password" }

local function choices_of(field)
  local choices = {}
  for i, choice in ipairs(field.choices or {}) do
    local value, text = choice, choice
    if type(choice) == "table" then
      value, text = choice[1], choice[2]
    else
      text = choice:gsub("_", " ")
    end
    choices[i] = { value = value, text = text, here = value == field.value }
  end
  return choices
end

--- A form: url, fields, button, and maybe title, problems (texts), done (a
--- text). A field: name, label, type (boolean, integer, choice, text,
--- password), and maybe value, choices (texts, or {value, text}), min, max,
--- unit, hint, notes, required, complete (autocomplete), is_secret.
function forms.html(form)
  local fields = {}
  for i, field in ipairs(form.fields) do
    fields[i] = {
      id = "field-" .. field.name, name = field.name, label = field.label,
      type = field.type, value = field.value or "", min = field.min,
      max = field.max, unit = field.unit, hint = field.hint,
      notes = field.notes or {}, required = field.required,
      choices = field.type == "choice" and choices_of(field) or {},
      complete = field.complete or "off",
      input = field.is_secret and "password" or INPUTS[field.type] or "text",
    }
  end
  return template.markup(html {
    url = form.url, fields = fields, button = form.button,
    problems = form.problems or {}, done = form.done, title = form.title,
    csrf = (_SESSION or {}).csrf or "",
    optional = { done = true, title = true },
  })
end

local button = template.compile([[
<form class="inline" method="post" action="{{ url }}">
<input type="hidden" name="csrf" value="{{ csrf }}">
{% for name, value in pairs(fields) do %}
<input type="hidden" name="{{ name }}" value="{{ value }}">
{% end %}
<button class="button {{ class }}" title="{{ title }}">{{ text }}</button>
</form>
]], "button")

--- A button that posts: url, fields (names and values), text, title, class.
function forms.button(of)
  return template.markup(button { url = of.url, fields = of.fields,
    text = of.text, title = of.title or of.text, class = of.class or "quiet",
    csrf = (_SESSION or {}).csrf or "" })
end

return forms
