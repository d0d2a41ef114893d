-- icons: small drawings in the colour of the text.
-- SPDX-License-Identifier: MIT

local template = require "template"

local icons = {}

-- Lines on 24 by 24.
local PATHS = {
  home = "M4 11 12 4l8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z",
  flows = "M4 8h13m0 0-4-4m4 4-4 4M20 16H7m0 0 4-4m-4 4 4 4",
  hosts = "M4 5h16v10H4zM9 20h6m-3-5v5",
  devices = "M7 7h10v10H7zM10 3v4m4-4v4m-4 10v4m4-4v4M3 10h4m-4 4h4m10-4h4"
    .. "m-4 4h4",
  interfaces = "M3 12h4l3-8 4 16 3-8h4",
  alerts = "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  settings = "M4 7h10m4 0h2M4 17h2m4 0h10M16 4.5v5M8 14.5v5",
  search = "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20",
  user = "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-5.500 8-5.500"
    .. "s7 1.500 8 5.500",
  pause = "M8 5v14m8-14v14",
  about = "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM12 11v6m0-10v.500",
  download = "M12 4v11m0 0-4-4m4 4 4-4M5 20h14",
  more = "M5 12h.500m6 0h1m6 0h.500",
}

--- By name; the text beside it says what it is.
function icons.get(name)
  return template.markup(([[<svg class="icon" viewBox="0 0 24 24" width="20" ]]
    .. [[height="20" aria-hidden="true"><path d="%s"/></svg>]]):format(
    PATHS[name]))
end

return icons
