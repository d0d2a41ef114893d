-- http_lint: the parameters that pages have in common.
-- SPDX-License-Identifier: MIT
--
-- lua_utils looks at every request with this list, so that a page can rely on
-- the types below. Names that are not here are the page's own business, as are
-- those of user scripts, which begin with p_.

local parameters = require "parameters"

local http_lint = {}

local INTEGER = { "integer" }
local COUNT = { "integer", min = 0 }
local WORD = { "word" }
local TEXT = { "string" }
local EPOCH = { "epoch" }

http_lint.rules = {
  host = { "host_text" },
  hosts = { "list", each = "host_text" },
  mac = { "mac" },
  peer1 = { "host_text" },
  peer2 = { "host_text" },
  ip = { "host_text" },
  version = { "ip_version" },
  vlan = { "vlan" },
  port = { "port" },

  ifid = { "integer" },
  asn = { "integer", min = -1, max = 4294967295 },
  network = INTEGER,
  pool = COUNT,
  flow_key = INTEGER,
  country = { "string", max = 32 },
  os = { "string", max = 128 },
  manufacturer = { "string", max = 128 },

  currentPage = COUNT,
  perPage = { "integer", min = 0, max = 1000 },
  totalRows = COUNT,
  limit = COUNT,
  sortColumn = { "string", pattern = "^column_[%w_.]*$", max = 64,
    what = "a column, as column_name" },
  sortOrder = { "sort_order" },

  epoch = EPOCH,
  epoch_begin = EPOCH,
  epoch_end = EPOCH,
  refresh = COUNT,

  page = WORD,
  mode = WORD,
  zoom = WORD,
  criteria = WORD,
  format = WORD,
  grouped_by = WORD,
  direction = WORD,
  distr = WORD,
  status = WORD,
  flow_status = WORD,
  flowhosts_type = WORD,
  traffic_type = WORD,
  application = TEXT,
  protocol = TEXT,
  l4proto = TEXT,
  l7proto = TEXT,
  query = TEXT,
  info = TEXT,
  username = { "string", max = 64 },
}

--- Look at a request. @return true; or false and the problem, as
--- parameters.read() has it.
function http_lint.check(request)
  local values, problem = parameters.read(request, http_lint.rules)
  if values then return true end
  return false, problem
end

--- The same for this run's request; a problem ends it.
function http_lint.validate()
  for _, request in ipairs { _GET or {}, _POST or {} } do
    parameters.need(request, http_lint.rules)
  end
end

return http_lint
