--- Numbers in what an FX displays: do two texts of one parameter say the same? Plain arithmetic on text.
local displayed_value = {}

local CLOSE = 0.02 -- share of the larger number
local CLOSE_DB = 0.2 -- decibels are such a share by themselves
local SILENT = -60 -- dB: below it a text may as well read "-inf"
local UNITS = { -- base unit and factor
  hz = { "hz", 1 }, khz = { "hz", 1000 }, k = { "hz", 1000 }, db = { "db", 1 }, ms = { "ms", 1 }, msec = { "ms", 1 },
  s = { "ms", 1000 }, sec = { "ms", 1000 }, oct = { "oct", 1 }, octaves = { "oct", 1 }, q = { "q", 1 },
}

--- The digits as a number, with a decimal point or comma, and how many stand behind it.
local function number_of(digits)
  local _, commas = digits:gsub(",", "")
  digits = commas == 1 and not digits:find(".", 1, true) and digits:gsub(",", ".") or digits:gsub(",", "")
  digits = digits:gsub("%.$", "")
  return tonumber(digits), #(digits:match("%.(%d*)$") or "")
end

--- {value, unit, step} of the first number in the text, in a base unit (nil where none is named), and the step that it
-- is rounded to; nil where there is none.
function displayed_value.quantity(text)
  text = text:lower():gsub("−", "-"):gsub("∞", "inf"):gsub("^%s*[^%s%d:+-][^%d:]*:%s*", "") -- "disabled: 20.0 hz" of a band that is off
  local sign = text:match("^%s*([-+]?)inf")
  if sign then return { value = sign == "-" and -math.huge or math.huge, step = 0 } end
  local minus, digits, rest = text:match("([-+]?)%s*(%d[%d.,]*)%s*(.*)$")
  local value, decimals = nil, nil
  if digits then value, decimals = number_of(digits) end
  if not value then return nil end
  local unit = UNITS[rest:match("^%a+") or ""] or { nil, 1 }
  return { value = (minus == "-" and -value or value) * unit[2], unit = unit[1], step = unit[2] * 10.0 ^ -decimals }
end

--- How far two texts are apart; 0 where they name no numbers.
function displayed_value.distance(shown, expected)
  local a, b = displayed_value.quantity(shown), displayed_value.quantity(expected)
  return a and b and a.value ~= b.value and math.abs(a.value - b.value) or 0
end

--- Whether what is shown is what was expected, as far as both name a number of one kind: to a displayed step, to two
-- percent, or to `slack` (in the base unit).
function displayed_value.agree(shown, expected, slack)
  local a, b = displayed_value.quantity(shown), displayed_value.quantity(expected)
  if not a or not b or (a.unit and b.unit and a.unit ~= b.unit) then return true end
  if a.value == b.value then return true end
  if math.abs(a.value) == math.huge or math.abs(b.value) == math.huge then
    return math.max(a.value, b.value) <= SILENT
  end
  local close = (a.unit or b.unit) == "db" and CLOSE_DB or 0
  close = math.max(close, CLOSE * math.max(math.abs(a.value), math.abs(b.value)), slack or 0)
  return math.abs(a.value - b.value) <= math.max(close, 1.001 * math.max(a.step, b.step))
end

return displayed_value
