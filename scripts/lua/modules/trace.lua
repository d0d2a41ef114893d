-- trace: what scripts have to say to whoever looks after the program.
-- SPDX-License-Identifier: MIT

local escape = require "escape"

local trace = {}

trace.TRACE_ERROR, trace.TRACE_WARNING, trace.TRACE_NORMAL,
  trace.TRACE_INFO, trace.TRACE_DEBUG = 0, 1, 2, 3, 4
trace.TRACE_CONSOLE, trace.TRACE_WEB = 0, 1

local LEVELS = { [0] = "error", "warning", "normal", "info", "debug" }

--- Where the function was called that called this.
local function caller()
  local text = debug and debug.traceback and debug.traceback("", 3) or ""
  return text:match("\n%s*([^\n]-:%d+):") or "?"
end

--- Say something to whoever looks after the program, or on the page. Details
--- (from info on) only where the program is asked for all of them.
function trace.traceError(level, mode, message)
  level = LEVELS[level] and level or trace.TRACE_ERROR
  if level > trace.TRACE_NORMAL and not ntop.verboseTrace() then return end
  local line = ("%s: %s: %s"):format(caller(), LEVELS[level],
    escape.line(message))
  if mode == trace.TRACE_WEB then
    print("<p class=\"trace\">" .. escape.html(line) .. "</p>\n")
  elseif io and io.stderr then
    io.stderr:write(line, "\n")
  elseif io and io.write then
    io.write(line, "\n")
  elseif not _SERVER then -- there, printing would go to the client
    print(line)
  end
end

return trace
