--- The panel's view: lays out what the controller knows and hands on what the user wants. Narrow windows have one column, wide
-- ones two. Keeps only how far the list is scrolled.
local describe = require("ui.describe")
local menus = require("ui.menus")
local paint = require("ui.paint")
local change_list = require("ui.change_list")
local user_error = require("runtime.user_error")
local widgets = require("ui.widgets")

local view = {}

local px = paint.px

local MARGIN, FIELD, BUTTON, WIDE = 14, 28, 32, 720
local HINTS = { "Tab moves · Space presses · ← → amount · C compares · Esc cancels", "Tab moves · Space presses · Esc cancels" }
local EMPTY = "What Bridge changes stands here, control by control: before, after, and how sure it is."

local scrolled = 0 -- points

local function header(controller, x, y, width)
  paint.text(x, y, px(90), px(34), "Bridge", "title", "text")
  local colour, status = "bad", "daemon not running"
  if controller.is_alive then colour, status = "good", controller:is_busy() and controller.state and "working" or "ready" end
  if controller.state then colour = "accent" end
  local more = px(34)
  paint.text(x + px(90), y, width - px(90) - more - px(8), px(34), status, "small", "faint", "right")
  local taken = paint.width(status, "small")
  paint.dot(x + width - more - px(8) - taken - px(11), y + px(17), px(4), colour)
  if widgets.button("more", x + width - more, y + px(3), more, px(FIELD), "···") then menus.more(controller) end
  return y + px(40)
end

local function banner(controller, x, y, width, kind, text, can_be_closed)
  local lines = paint.wrap(text, width - px(can_be_closed and 56 or 28), "body", 4)
  local height = #lines * px(18) + px(16)
  paint.card(x, y, width, height, "card")
  paint.box(x, y + px(4), px(4), height - 2 * px(4), kind)
  for index, line in ipairs(lines) do
    paint.text(x + px(14), y + px(8) + (index - 1) * px(18), width - px(can_be_closed and 52 or 24), px(18), line, "body", "text")
  end
  if can_be_closed and widgets.button("close", x + width - px(32), y + px(6), px(26), px(24), "×") then controller:forget_message() end
  return y + height + px(10)
end

local function who(controller, x, y, width)
  local text = controller.track_text == "" and "No track selected" or controller.track_text
  paint.text(x, y, width, px(22), text, "head", controller.track_text == "" and "faint" or "text")
  return y + px(28)
end

local function choices(controller, x, y, width)
  local third = math.floor((width - 2 * px(8)) / 3)
  local is_free = not controller:is_busy()
  if widgets.choice("model", x, y, third, px(FIELD), "Model", controller.model == "" and "default" or controller.model, is_free) then menus.models(controller) end
  if widgets.choice("style", x + third + px(8), y, third, px(FIELD), "Style", controller.style == "" and "none" or controller.style, is_free) then
    menus.styles(controller)
  end
  local reference = controller.reference_text == "" and "none" or controller.reference_text
  if widgets.choice("reference", x + 2 * (third + px(8)), y, third, px(FIELD), "Reference", reference, is_free) then menus.reference(controller) end
  return y + px(17 + FIELD + 12)
end

local function progress(controller, x, y, width)
  local state = controller.state
  local cancel = px(78)
  paint.text(x, y, width - cancel - px(10), px(18), state.step and describe.fact(state.step) or "", "small", "text")
  local bar = width - cancel - px(10)
  paint.bar(x, y + px(22), bar, px(5), math.min(state.share, 1), "accent")
  if widgets.button("cancel", x + width - cancel, y, cancel, px(BUTTON), "Cancel") then controller:cancel() end
end

local function actions(controller, x, y, width)
  if controller.state then
    progress(controller, x, y, width)
    return y + px(BUTTON + 14)
  end
  local is_ready = controller.is_alive and #controller.targets > 0 and not controller:is_busy()
  local first = math.floor((width - 2 * px(8)) * 0.4)
  local other = math.floor((width - 2 * px(8) - first) / 2)
  if widgets.button("automix", x, y, first, px(BUTTON), "Auto-mix", "main", is_ready) then controller:run({}) end
  if widgets.button("match", x + first + px(8), y, other, px(BUTTON), "Match", nil, is_ready) then menus.match(controller) end
  if widgets.button("next", x + first + other + 2 * px(8), y, other, px(BUTTON), "Next style", nil, is_ready) then menus.next_style(controller) end
  return y + px(BUTTON + 14)
end

