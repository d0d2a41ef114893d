-- not_established: an alert when many TCP connections come to nothing.
-- SPDX-License-Identifier: MIT
--
-- Copy it to ../user/minute.lua: once a minute, each interface on which more
-- than a tenth of at least MIN_FLOWS TCP flows are not established is alerted
-- of, until that is over.

local ENGINE_MIN = 0
local SEVERITY_WARNING = 1
local TYPE_SUSPICIOUS_ACTIVITY = 10
local ALERT_ID = "not_established"
local SHARE = 0.1
local MIN_FLOWS = 20

local function count()
  local total, not_established = 0, 0
  local skip = 0
  repeat
    local page = interface.getFlowsInfo(nil, {
      detailsLevel = "high", filter = "proto=TCP",
      sortColumn = "column_client", maxHits = 1000, toSkip = skip,
    })
    for _, flow in ipairs(page.flows) do
      total = total + 1
      if not flow["tcp_established"] then
        not_established = not_established + 1
      end
    end
    skip = skip + 1000
  until skip >= page.numFlows
  return total, not_established
end

for _, name in pairs(interface.getIfNames()) do
  interface.select(name)
  local total, bad = count()
  if total >= MIN_FLOWS and bad / total > SHARE then
    interface.engageInterfaceAlert(ENGINE_MIN, ALERT_ID,
      TYPE_SUSPICIOUS_ACTIVITY, SEVERITY_WARNING,
      string.format("%d of %d TCP flows are not established", bad, total))
  else
    interface.releaseInterfaceAlert(ENGINE_MIN, ALERT_ID,
      TYPE_SUSPICIOUS_ACTIVITY, SEVERITY_WARNING, "")
  end
end
