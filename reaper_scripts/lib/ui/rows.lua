--- The list of the panel: what was changed, from where to where and how surely, and what was left alone and why. Draws a
-- stretch of it; a row has the height of its texts.
local change_text = require("ui.change_text")
local describe = require("ui.describe")
local paint = require("ui.paint")

local rows = {}

local HEAD, ROW, LINE, GAP, PAD = 28, 23, 17, 8, 5
local MAX_LINES = 3
local NARROW = 350 -- points: below, values stand under the name of their control

local function head(list, text)
  list[#list + 1] = { kind = "head", height = paint.px(HEAD), text = text }
end

local function gap(list)
  list[#list + 1] = { kind = "gap", height = paint.px(GAP) }
end

local function pad(list, has_line)
  list[#list + 1] = { kind = "pad", height = paint.px(PAD), has_line = has_line }
end

local function is_narrow(width)
  return width < paint.px(NARROW)
end

--- `is_told`: its reason stands beside another control of the same slot already.
local function change_row(change, width, is_told)
  local row = { kind = is_narrow(width) and "stacked" or "change", change = change, reason = {} }
  local reason = describe.explanation(change.explanation or change.reason)
  if reason ~= "" and not is_told then row.reason = paint.wrap(reason, width - 2 * paint.px(10), "small", 2) end
  row.values = paint.px(ROW) * (row.kind == "stacked" and 2 or 1)
  row.height = row.values + #row.reason * paint.px(LINE)
  return row
end

--- The rows of a record (see `applied`) and of what else was left alone, for a width in pixels.
function rows.make(record, left_alone, width)
  local list = {}
  local changes, inaudible = change_text.audible(record and record.changes or {})
  if #changes > 0 then
    local model = type(record.model) == "string" and record.model or ""
    head(list, string.format("%d %s%s", #changes, #changes == 1 and "change" or "changes", model == "" and "" or " by " .. model))
    local measures = change_text.measures(record.measures)
    if measures then list[#list + 1] = { kind = "note", height = paint.px(LINE + 3), text = measures } end
    if not is_narrow(width) then list[#list + 1] = { kind = "captions", height = paint.px(LINE + 4) } end
    local plugin
    for index, change in ipairs(changes) do
      local name = change_text.plugin(change)
      if name ~= plugin then
        pad(list, plugin ~= nil)
        list[#list + 1] = { kind = "plugin", height = paint.px(ROW), text = name }
      end
      plugin = name
      list[#list + 1] = change_row(change, width, change_text.is_told(changes[index - 1], change))
    end
    pad(list)
    if inaudible > 0 then
      local text = string.format("%d further %s moved without being heard", inaudible, inaudible == 1 and "setting" or "settings")
      gap(list)
      list[#list + 1] = { kind = "note", height = paint.px(LINE + 3), text = text }
    end
    gap(list)
  end
  local items = describe.left_alone(left_alone)
  if #items > 0 then
    head(list, string.format("%d left as %s", #items, #items == 1 and "it is" or "they are"))
    pad(list)
    for _, item in ipairs(items) do
      local why = paint.wrap(item.why, width - 2 * paint.px(10), "small", MAX_LINES)
      list[#list + 1] = { kind = "left", height = paint.px(ROW) + #why * paint.px(LINE), text = item.what, why = why }
    end
    pad(list)
    gap(list)
  end
  return list
end

function rows.height(list)
  local height = 0
  for _, row in ipairs(list) do height = height + row.height end
  return height
end

--- Where the columns of a row stand: name, before, after, confidence, each {x, width}.
local function columns(x, width)
  local inner, sure = width - 2 * paint.px(10), paint.px(84)
  local value = math.floor((inner - sure) * 0.29)
  local left = x + paint.px(10)
  local name = inner - sure - 2 * value
  return { left, name }, { left + name, value }, { left + name + value, value }, { left + name + 2 * value + paint.px(14), sure - paint.px(14) }
end

local draw = {}

function draw.head(row, x, y, width)
  paint.text(x, y, width, row.height, row.text, "head", "text")
end

function draw.note(row, x, y, width)
  paint.text(x, y - paint.px(3), width, row.height, row.text, "small", "faint")
end

function draw.pad(row, x, y, width)
  paint.box(x, y, width, row.height, "card")
  if row.has_line then paint.box(x, y, width, math.max(paint.px(1), 1), "line") end
end

function draw.captions(row, x, y, width)
  local name, before, after, sure = columns(x, width)
  paint.text(name[1], y, name[2], row.height, "Control", "small", "faint")
  paint.text(before[1], y, before[2], row.height, "Before", "small", "faint", "right")
  paint.text(after[1], y, after[2], row.height, "After", "small", "faint", "right")
  paint.text(sure[1], y, sure[2], row.height, "Confidence", "small", "faint")
end

function draw.plugin(row, x, y, width)
  paint.box(x, y, width, row.height, "card")
  paint.text(x + paint.px(10), y, width - 2 * paint.px(10), row.height, row.text, "strong", "faint")
end

local function draw_confidence(change, x, y, width, height)
  local share, bar, thick = change_text.confidence(change), paint.px(30), paint.px(4)
  paint.bar(x, y + math.floor((height - thick) / 2), bar, thick, share, "accent")
  paint.text(x + bar, y, width - bar, height, string.format("%d %%", math.floor(share * 100 + 0.5)), "small", "faint", "right")
end

local function draw_reason(row, x, y, width)
  for index, line in ipairs(row.reason) do
    paint.text(x + paint.px(10), y + row.values + (index - 1) * paint.px(LINE) - paint.px(3), width - 2 * paint.px(10), paint.px(LINE), line, "small", "faint")
  end
end

function draw.change(row, x, y, width)
  local change, height = row.change, paint.px(ROW)
  local name, before, after, sure = columns(x, width)
  paint.box(x, y, width, row.height, "card")
  paint.text(name[1], y, name[2] - paint.px(6), height, change_text.control(change), "body", "text")
  paint.text(before[1], y, before[2], height, change_text.before(change), "body", "faint", "right")
  paint.text(after[1], y, after[2], height, change_text.after(change), "strong", "text", "right")
  draw_confidence(change, sure[1], y, sure[2], height)
  draw_reason(row, x, y, width)
end

function draw.stacked(row, x, y, width)
  local change, height, sure = row.change, paint.px(ROW), paint.px(70)
  local left, inner = x + paint.px(10), width - 2 * paint.px(10)
  paint.box(x, y, width, row.height, "card")
  paint.text(left, y, inner - sure - paint.px(6), height, change_text.control(change), "body", "text")
  draw_confidence(change, left + inner - sure, y, sure, height)
  local before = change_text.before(change) .. "  →  "
  local taken = paint.width(before, "body")
  paint.text(left, y + height - paint.px(3), inner, height, before, "body", "faint")
  paint.text(left + taken, y + height - paint.px(3), inner - taken, height, change_text.after(change), "strong", "text")
  draw_reason(row, x, y, width)
end

function draw.left(row, x, y, width)
  local height = paint.px(ROW)
  paint.box(x, y, width, row.height, "card")
  paint.text(x + paint.px(10), y, width - 2 * paint.px(10), height, row.text, "body", "text")
  for index, line in ipairs(row.why) do
    paint.text(x + paint.px(10), y + height + (index - 1) * paint.px(LINE) - paint.px(3), width - 2 * paint.px(10), paint.px(LINE), line, "small", "faint")
  end
end

function draw.gap() end

--- Draws what of the list lies between `top` and `bottom`, the list's beginning at `y`.
function rows.draw(list, x, y, width, top, bottom)
  for _, row in ipairs(list) do
    if y + row.height > top and y < bottom then draw[row.kind](row, x, y, width) end
    y = y + row.height
  end
end

return rows
