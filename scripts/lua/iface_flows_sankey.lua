-- iface_flows_sankey: who talks to whom, of an interface or of one host.
-- SPDX-License-Identifier: MIT

local dialogs = require "dialogs"
local endpoint = require "endpoint"

local asked = endpoint.read(dialogs.RULES)
dialogs.send(asked)
