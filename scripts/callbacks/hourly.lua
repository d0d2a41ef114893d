-- hourly: what kelvin does by the clock.
-- SPDX-License-Identifier: MIT

require("alert_thresholds").check("hour")
