--- The list of the panel: what was changed, from where to where and how surely, and what was left alone and why. Draws a
-- stretch of it; a row has the height of its texts.
local paint = require("panel.paint")
local wording = require("panel.wording")

local rows = {}

local HEAD, ROW, LINE, GAP = 26, 22, 16, 8
local MAX_LINES = 3

local function head(list, text, note)
  list[#list + 1] = { kind = "head", height = paint.px(HEAD), text = text, note = note }
end

local function gap(list)
  list[#list + 1] = { kind = "gap", height = paint.px(GAP) }
end

local function change_row(change, width)
  local row = { kind = "change", change = change, reason = {} }
  local reason = wording.text(change.reason)
  if reason ~= "" then row.reason = paint.wrap(reason, width - 2 * paint.px(10), "small", 2) end
  row.height = paint.px(ROW) + #row.reason * paint.px(LINE)
  return row
end

--- The rows of a record (see `applied`) and of what else was left alone, for a width in pixels.
function rows.make(record, left_alone, width)
  local list = {}
  local changes = record and record.changes or {}
  if #changes > 0 then
    head(list, string.format("Changes (%d)", #changes), wording.measures(record.measures))
    list[#list + 1] = { kind = "captions", height = paint.px(LINE + 2) }
    local plugin
    for _, change in ipairs(changes) do
      local name = wording.plugin(change)
      if name ~= plugin then list[#list + 1] = { kind = "plugin", height = paint.px(ROW), text = name } end
      plugin = name
      list[#list + 1] = change_row(change, width)
    end
    gap(list)
  end
  if #left_alone > 0 then
    head(list, string.format("Left as it is (%d)", #left_alone))
    for _, item in ipairs(left_alone) do
      local why = paint.wrap(wording.text(item.why), width - 2 * paint.px(10), "small", MAX_LINES)
      list[#list + 1] = { kind = "left", height = paint.px(ROW) + #why * paint.px(LINE), text = wording.text(item.what), why = why }
    end
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
  paint.text(x + paint.px(2), y, width, row.height, row.text, "head", "text")
  if row.note then
    local taken = paint.width(row.text, "head") + paint.px(16)
    paint.text(x + taken, y, width - taken - paint.px(2), row.height, row.note, "small", "faint", "right")
  end
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

function draw.change(row, x, y, width)
  local change, height = row.change, paint.px(ROW)
  local name, before, after, sure = columns(x, width)
  paint.box(x, y, width, row.height, "card")
  paint.text(name[1], y, name[2] - paint.px(6), height, wording.control(change), "body", "text")
  paint.text(before[1], y, before[2], height, wording.before(change), "body", "faint", "right")
  paint.text(after[1], y, after[2], height, wording.after(change), "strong", "text", "right")
  local share, bar = wording.confidence(change), paint.px(30)
  local thickness, middle = paint.px(5), y + math.floor(height / 2)
  paint.card(sure[1], middle - math.floor(thickness / 2), bar, thickness, "line", 2)
  paint.card(sure[1], middle - math.floor(thickness / 2), math.max(math.floor(bar * share), thickness), thickness, "accent", 2)
  paint.text(sure[1] + bar + paint.px(5), y, sure[2] - bar - paint.px(5), height, string.format("%d %%", math.floor(share * 100 + 0.5)), "small", "faint", "right")
  for index, line in ipairs(row.reason) do
    paint.text(name[1], y + height + (index - 1) * paint.px(LINE) - paint.px(3), width - 2 * paint.px(10), paint.px(LINE), line, "small", "faint")
  end
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
