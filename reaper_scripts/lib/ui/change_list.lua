--- The list of the panel: what was changed, from where to where and how surely, and what was left alone and why. Draws a
-- stretch of it; a row has the height of its texts, in pixels.
local change_text = require("ui.change_text")
local describe = require("ui.describe")
local paint = require("ui.paint")

local change_list = {}

local px = paint.px
local HEAD, ROW, LINE, GAP, PAD, INSET = 28, 23, 17, 8, 5, 10 -- points
local MAX_LINES = 3
local NARROW = 350 -- points: below, values stand under the name of their control

local function add(list, kind, height, row)
  row = row or {}
  row.kind, row.height = kind, height
  list[#list + 1] = row
end

local function pad(list, has_line)
  add(list, "pad", px(PAD), { has_line = has_line })
end

local function is_narrow(width)
  return width < px(NARROW)
end

--- `is_repeated`: its explanation stands beside another control of the same slot already.
local function add_change(list, change, width, is_repeated)
  local why = is_repeated and "" or describe.explanation(change.explanation)
  local lines = paint.wrap(why, width - 2 * px(INSET), "small", 2)
  local kind = is_narrow(width) and "stacked" or "change"
  local values = px(ROW) * (kind == "stacked" and 2 or 1)
  add(list, kind, values + #lines * px(LINE), { change = change, lines = lines, values = values })
end

local function add_changes(list, record, width)
  local changes, inaudible = change_text.audible(record and record.changes or {})
  if #changes == 0 then return end
  local by = type(record.model) == "string" and record.model ~= "" and " by " .. record.model or ""
  add(list, "head", px(HEAD), { text = string.format("%d %s%s", #changes, #changes == 1 and "change" or "changes", by) })
  local measures = change_text.measures(record.measures)
  local verified = change_text.verified(record.verified)
  if measures then add(list, "note", px(LINE + 3), { text = verified and "computed: " .. measures or measures }) end
  if verified then add(list, "note", px(LINE + 3), { text = verified }) end
  if not is_narrow(width) then add(list, "captions", px(LINE + 4)) end
  local plugin
  for index, change in ipairs(changes) do
    local name = change_text.plugin(change)
    if name ~= plugin then
      pad(list, plugin ~= nil)
      add(list, "plugin", px(ROW), { text = name })
    end
    plugin = name
    add_change(list, change, width, change_text.is_repeated(changes[index - 1], change))
  end
  pad(list)
  if inaudible > 0 then
    add(list, "gap", px(GAP))
    local text = string.format("%d further %s moved without being heard", inaudible, inaudible == 1 and "setting" or "settings")
    add(list, "note", px(LINE + 3), { text = text })
  end
  add(list, "gap", px(GAP))
end

--- Rows of {what, why} below a head.
local function add_reasons(list, head, rows, width)
  if #rows == 0 then return end
  add(list, "head", px(HEAD), { text = head })
  pad(list)
  for _, row in ipairs(rows) do
    local lines = paint.wrap(row.why, width - 2 * px(INSET), "small", MAX_LINES)
    add(list, "left", px(ROW) + #lines * px(LINE), { text = row.what, lines = lines })
  end
  pad(list)
  add(list, "gap", px(GAP))
end

--- Return the rows of the tracks that were left out (see `report.left_out`), of a record (see `live.applied_state`) and of what
-- else was left alone, for a width in pixels.
function change_list.make(left_out, record, left_alone, width)
  local list = {}
  add_reasons(list, string.format("%d %s left out", #left_out, #left_out == 1 and "track was" or "tracks were"), left_out, width)
  add_changes(list, record, width)
  local rows = describe.left_alone(left_alone)
  add_reasons(list, string.format("%d left as %s", #rows, #rows == 1 and "it is" or "they are"), rows, width)
  return list
end

function change_list.height(list)
  local height = 0
  for _, row in ipairs(list) do height = height + row.height end
  return height
end

--- Where the columns of a row stand: name, before, after, confidence, each {x, width}.
local function columns(x, width)
  local inner, sure = width - 2 * px(INSET), px(84)
  local value = math.floor((inner - sure) * 0.29)
  local left = x + px(INSET)
  local name = inner - sure - 2 * value
  return { left, name }, { left + name, value }, { left + name + value, value }, { left + name + 2 * value + px(14), sure - px(14) }
end

local function draw_lines(row, x, y, width)
  for index, line in ipairs(row.lines) do
    paint.text(x + px(INSET), y + (index - 1) * px(LINE) - px(3), width - 2 * px(INSET), px(LINE), line, "small", "faint")
  end
end

local function draw_confidence(change, x, y, width, height)
  local share, bar, thick = change_text.confidence(change), px(30), px(4)
  paint.bar(x, y + math.floor((height - thick) / 2), bar, thick, share, "accent")
  paint.text(x + bar, y, width - bar, height, string.format("%d %%", math.floor(share * 100 + 0.5)), "small", "faint", "right")
end

local draw = {}

function draw.head(row, x, y, width)
  paint.text(x, y, width, row.height, row.text, "head", "text")
end

function draw.note(row, x, y, width)
  paint.text(x, y - px(3), width, row.height, row.text, "small", "faint")
end

function draw.pad(row, x, y, width)
  paint.box(x, y, width, row.height, "card")
  if row.has_line then paint.box(x, y, width, math.max(px(1), 1), "line") end
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
  paint.text(x + px(INSET), y, width - 2 * px(INSET), row.height, row.text, "strong", "faint")
end

function draw.change(row, x, y, width)
  local change, height = row.change, px(ROW)
  local name, before, after, sure = columns(x, width)
  paint.box(x, y, width, row.height, "card")
  paint.text(name[1], y, name[2] - px(6), height, change_text.control(change), "body", "text")
  paint.text(before[1], y, before[2], height, change_text.before(change), "body", "faint", "right")
  paint.text(after[1], y, after[2], height, change_text.after(change), "strong", "text", "right")
  draw_confidence(change, sure[1], y, sure[2], height)
  draw_lines(row, x, y + row.values, width)
end

function draw.stacked(row, x, y, width)
  local change, height, sure = row.change, px(ROW), px(70)
  local left, inner, below = x + px(INSET), width - 2 * px(INSET), y + height - px(3)
  paint.box(x, y, width, row.height, "card")
  paint.text(left, y, inner - sure - px(6), height, change_text.control(change), "body", "text")
  draw_confidence(change, left + inner - sure, y, sure, height)
  local before = change_text.before(change) .. "  →  "
  local taken = paint.width(before, "body")
  paint.text(left, below, inner, height, before, "body", "faint")
  paint.text(left + taken, below, inner - taken, height, change_text.after(change), "strong", "text")
  draw_lines(row, x, y + row.values, width)
end

function draw.left(row, x, y, width)
  paint.box(x, y, width, row.height, "card")
  paint.text(x + px(INSET), y, width - 2 * px(INSET), px(ROW), row.text, "body", "text")
  draw_lines(row, x, y + px(ROW), width)
end

function draw.gap() end

--- Draw what of the list lies between `top` and `bottom`, the list's beginning at `y`.
function change_list.draw(list, x, y, width, top, bottom)
  for _, row in ipairs(list) do
    if y + row.height > top and y < bottom then draw[row.kind](row, x, y, width) end
    y = y + row.height
  end
end

return change_list
