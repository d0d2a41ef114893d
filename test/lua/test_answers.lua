-- test_answers: headers, users, tables, traces, parameters.
-- SPDX-License-Identifier: MIT

local t = require "harness"
local program = require "program"
local json = require "json"
local parameters = require "parameters"
local http_lint = require "http_lint"

local function fresh(with)
  program.forget("headers", "access")
  _G._SESSION, _G._SERVER = nil, nil
  return program.start(with)
end

--- The status line and the lines of the headers by their names.
local function parsed(text)
  local head, body = text:match("^(.-)\r\n\r\n(.*)$")
  local status, found = nil, {}
  for line in (head .. "\r\n"):gmatch("(.-)\r\n") do
    if not status then
      status = line
    else
      local name, value = line:match("^([%w-]+): (.*)$")
      assert(name, line)
      found[name] = found[name] and found[name] .. " | " .. value or value
    end
  end
  return status, found, body
end

t.test("sendHTTPHeader", function()
  local state = fresh()
  _G._SESSION = { session = "0123abc", user = "jo" }
  require("headers").sendHTTPHeader("text/html", "attachment; filename=x")
  local status, h, body = parsed(state.printed[1])
  t.same(status, "HTTP/1.1 200 OK")
  t.ok(h["Cache-Control"]:find("no-cache", 1, true), "Cache-Control")
  t.same(h.Server, "ntopng 3.0 [test]")
  t.same(h.Pragma, "no-cache")
  t.same(h["X-Frame-Options"], "DENY")
  t.same(h["X-Content-Type-Options"], "nosniff")
  t.ok(h["Set-Cookie"]:find("^session=0123abc; max%-age=3600; path=/; "
    .. "HttpOnly"), "cookie")
  t.same(h["Content-Type"], "text/html")
  t.same(h["Content-Disposition"], "attachment; filename=x")
  t.ok(h["Last-Modified"]:find("^%a%a%a, %d%d %a%a%a %d%d%d%d [%d:]+ GMT$"),
    "date")
  t.same(body, "")
  t.same(#state.printed, 1, "printed at once")
end)

t.test("the other headers", function()
  local state = fresh()
  _G._SESSION = { session = "0123abc" }
  local headers = require "headers"
  headers.sendHTTPContentTypeHeader("text/plain")
  headers.sendHTTPContentTypeHeader("text/csv", nil, "iso-8859-1")
  headers.sendHTTPHeaderLogout("text/html")
  headers.sendHTTPHeaderIfName("text/html", "eth0;x", 60)
  local _, plain = parsed(state.printed[1])
  t.same(plain["Content-Type"], "text/plain; charset=utf-8")
  local _, csv = parsed(state.printed[2])
  t.same(csv["Content-Type"], "text/csv; charset=iso-8859-1")
  local _, logout = parsed(state.printed[3])
  t.ok(logout["Set-Cookie"]:find("max-age=0;", 1, true), "logout")
  local _, named = parsed(state.printed[4])
  t.ok(named["Set-Cookie"]:find("max-age=60;", 1, true), "age")
  t.ok(named["Set-Cookie"]:find("ifname=eth0%3Bx; path=/", 1, true), "ifname")
end)

t.test("no session, no cookie; no value adds a header", function()
  local state = fresh()
  local headers = require "headers"
  headers.sendHTTPHeader("text/html\r\nX-Evil: 1", "a\nb\0c")
  local status, h = parsed(state.printed[1])
  t.same(status, "HTTP/1.1 200 OK")
  t.same(h["Set-Cookie"], nil)
  t.same(h["X-Evil"], nil)
  t.same(h["Content-Type"], "text/html X-Evil: 1")
  for _, session in ipairs { "a\r\nX-Evil: 1", "a; Domain=x", "a b", "", 'a"',
    "\xFF" } do
    _G._SESSION = { session = session }
    headers.sendHTTPHeader("text/html")
    local _, more = parsed(state.printed[#state.printed])
    t.same(more["Set-Cookie"], nil, session)
  end
end)

t.test("administrators", function()
  local state = fresh()
  local access = require "access"
  t.same(access.isAdministrator(), true)
  t.same(access.haveAdminPrivileges(), true)
  t.same(#state.printed, 0)
  for _, group in ipairs { "unprivileged", "captive_portal", "unknown", "",
    "Administrator" } do
    state = fresh { group = group }
    access = require "access"
    t.same(access.isAdministrator(), false, group)
    t.same(access.haveAdminPrivileges(), false, group)
    t.same((parsed(state.printed[1])), "HTTP/1.1 403 Forbidden")
    t.ok(state.printed[2]:find("administrators"), "words")
  end
end)

t.test("once the answer has begun, refusing adds no second header", function()
  local state = fresh { group = "unprivileged" }
  require("headers").sendHTTPHeader("text/html")
  require("access").haveAdminPrivileges()
  t.same(#state.printed, 2)
  t.ok(not state.printed[2]:find("HTTP/1.1", 1, true), "no status line")
end)

t.test("getRedisPrefix", function()
  fresh()
  local access = require "access"
  t.same(access.getRedisPrefix "ntopng.prefs", "ntopng.prefs")
  for user, key in pairs { jo = "a.jo", [""] = "a", nologin = "a" } do
    _G._SESSION = { user = user }
    t.same(access.getRedisPrefix "a", key, user)
  end
end)

t.test("what users prefer in tables", function()
  local state = fresh()
  _G._SESSION = { user = "jo" }
  local access = require "access"
  t.same(access.getDefaultTableSort "hosts", "column_")
  t.same(access.getDefaultTableSortOrder "hosts", "desc")
  t.same(access.getDefaultTableSize(), 10)
  access.tablePreferences("sort_hosts", "column_name")
  access.tablePreferences("sort_order_hosts", "asc")
  access.tablePreferences("rows_number", 50)
  t.same(state.hashes["ntopng.prefs.table.jo"], { sort_hosts = "column_name",
    sort_order_hosts = "asc", rows_number = "50" })
  t.same(access.getDefaultTableSort "hosts", "column_name")
  t.same(access.getDefaultTableSortOrder "hosts", "asc")
  t.same(access.getDefaultTableSize(), 50)
  t.same(access.tablePreferences "sort_hosts", "column_name")
  for _, rows in ipairs { "0", "-5", "1001", "x", "1e3", "99999999999999999999",
    "5.5" } do
    access.tablePreferences("rows_number", rows)
    t.same(access.getDefaultTableSize(), 10, rows)
  end
  for _, column in ipairs { "name", "column_<x>", "column_a b", "'" } do
    access.tablePreferences("sort_hosts", column)
    t.same(access.getDefaultTableSort "hosts", "column_", column)
  end
  access.tablePreferences("sort_order_hosts", "sideways")
  t.same(access.getDefaultTableSortOrder "hosts", "desc")
end)

t.test("getThroughputType", function()
  local state = fresh()
  local access = require "access"
  for stored, want in pairs { [""] = "bps", bps = "bps", pps = "pps",
    other = "bps" } do
    state.cache["ntopng.prefs.thpt_content"] = stored
    t.same(access.getThroughputType(), want, stored)
  end
end)

t.test("traceError", function()
  local state = fresh()
  local trace = require "trace"
  trace.traceError(trace.TRACE_ERROR, trace.TRACE_WEB, "<b>\27[1m")
  t.ok(state.printed[1]:find("test_answers.lua:%d+: error: &lt;b&gt;\\027"),
    state.printed[1])
  trace.traceError(trace.TRACE_DEBUG, trace.TRACE_WEB, "quiet")
  t.same(#state.printed, 1, "details only where asked for")
  state.verbose = true
  trace.traceError(trace.TRACE_DEBUG, trace.TRACE_WEB, "loud")
  t.ok(state.printed[2]:find("debug: loud"), "debug")
  trace.traceError("strange", trace.TRACE_WEB, nil)
  t.ok(state.printed[3]:find("error: "), "an unknown level")
end)

t.test("traceError for the console", function()
  local state = fresh()
  local trace, io_before = require "trace", io
  local function traced(with)
    io = with
    trace.traceError(trace.TRACE_ERROR, trace.TRACE_CONSOLE, "a\nb")
    io = io_before
  end
  local wrote = {}
  local function keep(...) wrote[#wrote + 1] = table.concat({ ... }) end
  traced { stderr = { write = function(_, ...) keep(...) end } }
  traced { write = keep }
  traced(nil)
  t.same(#wrote, 2)
  t.ok(wrote[1]:find("error: a\\010b\n$"), wrote[1])
  t.same(#state.printed, 1)
  _G._SERVER = {}
  traced(nil)
  t.same(#state.printed, 1, "never to the client of a page")
end)

-- Parameters -----------------------------------------------------------------

local GOOD = {
  { "integer", "5", 5 }, { "integer", "-5", -5 }, { "integer", "007", 7 },
  { "integer", "9223372036854775807", math.maxinteger },
  { { "integer", min = 1, max = 10 }, "10", 10 },
  { "number", "1.5", 1.5 }, { "number", "-1e3", -1000.0 }, { "number", "7", 7 },
  { "boolean", "true", true }, { "boolean", "0", false },
  { "string", "any <text> \u{E9}", "any <text> \u{E9}" },
  { "word", "historical-flows", "historical-flows" },
  { { "choice", of = { "a", "b" } }, "b", "b" },
  { "ip", "10.0.0.1", "10.0.0.1" }, { "ip", "fe80::1", "fe80::1" },
  { "mac", "aa:bb:cc:dd:ee:ff", "AA:BB:CC:DD:EE:FF" },
  { "network", "10.0.0.0/8", "10.0.0.0/8" },
  { "vlan", "4095", 4095 }, { "port", "65535", 65535 },
  { "ip_version", "4", 4 }, { "ip_version", "6", 6 },
  { "epoch", "1497300991", 1497300991 }, { "sort_order", "desc", "desc" },
  { "host", "10.0.0.1@5", { host = "10.0.0.1", vlan = 5 } },
  { "host", "::1", { host = "::1", vlan = 0 } },
  { "host", "00:11:22:33:44:55", { host = "00:11:22:33:44:55", vlan = 0 } },
  { "host_text", "www.example.com", "www.example.com" },
  { "host_text", "10.0.0.0/8", "10.0.0.0/8" },
  { "host_text", "a_b@12", "a_b@12" },
  { { "list", each = "ip" }, "1.1.1.1,::1", { "1.1.1.1", "::1" } },
  { { "string", pattern = "^column_%w+$" }, "column_ip", "column_ip" },
}

local BAD = {
  { "integer", "5.0" }, { "integer", "x" }, { "integer", " 5" },
  { "integer", "0x10" }, { "integer", "9223372036854775808" },
  { "integer", "1e3" }, { "integer", "--5" }, { "integer", "5\n" },
  { { "integer", min = 1, max = 10 }, "0" },
  { { "integer", min = 1, max = 10 }, "11" }, { { "integer", min = 0 }, "-1" },
  { { "integer", max = 3 }, "4" },
  { "number", "1e999" }, { "number", "nan" }, { "number", "inf" },
  { "number", "1.5.5" }, { "number", "0x1p4" }, { "number", "1e" },
  { "boolean", "yes" }, { "boolean", "TRUE" }, { "boolean", "2" },
  { "string", "a\0b" }, { "string", "a\r\nb" }, { "string", "\xFF" },
  { "string", ("x"):rep(1025) }, { { "string", max = 3 }, "abcd" },
  { { "string", pattern = "^column_%w+$" }, "ip" },
  { "word", "../etc/passwd" }, { "word", "a/b" }, { "word", "<x>" },
  { "word", "a..b" }, { "word", ".hidden" }, { "word", ("x"):rep(129) },
  { { "choice", of = { "a", "b" } }, "c" }, { { "choice", of = { "a" } }, "A" },
  { "ip", "10.0.0.1@5" }, { "ip", "10.0.0" }, { "ip", "host" },
  { "mac", "aa:bb" }, { "network", "10.0.0.0" }, { "vlan", "4096" },
  { "vlan", "-1" }, { "port", "65536" }, { "port", "http" },
  { "ip_version", "5" }, { "ip_version", "4.0" }, { "epoch", "-1" },
  { "epoch", "253402300800" }, { "epoch", "now" }, { "sort_order", "up" },
  { "host", "www.example.com" }, { "host", "10.0.0.1@4096" },
  { "host", "10.0.0.1@" }, { "host", "<script>" },
  { "host_text", "<script>" }, { "host_text", "a b" }, { "host_text", "a/b" },
  { "host_text", ("x"):rep(256) }, { "host_text", "'" },
  { { "list", each = "ip" }, "1.1.1.1,x" }, { { "list", each = "ip" }, "," },
  { { "list", each = "ip", max = 2 }, "1.1.1.1,1.1.1.1,1.1.1.1" },
}

t.test("parameters of a right type", function()
  for _, row in ipairs(GOOD) do
    local values, problem = parameters.read({ a = row[2] }, { a = row[1] })
    t.same(values and values.a, row[3], row[2] .. tostring(problem or ""))
  end
end)

t.test("parameters of a wrong type", function()
  for _, row in ipairs(BAD) do
    local values, problem = parameters.read({ name = row[2] },
      { name = row[1] })
    t.same(values, nil, row[2])
    t.same(problem and problem.status, 400, row[2])
    t.ok(problem and tostring(problem):find("^name: must be "), row[2])
    t.ok(problem and not tostring(problem):find("[<>%c\128-\255]"), row[2])
  end
end)

t.test("missing, empty, default, required, unknown", function()
  local rules = { a = { "integer", default = 5 }, b = "ip",
    c = { "ip", required = true } }
  t.same(parameters.read({ c = "::1", x = "<>" }, rules), { a = 5, c = "::1" })
  t.same(parameters.read({ c = "::1", a = "", b = "" }, rules),
    { a = 5, c = "::1" })
  local _, problem = parameters.read({ a = "x", b = "y" }, rules)
  t.same(problem.parameters, { "a", "b", "c" })
  t.same(tostring(problem), "a: must be a whole number; b: must be an IP "
    .. "address; c: must be given")
  t.same(select(2, parameters.read(nil, rules)).parameters, { "c" })
  t.same(parameters.read({}, { a = { "boolean", default = false } }),
    { a = false })
  t.boom(parameters.read, { { a = "1" }, { a = "nothing" } }, "a type",
    "no type 'nothing'")
end)

t.test("need() ends the run with the problem; refuse() answers", function()
  local state = fresh()
  program.forget("parameters")
  local p = require "parameters"
  t.same(p.need({ a = "1" }, { a = "integer" }), { a = 1 })
  local good, problem = pcall(p.need, { a = "<b>" }, { a = "integer" })
  t.ok(not good and problem.status == 400, "the object")
  p.refuse(problem)
  local status, h, body = parsed(table.concat(state.printed))
  t.same(status, "HTTP/1.1 400 Bad Request")
  t.same(h["Content-Type"], "application/json; charset=utf-8")
  t.same(json.decode(body),
    { status = 400, error = "a: must be a whole number" })
end)

t.test("http_lint", function()
  local good = { host = "10.0.0.1@5", ifid = "0", perPage = "10", vlan = "",
    sortColumn = "column_thpt", sortOrder = "asc", page = "overview",
    p_mine = "<any>", other = "<any>", version = "4", mode = "local",
    epoch_begin = "0", application = "TLS.Amazon", currentPage = "1",
    shaper_1 = "x", _ = "123" }
  t.same(http_lint.check(good), true)
  t.same(http_lint.check {}, true)
  t.same(http_lint.check(nil), true)
  for name, value in pairs { host = "<x>", ifid = "eth0", perPage = "1001",
    vlan = "x", sortColumn = "ip", sortOrder = "up", page = "../x",
    version = "5", epoch = "soon", currentPage = "-1", asn = "AS5",
    query = "a\0", hosts = "a,,b", port = "70000", mac = "x" } do
    local fine, problem = http_lint.check { [name] = value }
    t.same(fine, false, name)
    t.same(problem and problem.parameters, { name }, name)
  end
end)

t.done()
