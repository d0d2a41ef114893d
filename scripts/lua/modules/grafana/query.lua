-- query: values for panels.
-- SPDX-License-Identifier: MIT

local grafana = require "grafana_utils"

grafana.send_list(require("grafana_query").answer(grafana.payload()))
