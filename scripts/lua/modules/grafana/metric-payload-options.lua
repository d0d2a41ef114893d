-- metric-payload-options: metrics have no options.
-- SPDX-License-Identifier: MIT

local grafana = require "grafana_utils"

grafana.payload()
grafana.send_list {}
