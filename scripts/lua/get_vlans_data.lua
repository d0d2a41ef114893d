-- get_vlans_data: the VLANs, page by page.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"

local asked = endpoint.read(rows.rules("traffic vlan since thpt hosts"))
local found = interface.getVLANsInfo(asked.sortColumn, asked.perPage,
  rows.skip(asked), rows.is_ascending(asked), true)
  or { numVLANs = 0, VLANs = {} } -- no tag was ever seen
rows.send(asked, found.numVLANs, found.VLANs, rows.vlan)
