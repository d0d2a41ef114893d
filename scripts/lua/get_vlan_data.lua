-- get_vlan_data: one VLAN as a row; [] if there is none.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"

local asked = endpoint.read { vlan = { "vlan", required = true } }
local vlan = interface.getVLANInfo(asked.vlan)
endpoint.send(vlan and rows.vlan(vlan) or endpoint.list {})
