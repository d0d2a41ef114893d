-- second: what kelvin does by the clock.
-- SPDX-License-Identifier: MIT

require("rrd_write").second()
