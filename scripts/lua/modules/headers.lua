-- headers: the beginning of an HTTP answer.
-- SPDX-License-Identifier: MIT
--
-- A page prints its whole answer, from the status line on. Whatever goes into
-- a header is made one line of ASCII, so no value can add another header.

local escape = require "escape"
local json = require "json"

local headers = {}

local REASONS = {
  [200] = "OK",
  [400] = "Bad Request",
  [403] = "Forbidden",
  [404] = "Not Found",
  [500] = "Internal Server Error",
  [503] = "Service Unavailable",
}

local SESSION_AGE = 3600 -- seconds

local begun = false -- this run has sent a status line

--- Cookies are words: what is not of that kind was not made here.
local function cookie(name, value, attributes)
  value = tostring(value or "")
  if value == "" or value:find("[^%w%-._~%%]") then return nil end
  return ("Set-Cookie: %s=%s; %s"):format(name, value, attributes)
end

local function session_cookie(age)
  local attributes = ("max-age=%d; path=/; HttpOnly; SameSite=Lax"):format(age)
  return cookie("session", (_SESSION or {}).session, attributes)
end

local function server()
  local info = ntop.getInfo(false) or {}
  return ("%s %s [%s]"):format(info.product or "kelvin", info.version or "",
    info.platform or "")
end

--- Print the header block of an answer: status (200), type (of content),
--- disposition, session_age (in seconds), cookies (a list of lines).
function headers.send(answer)
  local status = answer.status or 200
  local lines = {
    ("HTTP/1.1 %d %s"):format(status, REASONS[status] or "Unknown"),
    "Cache-Control: no-cache, no-store, must-revalidate",
    "Server: " .. escape.header(server()),
    "Pragma: no-cache",
    "X-Frame-Options: DENY",
    "X-Content-Type-Options: nosniff",
  }
  local function add(line) lines[#lines + 1] = line end
  add(session_cookie(answer.session_age or SESSION_AGE))
  for _, line in ipairs(answer.cookies or {}) do add(line) end
  add("Content-Type: " .. escape.header(answer.type or "text/html"))
  if answer.disposition then
    add("Content-Disposition: " .. escape.header(answer.disposition))
  end
  add("Last-Modified: " .. os.date("!%a, %d %b %Y %H:%M:%S GMT"))
  begun = true
  print(table.concat(lines, "\r\n") .. "\r\n\r\n")
end

--- Whether this run has begun its answer.
function headers.sent()
  return begun
end

function headers.sendHTTPHeader(mime, disposition)
  headers.send { type = mime, disposition = disposition }
end

function headers.sendHTTPContentTypeHeader(mime, disposition, charset)
  headers.send {
    type = ("%s; charset=%s"):format(mime or "text/html", charset or "utf-8"),
    disposition = disposition,
  }
end

--- The session ends for the browser, too.
function headers.sendHTTPHeaderLogout(mime)
  headers.send { type = mime, session_age = 0 }
end

--- The browser remembers the interface.
function headers.sendHTTPHeaderIfName(mime, ifname, session_age)
  headers.send {
    type = mime,
    session_age = math.tointeger(tonumber(session_age)),
    cookies = { cookie("ifname", escape.uri(ifname),
      "path=/; HttpOnly; SameSite=Lax") },
  }
end

--- A whole answer that refuses: JSON with the reason.
function headers.refuse(status, message)
  if not begun then
    headers.send { status = status, type = "application/json; charset=utf-8" }
  end
  print(json.encode({ error = message, status = status }) .. "\n")
end

return headers
