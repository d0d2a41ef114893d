-- bit: the bit operations of LuaJIT, on 32 bits with sign.
-- SPDX-License-Identifier: MIT

local bit = {}

--- To 32 bits with sign, as LuaJIT shows them.
local function signed(value)
  value = value & 0xFFFFFFFF
  return value >= 0x80000000 and value - 0x100000000 or value
end

local function integer(value)
  local number = tonumber(value)
  if not number then
    error("bad argument to a bit operation (number expected, got "
      .. type(value) .. ")", 3)
  end
  return math.tointeger(number) or math.tointeger(math.floor(number + 0.5))
    or 0
end

function bit.tobit(a)
  return signed(integer(a))
end

function bit.bnot(a)
  return signed(~integer(a))
end

function bit.band(a, ...)
  local result = integer(a)
  for _, b in ipairs { ... } do result = result & integer(b) end
  return signed(result)
end

function bit.bor(a, ...)
  local result = integer(a)
  for _, b in ipairs { ... } do result = result | integer(b) end
  return signed(result)
end

function bit.bxor(a, ...)
  local result = integer(a)
  for _, b in ipairs { ... } do result = result ~ integer(b) end
  return signed(result)
end

function bit.lshift(a, n)
  return signed(integer(a) << (integer(n) & 31))
end

function bit.rshift(a, n)
  return signed((integer(a) & 0xFFFFFFFF) >> (integer(n) & 31))
end

function bit.arshift(a, n)
  return signed(signed(integer(a)) // (1 << (integer(n) & 31)))
end

function bit.rol(a, n)
  a, n = integer(a) & 0xFFFFFFFF, integer(n) & 31
  return signed(a << n | a >> (32 - n))
end

function bit.ror(a, n)
  return bit.rol(a, -integer(n) & 31)
end

function bit.bswap(a)
  return (string.unpack(">i4", string.pack("<i4", signed(integer(a)))))
end

--- The last n hexadecimal digits, 8 without n; in capitals if n is negative.
function bit.tohex(a, n)
  n = integer(n or 8)
  local text = ("%08x"):format(integer(a) & 0xFFFFFFFF)
  if n < 0 then text, n = text:upper(), -n end
  if n == 0 then return "" end
  return text:sub(-math.min(n, 8))
end

return bit
