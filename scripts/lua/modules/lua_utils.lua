-- lua_utils: the names that every script knows.
-- SPDX-License-Identifier: MIT
--
-- The functions live in modules of their own, which pages of ours may require
-- by name; here they become the globals that scripts written for ntopng call.
-- Scripts may redefine any of them: the modules do not look at the globals.

require "compat"

-- Module: what of it is global.
local AT_ONCE = {
  tables = "asc rev asc_insensitive rev_insensitive pairsByKeys pairsByValues"
    .. " tprint",
  strings = "isEmptyString starts ends startswith split toboolean",
  formats = "round toint tolongint isnumber ternary bytesToSize bitsToSize"
    .. " pktsToSize formatValue formatPackets formatFlows secondsToTime"
    .. " msToTime formatEpoch",
  trace = "traceError TRACE_ERROR TRACE_WARNING TRACE_NORMAL TRACE_INFO"
    .. " TRACE_DEBUG TRACE_CONSOLE TRACE_WEB",
}

-- The same for functions of modules that most runs do not need: these are
-- loaded when one is called. Every run begins with this file, so its time
-- counts.
local WHEN_CALLED = {
  addresses = "hostkey2hostinfo hostinfo2hostkey url2hostinfo hostinfo2url"
    .. " hostinfo2json hostinfo2jqueryid getPathFromKey fixPath",
  hosts = "getHostAltName setHostAltName getResolvedAddress resolveAddress"
    .. " getTopFlowPeers",
  interfaces = "getInterfaceId getInterfaceName getInterfaceNameAlias"
    .. " getHumanReadableInterfaceName getInterfaceSpeed"
    .. " getInterfaceRefreshRate",
  headers = "sendHTTPHeader sendHTTPContentTypeHeader sendHTTPHeaderLogout"
    .. " sendHTTPHeaderIfName",
  access = "isAdministrator haveAdminPrivileges getRedisPrefix"
    .. " tablePreferences getDefaultTableSort getDefaultTableSortOrder"
    .. " getDefaultTableSize getThroughputType",
  alert_names = "alertSeverity alertSeverityRaw alertSeverityLabel alertType"
    .. " alertTypeRaw alertTypeLabel alertEngine alertEngineRaw"
    .. " alertEngineLabel alertEntity alertEntityRaw alertEntityLabel"
    .. " areAlertsEnabled",
}

for name, names in pairs(AT_ONCE) do
  local module = require(name)
  for published in names:gmatch("%S+") do
    _G[published] = assert(module[published], published)
  end
end

for name, names in pairs(WHEN_CALLED) do
  for published in names:gmatch("%S+") do
    _G[published] = function(...)
      return require(name)[published](...)
    end
  end
end

local escape = require "escape"
local strings = require "strings"
local tables = require "tables"

_G.escapeHTML = escape.html
_G.escapeJSON = escape.json
_G.escapeCSV = escape.csv
_G.escapeURI = escape.uri
_G.urlencode = escape.uri
_G.unescape = escape.unescape

--- A text for between the quotes of a JSON string; quotes become apostrophes.
--- For anything more, there is require "json".
function _G.jsonencode(text)
  text = tostring(text == nil and "" or text):gsub('"', "'")
  return escape.json_inside(text)
end

string.contains = strings.contains
string.starts = strings.starts
string.ends = strings.ends
string.split = strings.split_or_nil

table.len = tables.len
table.empty = tables.empty
table.slice = tables.slice
table.merge = tables.merge
table.clone = tables.clone
table.tconcat = tables.tconcat

_G.resolved_host_labels_cache = require "host_labels"
_G.i18n = require "i18n"
_G.http_lint = setmetatable({}, {
  __index = function(_, name) return require("http_lint")[name] end,
})
_G.dirs = dirs or ntop and ntop.getDirs()

if _GET or _POST then http_lint.validate() end

-- The interface that a page is about: the one it was asked for, else the
-- session's.
local asked = _GET and interface and not strings.isEmptyString(_GET.ifid)
  and getInterfaceName(_GET.ifid) or ""
if asked ~= "" then
  _G.ifname = asked
elseif _SESSION and not strings.isEmptyString(_SESSION.ifname) then
  _G.ifname = _SESSION.ifname
end

return true
