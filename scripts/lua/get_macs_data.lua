-- get_macs_data: the network cards, page by page.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local rows = require "rows"

local asked = endpoint.read(rows.rules(
  "traffic mac vlan since thpt hosts manufacturer arp_sent arp_rcvd", {
    vlan = "vlan",
    devices_mode = { "choice", of = { "all", "host_macs_only" } },
    manufacturer = { "string", max = 128 },
  }))
local found = interface.getMacsInfo(asked.sortColumn, asked.perPage,
  rows.skip(asked), rows.is_ascending(asked), asked.vlan, false,
  asked.devices_mode == "host_macs_only", asked.manufacturer)
rows.send(asked, found.numMacs, found.macs, rows.mac)
