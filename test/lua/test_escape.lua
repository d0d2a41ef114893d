-- test_escape: nothing that strangers send leaves its place.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local escape = require "escape"

local FFFD = "\u{FFFD}"

local function rows(name, call, list)
  t.test(name, function()
    for _, row in ipairs(list) do
      t.same(call(row[1]), row[2], ("%q"):format(tostring(row[1])))
    end
  end)
end

rows("text that is not UTF-8 is replaced", escape.utf8, {
  { "", "" }, { "abc", "abc" }, { "\u{E9}\u{1F600}", "\u{E9}\u{1F600}" },
  { "a\xFFb", "a" .. FFFD .. "b" },
  { "\xC3", FFFD }, { "\xC3(", FFFD .. "(" },
  { "\x80\x80", FFFD .. FFFD },
  { "\xED\xA0\x80", FFFD }, -- a surrogate
  { "\xC0\xAF", FFFD .. FFFD }, -- too long a form of /
  { "\xF5\x80\x80\x80", FFFD:rep(4) }, -- beyond U+10FFFF
  { "\xE2\x82", FFFD .. FFFD },
})

rows("HTML", escape.html, {
  { "plain", "plain" }, { 5, "5" },
  { "<script>", "&lt;script&gt;" },
  { [["><img src=x onerror='alert(1)'>]],
    "&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;" },
  { "a&amp;b", "a&amp;amp;b" }, { "`", "&#96;" },
  { "a\0b", "a" .. FFFD .. "b" }, { "a\27[31m", "a" .. FFFD .. "[31m" },
  { "\xFF<", FFFD .. "&lt;" }, { "line\nline\t.", "line\nline\t." },
  { false, "false" },
})

rows("JSON within a page", escape.json, {
  { "plain", "plain" }, { 'a"b', 'a\\"b' }, { "a\\b", "a\\\\b" },
  { "</script>", "\\u003c/script\\u003e" }, { "a\nb", "a\\nb" },
  { "\0\1\127", "\\u0000\\u0001\\u007f" }, { "\u{2028}", "\\u2028" },
  { "\u{2029}", "\\u2029" }, { "\xFF", FFFD }, { "'&", "\\u0027\\u0026" },
})

rows("CSV", escape.csv, {
  { "plain", "plain" }, { 12, "12" }, { "-12.5", "-12.5" }, { "+3", "+3" },
  { "a,b", '"a,b"' }, { 'a"b', '"a""b"' }, { "a\r\nb", '"a\r\nb"' },
  { " a ", '" a "' }, { "a;b", '"a;b"' },
  { "=1+1", "'=1+1" }, { "+1+1", "'+1+1" }, { "-1+1", "'-1+1" },
  { "@SUM(A1)", "'@SUM(A1)" }, { "\t=1", "\"'\t=1\"" },
  { "  =1", "'  =1" }, { '=cmd|"/c"!A1', "\"'=cmd|\"\"/c\"\"!A1\"" },
  { "\u{FF1D}1", "'\u{FF1D}1" }, { "-", "'-" }, { "\rx", "\"'\rx\"" },
})

rows("a part of a URL", escape.uri, {
  { "plain-._~", "plain-._~" }, { "a b", "a%20b" }, { "a/b", "a%2Fb" },
  { "..", ".." }, { "a&b=c", "a%26b%3Dc" }, { "\r\n", "%0D%0A" },
  { "\u{E9}", "%C3%A9" }, { "\xFF", "%EF%BF%BD" }, { "%41", "%2541" },
  { '"<>', "%22%3C%3E" },
})

rows("a value in a query", escape.query, {
  { "10.0.0.1@5", "10.0.0.1@5" }, { "fe80::1", "fe80::1" },
  { "10.0.0.0/8", "10.0.0.0/8" }, { "a&b", "a%26b" }, { "a#b", "a%23b" },
  { "a'b\"", "a%27b%22" }, { "a+b c", "a%2Bb%20c" },
})

rows("and back", escape.unescape, {
  { "a%20b+c", "a b c" }, { "%41%e9", "A\xE9" }, { "100%", "100%" },
  { "%zz%4", "%zz%4" }, { "", "" }, { "%%41", "%A" },
})

rows("a place to link to", escape.url, {
  { "/lua/x.lua?a=b", "/lua/x.lua?a=b" }, { "x.lua#y", "x.lua#y" },
  { "http://a/", "http://a/" }, { "HTTPS://a/", "HTTPS://a/" },
  { "?a=b:c", "?a=b:c" }, { "a/b:c", "a/b:c" },
  { "javascript:alert(1)", "#" }, { "JaVaScRiPt:x", "#" },
  { "java\nscript:x", "#" }, { " javascript:x", "#" },
  { "data:text/html,x", "#" }, { "vbscript:x", "#" },
  { "//evil/", "#" }, { "\\\\evil", "%5C%5Cevil" }, { "/\\evil", "/%5Cevil" },
  { "\0javascript:x", "#" }, { "mailto:a", "#" },
})

rows("a header's value", escape.header, {
  { "text/html", "text/html" }, { "a\r\nX: y", "a X: y" },
  { "a\0b", "a b" }, { "\u{E9}", "??" }, { "a\nb", "a b" }, { 5, "5" },
})

rows("a line of a log", escape.line, {
  { "plain", "plain" }, { "a\27[2J", "a\\027[2J" }, { "a\nb", "a\\010b" },
  { "\u{9B}31m", FFFD .. "31m" }, { "\xFF", FFFD }, { "\127", "\\127" },
})

t.test("nil is the empty text", function()
  for _, name in ipairs { "html", "json", "csv", "uri", "query", "unescape",
    "url", "header", "line" } do
    t.same(escape[name](nil), "", name)
  end
end)

t.test("all bytes, everywhere: what comes out is UTF-8", function()
  local all = {}
  for byte = 0, 255 do all[#all + 1] = string.char(byte) end
  for _, text in ipairs { table.concat(all), table.concat(all):reverse() } do
    for _, name in ipairs { "html", "json", "csv", "uri", "query", "url",
      "header", "line" } do
      t.ok(utf8.len(escape[name](text)), name)
    end
    t.ok(not escape.html(text):find("[<>\"'`%z\1-\8]"), "html")
    t.ok(not escape.json(text):find("[<>%z\1-\31]"), "json")
    t.ok(not escape.header(text):find("[%z\1-\31\127-\255]"), "header")
  end
end)

t.done()
