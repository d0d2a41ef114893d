-- get_ases_data: the autonomous systems, page by page.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"

local asked = endpoint.read(rows.rules("traffic asn asname since thpt hosts"))
local found = interface.getASesInfo(asked.sortColumn, asked.perPage,
  rows.skip(asked), rows.is_ascending(asked), true)
rows.send(asked, found.numASes, found.ASes, rows.as)
