-- minute: what kelvin does by the clock.
-- SPDX-License-Identifier: MIT

require("rrd_write").minute()
require("alert_thresholds").check("min")
