--- What the panel says of changes and measures: names and values as people read them. Plain text.
local wording = {}

local UNITS = { "_hz$", "_db$", "_ms$", "_percent$", "_oct$" }
local UNHEARD = "Not heard: it changes less than 0.5 dB by itself." -- as bridge/automix/job.py has it
local WORDS = { q = "Q", eq = "EQ" }

--- `value` where it is a text, else "".
function wording.text(value)
  return type(value) == "string" and value or ""
end

--- "threshold_db" -> "Threshold": the unit stands beside the value. Names with capitals are the plugin's own.
local function humanise(name)
  if name:find("%u") then return name end
  for _, unit in ipairs(UNITS) do name = name:gsub(unit, "") end
  name = WORDS[name] or name:gsub("_", " ")
  return (name:gsub("^%l", string.upper))
end

function wording.control(change)
  return humanise(wording.text(change.control))
end

--- The slot of the model and the FX that it lives in.
function wording.plugin(change)
  local plugin = wording.text(change.plugin):gsub("^%u[%w]*: ", ""):gsub(" %([^)]*%)$", "")
  local slot = humanise(wording.text(change.slot))
  return plugin == "" and slot or slot == "" and plugin or slot .. " · " .. plugin
end

local function with_sign(text)
  return (text:gsub("^%-", "−"))
end

--- `text` with its unit, where it does not name one itself.
local function with_unit(text, unit)
  if unit == "" or text == "" or text:find("%a") then return with_sign(text) end
  return with_sign(text) .. " " .. unit
end

--- A number as a person would write it: three digits that count.
local function number(value)
  if value == 0 then return "0" end
  local size = math.abs(value)
  if size >= 100 then return string.format("%.0f", value) end
  return (string.format(size >= 10 and "%.1f" or "%.2f", value):gsub("^%-(0%.?0*)$", "%1"))
end

function wording.before(change)
  if type(change.before) ~= "number" then return "off" end
  return with_unit(number(change.before), wording.text(change.unit))
end

function wording.after(change)
  local text = wording.text(change.text)
  if text == "" and type(change.after) == "number" then text = number(change.after) end
  return with_unit(text, wording.text(change.unit))
end

function wording.confidence(change)
  return type(change.confidence) == "number" and math.min(math.max(change.confidence, 0), 1) or 0
end

--- The changes that are heard, and how many are not. All of them where none is.
function wording.heard(changes)
  local heard = {}
  for _, change in ipairs(changes) do
    if change.reason ~= UNHEARD then heard[#heard + 1] = change end
  end
  if #heard == 0 then return changes, 0 end
  return heard, #changes - #heard
end

--- Whether the change before this one, of the same slot, has the same reason: it is not told twice.
function wording.is_told(last, change)
  return last ~= nil and last.slot == change.slot and last.reason == change.reason
end

--- One line on what was measured before and after; nil where nothing was.
function wording.measures(measures)
  if type(measures) ~= "table" or type(measures.before) ~= "table" or type(measures.after) ~= "table" then return nil end
  local before, after, parts = measures.before, measures.after, {}
  if type(before.distance_db) == "number" and type(after.distance_db) == "number" then
    parts[1] = string.format("distance %.1f → %.1f dB", before.distance_db, after.distance_db)
  end
  if type(before.loudness_lufs) == "number" and type(after.loudness_lufs) == "number" then
    parts[#parts + 1] = with_sign(string.format("%.1f", before.loudness_lufs)) .. " → " .. with_sign(string.format("%.1f LUFS", after.loudness_lufs))
  end
  return #parts > 0 and table.concat(parts, "  ·  ") or nil
end

return wording
