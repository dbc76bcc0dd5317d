--- Draws with `gfx` in points: boxes, texts that fit their place, bars. Knows scale, fonts and colours, no widgets.
local theme = require("ui.theme")

local paint = {}

local FACES = { Win = "Segoe UI", OSX = "Helvetica Neue", mac = "Helvetica Neue" }
local BOLD = string.byte("b")
local FONTS = { -- number in gfx, height in points, flags
  title = { 1, 19, BOLD }, head = { 2, 14, BOLD }, body = { 3, 14, 0 }, strong = { 4, 14, BOLD }, small = { 5, 13, 0 },
}
local MAX_MEASURED = 4000
local ELLIPSIS = "…"
local AS_IT_IS, RIGHT, CENTRE, MIDDLE = 0, 2, 1, 4

local scale, colours, current = 1.0, theme.dark, nil
local measured, count = {}, 0

--- Begin a frame. Fonts are set anew where the scale has changed.
function paint.begin(new_scale, new_colours)
  colours = new_colours
  current = nil
  if new_scale == scale and count > 0 then return end
  scale, measured, count = new_scale, {}, 0
  local face = FACES[reaper.GetOS():sub(1, 3)] or "Sans"
  for _, font in pairs(FONTS) do gfx.setfont(font[1], face, math.floor(font[2] * scale + 0.5), font[3]) end
end

--- Pixels for points.
function paint.px(points)
  return math.floor(points * scale + 0.5)
end

function paint.use(colour)
  local r, g, b = theme.parts(colours[colour] or colour)
  gfx.set(r, g, b, 1)
end

local function use_font(name)
  if current == name then return end
  gfx.setfont(FONTS[name][1])
  current = name
end

--- Width of a text in pixels.
function paint.width(text, font)
  local key = font .. "\0" .. text
  local width = measured[key]
  if not width then
    if count > MAX_MEASURED then measured, count = {}, 0 end
    use_font(font)
    width = gfx.measurestr(text)
    measured[key], count = width, count + 1
  end
  return width
end

--- A filled box.
function paint.box(x, y, width, height, colour)
  paint.use(colour)
  gfx.rect(x, y, width, height, 1)
end

--- A filled box with round corners.
function paint.card(x, y, width, height, colour, radius)
  local r = math.min(paint.px(radius or 5), math.floor(height / 2))
  paint.use(colour)
  gfx.rect(x + r, y, width - 2 * r, height, 1)
  gfx.rect(x, y + r, r, height - 2 * r, 1)
  gfx.rect(x + width - r, y + r, r, height - 2 * r, 1)
  for _, corner in ipairs({ { x + r, y + r }, { x + width - r - 1, y + r }, { x + r, y + height - r - 1 }, { x + width - r - 1, y + height - r - 1 } }) do
    gfx.circle(corner[1], corner[2], r, 1, 1)
  end
end

--- A frame around a box that is drawn after it, on the window's ground.
function paint.ring(x, y, width, height)
  local out, thick = paint.px(4), paint.px(2)
  paint.card(x - out, y - out, width + 2 * out, height + 2 * out, "accent", 8)
  paint.card(x - out + thick, y - out + thick, width + 2 * (out - thick), height + 2 * (out - thick), "ground", 6)
end

--- A frame around a box that is drawn already.
function paint.frame(x, y, width, height)
  local thick = paint.px(2)
  paint.box(x, y, width, thick, "accent")
  paint.box(x, y + height - thick, width, thick, "accent")
  paint.box(x, y, thick, height, "accent")
  paint.box(x + width - thick, y, thick, height, "accent")
end

--- A thin bar that is full up to `share`.
function paint.bar(x, y, width, height, share, colour)
  paint.box(x, y, width, height, "line")
  paint.box(x, y, math.floor(width * share + 0.5), height, colour)
end

--- A filled circle.
function paint.dot(x, y, radius, colour)
  paint.use(colour)
  gfx.circle(x, y, radius, 1, 1)
end

--- A small triangle that points down: something opens here.
function paint.arrow(x, y, colour)
  local r = paint.px(4)
  paint.use(colour)
  gfx.triangle(x - r, y - r / 2, x + r, y - r / 2, x, y + r / 2)
end

--- The longest beginning of `text` that fits into `width` pixels, with an ellipsis where it is cut.
function paint.fit(text, width, font)
  if paint.width(text, font) <= width then return text end
  local low, high = 0, utf8.len(text) or 0
  while low < high do
    local middle = (low + high + 1) // 2
    local cut = text:sub(1, utf8.offset(text, middle + 1) - 1) .. ELLIPSIS
    if paint.width(cut, font) <= width then low = middle else high = middle - 1 end
  end
  return text:sub(1, utf8.offset(text, low + 1) - 1):gsub("%s+$", "") .. ELLIPSIS
end

local FLAGS = { left = MIDDLE + AS_IT_IS, right = MIDDLE + RIGHT, centre = MIDDLE + CENTRE }

--- A text in the middle of the height of a box; cut where it is too long for it.
function paint.text(x, y, width, height, text, font, colour, side)
  if width <= 0 or text == "" then return end
  text = utf8.len(text) and text or text:gsub("[\x80-\xFF]", "?")
  text = paint.fit(text, width, font)
  use_font(font)
  paint.use(colour)
  gfx.x, gfx.y = x, y
  gfx.drawstr(text, FLAGS[side or "left"], x + width, y + height)
end

--- The lines of a text in a width, `most` at most; the last one is cut where there would be more.
function paint.wrap(text, width, font, most)
  local lines, line = {}, ""
  for word in text:gmatch("%S+") do
    local longer = line == "" and word or line .. " " .. word
    if line ~= "" and paint.width(longer, font) > width then
      lines[#lines + 1], longer = line, word
    end
    line = longer
  end
  if line ~= "" then lines[#lines + 1] = line end
  if #lines > most then
    lines[most] = paint.fit(table.concat(lines, " ", most), width, font)
    for index = #lines, most + 1, -1 do lines[index] = nil end
  end
  return lines
end

return paint
