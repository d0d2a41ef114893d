-- get_host_activitymap: seconds of activity by minute; {} if there are none.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"
local json = require "json"

local asked = endpoint.read(endpoint.HOST)
local map = interface.getHostActivityMap(
  endpoint.host_key(asked.host, asked.vlan))
endpoint.send(endpoint.object(map and json.decode(map) or {}))
