-- 5min: what kelvin does by the clock.
-- SPDX-License-Identifier: MIT

require("rrd_write").five_minutes()
require("alert_thresholds").check("5mins")
