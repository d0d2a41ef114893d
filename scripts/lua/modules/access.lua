-- access: who is asking, and what that user prefers.
-- SPDX-License-Identifier: MIT

local headers = require "headers"
local strings = require "strings"

local access = {}

function access.isAdministrator()
  return ntop.getUserGroup() == "administrator"
end

--- The same; to others it answers with a page that says no.
function access.haveAdminPrivileges()
  if access.isAdministrator() then return true end
  if not headers.sent() then
    headers.send { status = 403, type = "text/html; charset=utf-8" }
  end
  print("<p class=\"error\">This is for administrators.</p>\n")
  return false
end

--- The key of a setting: that of the user who is logged in, else the common.
function access.getRedisPrefix(key)
  local user = (_SESSION or {}).user
  if strings.isEmptyString(user) or user == ntop.getNologinUser() then
    return key
  end
  return key .. "." .. user
end

-- Tables ---------------------------------------------------------------------

local DEFAULT_ROWS, MOST_ROWS = 10, 1000

--- A setting of the tables: with a value, it is kept. @return "" for none.
function access.tablePreferences(key, value)
  local hash = access.getRedisPrefix("ntopng.prefs.table")
  if strings.isEmptyString(value) then
    return ntop.getHashCache(hash, key) or ""
  end
  ntop.setHashCache(hash, key, tostring(value))
  return tostring(value)
end

-- What is stored may be another program's: it is looked at as a request is.
local function stored(key, pattern, default)
  local value = access.tablePreferences(key)
  return value:find(pattern) and value or default
end

--- The column that a kind of table is sorted by.
function access.getDefaultTableSort(kind)
  return stored("sort_" .. (kind or ""), "^column_[%w_.]*$", "column_")
end

function access.getDefaultTableSortOrder(kind)
  local order = access.tablePreferences("sort_order_" .. (kind or ""))
  return order == "asc" and "asc" or "desc"
end

--- Rows of a page.
function access.getDefaultTableSize()
  local rows = math.tointeger(tonumber(stored("rows_number", "^%d+$", "")))
  return rows and rows >= 1 and rows <= MOST_ROWS and rows or DEFAULT_ROWS
end

--- What throughput is shown in.
function access.getThroughputType()
  local kind = ntop.getCache("ntopng.prefs.thpt_content")
  return kind == "pps" and "pps" or "bps"
end

return access