local function amount(controller, x, y, width)
  local has_amount = controller.amount ~= nil and not controller:is_busy()
  local shown = controller.amount or 1
  paint.text(x, y, width, px(20), "Amount", "body", controller.amount and "text" or "faint")
  paint.text(x, y, width, px(20), controller.amount and string.format("%d %%", math.floor(shown * 100 + 0.5)) or "–", "strong", controller.amount and "text" or "faint", "right")
  local moved, is_over = widgets.slider("amount", x, y + px(20), width, px(26), shown, has_amount)
  if moved or is_over then controller:move(moved, is_over) end
  y = y + px(54)
  local half = math.floor(width * 0.62)
  local chosen = widgets.switch("compare", x, y, half, px(FIELD), { "Before", "After" }, controller.is_compared and 1 or 2, has_amount and not controller.gesture)
  if chosen then controller:compare(chosen == 1) end
  if widgets.button("undo", x + half + px(8), y, width - half - px(8), px(FIELD), "Undo", nil, not controller:is_busy()) then controller:undo() end
  return y + px(FIELD + 14)
end

--- What becomes of FX that a track lacks.
local function missing(controller, x, y, width)
  local left = width - px(150)
  paint.text(x, y, left, px(FIELD), "Missing FX", "body", "text")
  local chosen = widgets.switch("missing", x + left, y, px(150), px(FIELD), { "Leave", "Add" }, controller.adds_fx and 2 or 1, not controller:is_busy())
  if chosen then controller:choose_adding(chosen == 2) end
  return y + px(FIELD + 10)
end

--- The controls, from the top; returns where they end.
local function controls(controller, x, y, width)
  y = header(controller, x, y, width)
  if not controller.is_alive then
    y = banner(controller, x, y, width, "bad", controller.fault or describe.fact(user_error.new("no_daemon")))
  end
  y = who(controller, x, y, width)
  y = choices(controller, x, y, width)
  y = actions(controller, x, y, width)
  y = amount(controller, x, y, width)
  y = missing(controller, x, y, width)
  if controller.message then y = banner(controller, x, y, width, controller.message.kind, controller.message.text, true) end
  return y
end

local list, made_of

--- The list of changes in a box; what reaches over its top is covered by what is drawn later.
local function changes(controller, x, top, width, bottom)
  local key = string.format("%s %d %d %s", tostring(controller.record_text), controller.version, width, tostring(controller.record_guid))
  if key ~= made_of then
    list, made_of = change_list.make(controller.left_out, controller.record, controller:left(), width - px(10)), key
  end
  local height, room = change_list.height(list), bottom - top
  if height == 0 then
    for index, line in ipairs(paint.wrap(EMPTY, width - px(20), "body", 3)) do
      paint.text(x, top + px(10) + (index - 1) * px(20), width, px(20), line, "body", "faint")
    end
    return
  end
  local most = math.max(height - room, 0)
  scrolled = math.min(scrolled, most)
  change_list.draw(list, x, top - math.floor(scrolled), width - px(10), top, bottom)
  if most > 0 then
    local bar = math.max(math.floor(room * room / height), px(24))
    paint.card(x + width - px(5), top + math.floor((room - bar) * scrolled / most), px(5), bar, "line", 2)
  end
end

--- Scroll the list; the last of the widgets, for one that looks for it by keyboard. Returns whether it has moved.
local function scroll(x, top, width, bottom)
  local most = math.max(change_list.height(list or {}) - (bottom - top), 0)
  if most == 0 then return false end
  local before = scrolled
  scrolled = math.min(math.max(scrolled + px(widgets.scroll("list", x, top, width, bottom - top)), 0), most)
  return scrolled ~= before
end

local function hint(x, width, bottom)
  paint.box(0, bottom - px(24), gfx.w, px(24), "ground")
  local text = paint.width(HINTS[1], "small") <= width and HINTS[1] or HINTS[2]
  paint.text(x, bottom - px(22), width, px(18), text, "small", "faint")
end

--- Draw the whole window. The list comes first: what it leaves above itself is drawn over. `last_bottom` is where the
-- controls ended in the frame before. Returns where they end now, and whether the list has moved since it was drawn.
function view.draw(controller, last_bottom)
  local margin = px(MARGIN)
  local is_wide = gfx.w >= px(WIDE)
  local left = is_wide and px(380) or gfx.w - 2 * margin
  local x, top, width = margin, last_bottom, gfx.w - 2 * margin
  if is_wide then x, top, width = left + 2 * margin, margin, gfx.w - left - 3 * margin end
  local bottom = gfx.h - px(28)
  paint.box(0, 0, gfx.w, gfx.h, "ground")
  changes(controller, x, top, width, bottom)
  if not is_wide then paint.box(0, 0, gfx.w, top - px(4), "ground") end
  local ends = controls(controller, margin, px(8), left)
  local is_moved = scroll(x, top, width, bottom)
  hint(margin, gfx.w - 2 * margin, gfx.h)
  return is_wide and last_bottom or ends, is_moved
end

return view
