-- get_hosts_data: the active hosts, page by page.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local host_query = require "host_query"
local rows = require "rows"
local tables = require "tables"

-- What a row has only when it is asked for.
local RAW = {
  column_uploaders = "uploaders", column_downloaders = "downloaders",
  column_unknowers = "unknowers", column_incomingflows = "incomingflows",
  column_outgoingflows = "outgoingflows",
}

local asked = endpoint.read(rows.rules(host_query.COLUMNS,
  tables.merge(host_query.FILTERS, {
    criteria = { "choice", of = rows.CRITERIA },
  })))
local criteria = asked.criteria or RAW[asked.sortColumn]

local function value(host, column)
  return rows.host(host, criteria).raw[column]
end

local hosts, total = host_query.page(asked, rows.skip(asked), asked.perPage,
  value)
rows.send(asked, total, hosts, function(host)
  return rows.host(host, criteria)
end)
