-- get_hosts_interaction: which local hosts talk to each other.
-- SPDX-License-Identifier: MIT

local dialogs = require "dialogs"
local endpoint = require "endpoint"

local asked = endpoint.read(dialogs.RULES)
dialogs.send(asked, "local")
