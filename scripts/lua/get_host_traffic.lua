-- get_host_traffic: packets that a host sent and received.
-- SPDX-License-Identifier: MIT

local endpoint = require "endpoint"

local host = endpoint.need_host(endpoint.read(endpoint.HOST))
endpoint.send { value = host["packets.sent"] + host["packets.rcvd"] }
