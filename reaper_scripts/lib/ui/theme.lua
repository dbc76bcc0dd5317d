--- Colours of the panel, light and dark. Plain data and arithmetic; every text stands out from what it stands on by at
-- least 4.5 to 1 (WCAG 2.1), a test holds it.
local theme = {}

theme.dark = {
  ground = 0x1E2124, card = 0x272B2F, field = 0x32373C, line = 0x454B52, text = 0xECEEF0, faint = 0xA9B1B9,
  accent = 0x5FB3F0, on_accent = 0x0B1722, hover = 0x3C4248, good = 0x6FCB92, fair = 0xE5B85C, bad = 0xF08A78,
}

theme.light = {
  ground = 0xEEF0F2, card = 0xFFFFFF, field = 0xE3E7EA, line = 0xC2C9CF, text = 0x1B2026, faint = 0x525C66,
  accent = 0x1565A8, on_accent = 0xFFFFFF, hover = 0xD6DCE1, good = 0x1E7044, fair = 0x855400, bad = 0xB3321F,
}

--- Red, green, blue, 0..1 each.
function theme.parts(colour)
  return (colour >> 16 & 255) / 255, (colour >> 8 & 255) / 255, (colour & 255) / 255
end

local function linear(part)
  return part <= 0.04045 and part / 12.92 or ((part + 0.055) / 1.055) ^ 2.4
end

--- Relative luminance (WCAG 2.1), 0..1.
function theme.luminance(colour)
  local r, g, b = theme.parts(colour)
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
end

--- Return the colours to use: "light" or "dark" as the user has chosen, else as REAPER's own window is. `native` is REAPER's
-- colour behind its main window as 0xRRGGBB, nil where it is not known.
function theme.choose(choice, native)
  if type(theme[choice]) == "table" then return theme[choice] end
  return native and theme.luminance(native) > 0.4 and theme.light or theme.dark
end

return theme
