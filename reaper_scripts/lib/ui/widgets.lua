--- Buttons, choices, switches and a slider that mouse and keyboard move alike. They are called anew in every frame; what
-- lasts from one to the next is where the mouse went down and which one has the focus. Knows nothing of Bridge.
local paint = require("ui.paint")

local widgets = {}

local KEY = {
  tab = 9, enter = 13, space = 32, left = 1818584692, right = 1919379572, up = 30064, down = 1685026670,
  home = 1752132965, ["end"] = 6647396, page_up = 1885828464, page_down = 1885824110, escape = 27,
}
local SHIFT, BUTTON = 8, 1
local STEP, LEAP = 0.01, 0.1 -- of a slider, by keyboard

widgets.KEY = KEY

local order, places = {}, {} -- what can have the focus, in this frame and in the one before
local focus, pressed -- names
local input = { x = -1, y = -1, is_down = false, went_down = false, went_up = false, key = 0, wheel = 0, has_focus = false }
local was_used, is_focus_moved = false, false
local is_focus_shown = false -- only somebody who uses the keyboard wants to see it

--- Take in what the user has done since the last frame. Returns whether anything is different.
function widgets.look(key)
  local is_down = gfx.mouse_cap & BUTTON ~= 0
  local is_new = gfx.mouse_x ~= input.x or gfx.mouse_y ~= input.y or is_down ~= input.is_down or key > 0 or gfx.mouse_wheel ~= 0
  input.went_down, input.went_up = is_down and not input.is_down, input.is_down and not is_down
  input.x, input.y, input.is_down, input.key = gfx.mouse_x, gfx.mouse_y, is_down, key
  input.wheel, input.is_shifted = gfx.mouse_wheel / 120, gfx.mouse_cap & SHIFT ~= 0
  gfx.mouse_wheel = 0
  return is_new
end

