-- tag-keys: what series can be filtered by.
-- SPDX-License-Identifier: MIT

local grafana = require "grafana_utils"

grafana.payload()
grafana.send_list { { type = "string", text = "application" } }
