-- get_mac_data: one network card as a row; [] if there is none.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"

local asked = endpoint.read { host = { "mac", required = true },
  vlan = "vlan" }
local mac = interface.getMacInfo(asked.host, asked.vlan)
endpoint.send(mac and rows.mac(mac) or endpoint.list {})
