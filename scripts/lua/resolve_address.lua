-- resolve_address: the name of an address.
-- SPDX-License-Identifier: MIT
--
-- Only administrators make kelvin ask for what it does not know.

local endpoint = require "endpoint"
local headers = require "headers"
local hosts = require "hosts"

local asked = endpoint.read { host = { "ip", required = true } }
local resolve = endpoint.is_admin() and hosts.resolveAddress
  or hosts.getResolvedAddress
headers.send { type = "text/plain; charset=utf-8" }
print(resolve(asked.host) .. "\n")
