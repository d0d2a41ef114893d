-- search: names of series that a text may become.
-- SPDX-License-Identifier: MIT

local grafana = require "grafana_utils"

local payload = grafana.payload()
grafana.send_list(require("grafana_metrics").search(
  grafana.member(payload, "target", "string")))
