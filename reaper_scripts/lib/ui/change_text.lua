--- Changes and measures as people read them: names of controls and plugins, values with their units. Plain text.
local json = require("exchange.json")

local change_text = {}

local UNITS = { "_hz$", "_db$", "_ms$", "_percent$", "_oct$" }
local WORDS = { q = "Q", eq = "EQ" }

local function text_of(value)
  return type(value) == "string" and value or ""
end

--- "threshold_db" -> "Threshold": the unit stands beside the value. Names with capitals are the plugin's own.
local function humanise(name)
  if name:find("%u") then return name end
  for _, unit in ipairs(UNITS) do name = name:gsub(unit, "") end
  name = WORDS[name] or name:gsub("_", " ")
  return (name:gsub("^%l", string.upper))
end

function change_text.control(change)
  return humanise(text_of(change.control))
end

--- Return the slot of the model and the FX that stands for it.
function change_text.plugin(change)
  local plugin = text_of(change.plugin):gsub("^%u[%w]*: ", ""):gsub(" %([^)]*%)$", "")
  local slot = humanise(text_of(change.slot))
  return plugin == "" and slot or slot == "" and plugin or slot .. " · " .. plugin
end

--- Return slot and control as the model has them: "compressor threshold_db".
function change_text.name(change)
  return text_of(change.slot) .. " " .. text_of(change.control)
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

function change_text.before(change)
  if type(change.before) ~= "number" then return "off" end
  return with_unit(number(change.before), text_of(change.unit))
end

function change_text.after(change)
  local text = text_of(change.text)
  if text == "" and type(change.after) == "number" then text = number(change.after) end
  return with_unit(text, text_of(change.unit))
end

function change_text.confidence(change)
  return type(change.confidence) == "number" and math.min(math.max(change.confidence, 0), 1) or 0
end

local function kind_of(change)
  local explanation = change.explanation
  return type(explanation) == "table" and explanation.kind or nil
end

--- Return the changes that can be heard, and how many cannot. All of them where none can.
function change_text.audible(changes)
  local audible = {}
  for _, change in ipairs(changes) do
    if kind_of(change) ~= "inaudible" then audible[#audible + 1] = change end
  end
  if #audible == 0 then return changes, 0 end
  return audible, #changes - #audible
end

--- Return whether the change before this one, of the same slot, has the same explanation: it is not said twice.
function change_text.is_repeated(last, change)
  if not last or last.slot ~= change.slot then return false end
  return json.encode(last.explanation or json.null) == json.encode(change.explanation or json.null)
end

--- Return one line on what was measured before and after; nil where nothing was.
function change_text.measures(measures)
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

--- Return one line on what is heard before and after, as REAPER rendered it; nil where nothing was.
function change_text.verified(measures)
  local line = change_text.measures(measures)
  return line and "heard: " .. line
end

return change_text
