-- dkjson: json, under the name that scripts know.
-- SPDX-License-Identifier: MIT

return require "json"