--- Move the focus with Tab, from first to last and around.
local function move_focus()
  if input.key ~= KEY.tab or #order == 0 then return end
  local step, place = input.is_shifted and -1 or 1, places[focus]
  if not place then place = input.is_shifted and 1 or 0 end
  focus = order[(place + step - 1) % #order + 1]
  input.key, is_focus_shown, is_focus_moved = 0, true, true
end

--- Begin a frame.
function widgets.begin()
  if input.went_down then is_focus_shown = false end
  move_focus()
  order, places = {}, {}
end

--- Whether the frame that ended last may have changed how a widget looks.
function widgets.was_used() return was_used end

--- End a frame: a key that nobody wanted, or 0.
function widgets.finish()
  if input.went_up then pressed = nil end
  local key = input.key
  was_used = input.went_down or input.went_up or is_focus_moved
  is_focus_moved = false
  input.key, input.wheel, input.went_down, input.went_up = 0, 0, false, false
  return key
end

local function take_key(...)
  for _, name in ipairs({ ... }) do
    if input.key == KEY[name] then
      input.key = 0
      return name
    end
  end
  return nil
end

function widgets.is_over(x, y, width, height)
  return input.x >= x and input.x < x + width and input.y >= y and input.y < y + height
end

--- Enter a widget into the frame. Returns whether it has the focus, the mouse over it, and the mouse down on it.
local function enter(name, x, y, width, height, is_enabled, mark)
  if not is_enabled then return false, false, false end
  order[#order + 1], places[name] = name, #order + 1
  local is_over = widgets.is_over(x, y, width, height)
  if is_over and input.went_down then pressed, focus = name, name end
  local has_focus = focus == name
  if has_focus and is_focus_shown then (mark or paint.ring)(x, y, width, height) end
  return has_focus, is_over and (pressed == nil or pressed == name), pressed == name
end

local function is_used(name, has_focus, is_over)
  return (has_focus and take_key("enter", "space") ~= nil) or (is_over and pressed == name and input.went_up)
end

--- A button; true where it was pressed. `kind`: "main" for the one that matters most, else nil.
function widgets.button(name, x, y, width, height, label, kind, is_enabled)
  is_enabled = is_enabled ~= false
  local has_focus, is_over, is_down = enter(name, x, y, width, height, is_enabled)
  local ground, ink = "field", "text"
  if kind == "main" then ground, ink = "accent", "on_accent" end
  if not is_enabled then ground, ink = "card", "faint" end
  if is_over and kind ~= "main" then ground = "hover" end
  paint.card(x, y, width, height, ground)
  local sunk = is_down and is_over and paint.px(1) or 0
  paint.text(x + paint.px(6), y + sunk, width - 2 * paint.px(6), height, label, kind == "main" and "strong" or "body", ink, "centre")
  return is_used(name, has_focus, is_over)
end

--- A field that opens a menu, with its caption above; true where it was pressed.
function widgets.choice(name, x, y, width, height, caption, value, is_enabled)
  is_enabled = is_enabled ~= false
  local above = paint.px(17)
  paint.text(x, y, width, above, caption, "small", "faint")
  y = y + above
  local has_focus, is_over = enter(name, x, y, width, height, is_enabled)
  paint.card(x, y, width, height, is_over and "hover" or "field")
  paint.text(x + paint.px(8), y, width - paint.px(28), height, value, "body", is_enabled and "text" or "faint")
  paint.arrow(x + width - paint.px(12), y + math.floor(height / 2), "faint")
  return is_used(name, has_focus, is_over)
end

--- Two halves of which one is on. Returns the place of the half that was chosen, or nil.
function widgets.switch(name, x, y, width, height, labels, on, is_enabled)
  local has_focus, is_over = enter(name, x, y, width, height, is_enabled)
  local half, chosen = math.floor(width / 2), nil
  paint.card(x, y, width, height, "field")
  for place, label in ipairs(labels) do
    local left = x + (place - 1) * half
    local is_on = place == on
    if is_on and is_enabled then paint.card(left, y, half, height, "accent") end
    paint.text(left, y, half, height, label, is_on and "strong" or "body", not is_enabled and "faint" or is_on and "on_accent" or "text", "centre")
    if is_over and pressed == name and input.went_up and widgets.is_over(left, y, half, height) then chosen = place end
  end
  local key = has_focus and take_key("left", "right", "enter", "space")
  if key then chosen = key == "left" and 1 or key == "right" and 2 or 3 - on end
  return chosen ~= on and chosen or nil
end

local function by_key(value, has_focus)
  local key = has_focus and take_key("left", "right", "up", "down", "page_up", "page_down", "home", "end")
  if not key then return nil end
  if key == "home" then return 0 elseif key == "end" then return 1 end
  local step = (key == "page_up" or key == "page_down" or input.is_shifted) and LEAP or STEP
  local sign = (key == "left" or key == "down" or key == "page_down") and -1 or 1
  return math.min(math.max(math.floor((value + sign * step) * 100 + 0.5) / 100, 0), 1)
end

local function draw_slider(x, middle, width, value, is_enabled)
  local knob, bar = paint.px(8), paint.px(4)
  local at = x + knob + math.floor((width - 2 * knob) * value + 0.5)
  paint.bar(x, middle - math.floor(bar / 2), width, bar, (at - x) / width, is_enabled and "accent" or "line")
  paint.dot(at, middle, knob, is_enabled and "accent" or "line")
  paint.dot(at, middle, math.max(knob - paint.px(3), 1), "card")
end

--- A slider of 0..1. Returns the new value where it was moved, and whether the movement is over (never for one by keys:
-- nobody can tell where it ends).
function widgets.slider(name, x, y, width, height, value, is_enabled)
  local has_focus, is_over, is_down = enter(name, x, y, width, height, is_enabled)
  local knob, moved, is_over_now = paint.px(8), nil, false
  if is_enabled then
    moved = by_key(value, has_focus)
    if is_down then moved = math.min(math.max((input.x - x - knob) / math.max(width - 2 * knob, 1), 0), 1) end
    if is_over and input.wheel ~= 0 then
      moved = math.min(math.max(value + input.wheel * STEP * 2, 0), 1)
      input.wheel = 0
    end
    is_over_now = is_down and input.went_up
  end
  draw_slider(x, y + math.floor(height / 2), width, moved or value, is_enabled)
  return moved, is_over_now
end

--- How far the user scrolls a stretch of the window that is drawn already, in points; 0 for not at all.
function widgets.scroll(name, x, y, width, height)
  local has_focus = enter(name, x, y, width, height, true, paint.frame)
  local key = has_focus and take_key("up", "down", "page_up", "page_down", "home", "end")
  local by = { up = -30, down = 30, page_up = -240, page_down = 240, home = -1e6, ["end"] = 1e6 }
  local points = key and by[key] or 0
  if widgets.is_over(x, y, width, height) and input.wheel ~= 0 then points, input.wheel = -40 * input.wheel, 0 end
  return points
end

return widgets
