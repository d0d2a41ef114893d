-- hosts_matrix: the same as get_hosts_interaction.
-- SPDX-License-Identifier: MIT

local dialogs = require "dialogs"
local endpoint = require "endpoint"

local asked = endpoint.read(dialogs.RULES)
dialogs.send(asked, "local")
