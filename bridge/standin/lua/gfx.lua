--- The `gfx` table of a script in the stand-in: REAPER's names, its variables, and strictness about both.
-- `draw(name, ...)` is the window's side; `misuse(...)` refuses. Returns the table, and `look(mouse)` by which the
-- window sets mouse and size.
local draw, misuse = ...

local gfx = {
  r = 1.0, g = 1.0, b = 1.0, a = 1.0, a2 = 1.0, mode = 0, clear = 0, dest = -1, x = 0.0, y = 0.0, w = 0, h = 0, texth = 8,
  ext_retina = 0.0, mouse_x = 0, mouse_y = 0, mouse_cap = 0, mouse_wheel = 0.0, mouse_hwheel = 0.0,
}
local is_open = false

local function number(value, place, name)
  if type(value) ~= "number" then misuse("gfx.%s: argument %d is a %s, not a number", name, place, type(value)) end
  return value
end

local function numbers(name, least, ...)
  local given = table.pack(...)
  if given.n < least then misuse("gfx.%s takes at least %d arguments, not %d", name, least, given.n) end
  for place = 1, given.n do number(given[place], place, name) end
end

local function paint(name, ...)
  if gfx.dest ~= -1 or gfx.mode ~= 0 then misuse("gfx.%s: other modes and destinations are not simulated", name) end
  if is_open then draw(name, gfx.r, gfx.g, gfx.b, gfx.a, ...) end
end

---------------------------------------------------------------------------------------------- window

function gfx.init(name, width, height, dock, x, y)
  local retina
  gfx.w, gfx.h, retina = draw("init", name, width or 0, height or 0, dock or 0, x or 0, y or 0, gfx.ext_retina >= 1)
  if gfx.ext_retina >= 1 then gfx.ext_retina = retina end
  is_open = true
  return 1
end

function gfx.quit()
  if is_open then draw("quit") end
  is_open = false
end

function gfx.update() draw("update", gfx.clear) end

--- With the query of one position: as many further ones as REAPER fills in.
function gfx.dock(state, ...)
  numbers("dock", 1, state)
  local docked, x, y, width, height = draw("dock", state)
  if select("#", ...) == 0 then return docked end
  return docked, x, y, width, height
end

function gfx.getchar(character)
  if character ~= nil then number(character, 1, "getchar") end
  return draw("getchar", character or 0)
end

function gfx.setcursor(resource, name)
  number(resource, 1, "setcursor")
  draw("setcursor", resource, name or "")
end

function gfx.showmenu(text)
  if type(text) ~= "string" then misuse("gfx.showmenu takes a text") end
  return draw("showmenu", text)
end

-------------------------------------------------------------------------------------------- drawing

function gfx.set(r, g, b, a, mode, dest)
  number(r, 1, "set")
  gfx.r, gfx.g, gfx.b, gfx.a = r, g or r, b or r, a or 1.0
  gfx.mode, gfx.dest = mode or 0, dest or gfx.dest
end

function gfx.rect(x, y, width, height, is_filled)
  numbers("rect", 4, x, y, width, height)
  paint("rect", x, y, width, height, is_filled == nil or is_filled == true or is_filled == 1)
end

function gfx.line(x, y, x2, y2) -- always smooth, as are the others
  numbers("line", 4, x, y, x2, y2)
  paint("line", x, y, x2, y2)
end

function gfx.circle(x, y, radius, is_filled)
  numbers("circle", 3, x, y, radius)
  paint("circle", x, y, radius, is_filled == true or is_filled == 1)
end

function gfx.roundrect(x, y, width, height, radius)
  numbers("roundrect", 5, x, y, width, height, radius)
  paint("roundrect", x, y, width, height, radius)
end

function gfx.triangle(...)
  numbers("triangle", 6, ...)
  paint("triangle", ...)
end

---------------------------------------------------------------------------------------------- text

function gfx.setfont(index, face, size, flags)
  number(index, 1, "setfont")
  gfx.texth = draw("setfont", index, face or "", size or 0, flags or 0, face ~= nil)
  return 1
end

function gfx.measurestr(text)
  if type(text) ~= "string" and type(text) ~= "number" then misuse("gfx.measurestr takes a text, not a %s", type(text)) end
  return draw("measurestr", tostring(text))
end

function gfx.drawstr(text, flags, right, bottom)
  if type(text) ~= "string" and type(text) ~= "number" then misuse("gfx.drawstr takes a text, not a %s", type(text)) end
  if flags then numbers("drawstr", 2, right, bottom) end
  text = tostring(text)
  paint("drawstr", gfx.x, gfx.y, text, flags or 256, right or 0, bottom or 0)
  gfx.x = gfx.x + draw("measurestr", text)
end

setmetatable(gfx, {
  __index = function(_, name) misuse("gfx.%s is not in REAPER's gfx, or not simulated", tostring(name)) end,
  __newindex = function(_, name) misuse("gfx.%s is written: REAPER has no such variable", tostring(name)) end,
})

local function look(width, height, x, y, buttons, wheel)
  if not is_open then return end
  gfx.w, gfx.h, gfx.mouse_x, gfx.mouse_y, gfx.mouse_cap = width, height, x, y, buttons
  gfx.mouse_wheel = gfx.mouse_wheel + wheel
end

return gfx, look
