--- English for the facts in messages: the one module on REAPER's side that makes sentences of them. The daemon has its
-- own (`bridge/automix/describe.py`, `bridge/reaper/describe.py`). Facts may lack what has its default.
local json = require("exchange.json")

local describe = {}

local function given(value)
  if value == json.null then return nil end
  return value
end

local function text_of(value)
  return type(value) == "string" and value or ""
end

local function number_of(value)
  return type(value) == "number" and value or 0
end

--- "a", "a and b", "a, b and c".
local function listed(names)
  if #names < 2 then return names[1] or "" end
  return table.concat(names, ", ", 1, #names - 1) .. " and " .. names[#names]
end

---------------------------------------------------------------------------------------------- what was left alone

local BAND_TYPES = { [3] = "a notch", [6] = "a band pass", [7] = "a parallel band pass" }

local REQUIREMENTS = {
  dry_signal = function() return "mixes dry signal in: set Dry to -inf" end,
  auto_makeup = function() return "makes up gain by itself: switch its auto make-up off" end,
  auto_release = function() return "chooses its release by itself: switch Auto Release off" end,
  detector_highpass = function(row) return string.format("does not detect the lows: set its detector's Hipass to %g Hz or below", row.at_most) end,
  detector_lowpass = function(row) return string.format("does not detect the highs: set its detector's Lowpass to %g Hz or above", row.at_least) end,
  lookahead = function(row) return string.format("looks ahead: set Pre-comp to %g ms or below", row.at_most) end,
  knee = function(row) return string.format("sets in softly: set Knee to %g dB or below", row.at_most) end,
  rms_window = function(row) return string.format("reacts to a long mean: set RMS size to %g ms or below", row.at_most) end,
}

local function place(row)
  return text_of(row.fx) .. ", " .. text_of(row.parameter)
end

local LEFT_ALONE = {
  bypassed = function() return "is bypassed, so it stays as it is" end,
  offline = function() return "is offline, so it stays as it is" end,
  partly_dry = function() return "mixes the untouched sound in: set its Wet knob to 100 %" end,
  duplicate = function() return "only the first one of its kind on the track is set" end,
  not_in_model = function(row) return "the model " .. text_of(row.model) .. " does not set it" end,
  unmet_requirement = function(row)
    local requirement = REQUIREMENTS[row.requirement]
    return requirement and requirement(row) or text_of(row.parameter) .. " is not neutral"
  end,
  unrendered_band = function(row)
    local band = BAND_TYPES[row.band_type] or string.format("a band of type %d", number_of(row.band_type))
    return "has " .. band .. " switched on, which Bridge cannot render: switch that band off"
  end,
  unreadable_slot = function(row) return "left alone as a whole, for " .. text_of(row.slot) .. " in it is audible and cannot be read" end,
  not_on_track = function(row) return text_of(row.fx) .. " is not active on this track" end,
  no_band = function(row) return text_of(row.fx) .. " has no band of this type left: add one" end,
  unsupported = function(row) return "no FX of REAPER's own does what " .. text_of(row.plugin) .. " does; it works on files alone" end,
  no_parameter = function(row) return text_of(row.fx) .. " shows no parameter for " .. text_of(row.parameter) end,
  no_display_law = function(row) return place(row) .. ": what it displays is no rising or falling row of numbers" end,
  unconfirmed_display = function(row) return place(row) .. ": it displays '" .. text_of(row.text) .. "', which its own grid of values does not confirm" end,
  other_unit = function(row) return place(row) .. ": it displays '" .. text_of(row.unit) .. "' where the model sets '" .. text_of(row.wanted_unit) .. "'" end,
  automated = function(row) return place(row) .. " has an armed envelope, which would override the value" end,
  in_use = function() return "it is in use: only a control at rest can be moved and come back" end,
  model_damaged = function(row) return "changed on disk, used as it was: " .. text_of(row.error) end,
  touched = function() return "it was touched since" end,
  fx_removed = function() return "its FX was removed" end,
  fx_offline = function() return "its FX is offline" end,
}

--- Why one thing was left alone.
function describe.reason(row)
  local reason = LEFT_ALONE[row.kind]
  return reason and reason(row) or text_of(row.kind)
end

--- {what, why} of each thing that was left alone; reasons of one thing that follow each other are joined.
function describe.left_alone(rows)
  local list = {}
  for _, row in ipairs(rows) do
    local last, what = list[#list], text_of(row.what)
    if last and last.what == what then
      last.why = last.why .. "; " .. describe.reason(row)
    else
      list[#list + 1] = { what = what, why = describe.reason(row) }
    end
  end
  return list
end

return describe
