--- One FX parameter's envelope: its points within a range replaced by others, compared, and put back.
-- Knows raw values and latency; what is to be written is said by others, in normalized values and project time.
local user_error = require("runtime.user_error")
local capture = require("audio.capture")
local fx_chain = require("track.fx_chain")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")

local envelopes = {}

local EDGE_S = 0.005 -- from what was there to what is new, and back
local POINTS_AT_ONCE = 64
local ACTIVE = "ACTIVE"

envelopes.NEAR = 1e-4 -- normalized

--- How late the sound is when it arrives at the FX, in seconds.
local function latency_s(target, fx)
  if reaper.GetExtState("Bridge", "automation_latency") == "off" then return 0.0 end
  local samples = 0
  for _, one in ipairs(fx_chain.every(target.track)) do
    if one.fx == fx then break end
    -- a container's own latency is that of what is in it
    if not one.is_container and reaper.TrackFX_GetEnabled(target.track, one.fx) and not reaper.TrackFX_GetOffline(target.track, one.fx) then
      local is_known, text = reaper.TrackFX_GetNamedConfigParm(target.track, one.fx, "pdc")
      samples = samples + (is_known and tonumber(text) or 0)
    end
  end
  return samples / capture.sample_rate_hz(target.project)
end

local function is_there(target, envelope)
  return not tracks.gone(target) and reaper.ValidatePtr2(target.project, envelope, "TrackEnvelope*")
end

--- Raise a user error where the envelope of an edit ({target, envelope}) is no more.
function envelopes.check(edit)
  if not is_there(edit.target, edit.envelope) then user_error.raise("envelope_removed", { track = edit.target.name }) end
end

local function read_points(edit)
  local points, envelope = {}, edit.envelope
  for index = 0, reaper.CountEnvelopePoints(envelope) - 1 do
    local _, time_s, value, shape, tension, is_selected = reaper.GetEnvelopePoint(envelope, index)
    points[index + 1] = { time_s, value, shape, tension, is_selected }
    if ticks.breathe() then envelopes.check(edit) end
  end
  return points
end

--- Open the envelope of a parameter, made where there is none; what it holds is kept for `restore`.
function envelopes.open(target, fx, parameter)
  local existing = reaper.GetFXEnvelope(target.track, fx, parameter, false)
  local was_active = existing and select(2, reaper.GetSetEnvelopeInfo_String(existing, ACTIVE, "", false)) ~= "0"
  local envelope = existing or reaper.GetFXEnvelope(target.track, fx, parameter, true)
  local value, low, high = reaper.TrackFX_GetParamEx(target.track, fx, parameter)
  local edit = {
    target = target, envelope = envelope, was_active = was_active or false, value = value, low = low, high = high,
    scaling = reaper.GetEnvelopeScalingMode(envelope), shift_s = latency_s(target, fx),
  }
  edit.before = read_points(edit)
  return edit
end

local function raw(edit, normalized)
  return reaper.ScaleToEnvelopeMode(edit.scaling, edit.low + (edit.high - edit.low) * normalized)
end

local function value_at(edit, time_s)
  local _, value = reaper.Envelope_Evaluate(edit.envelope, time_s, 0, 0)
  return value
end

--- What the envelope says at a time, where it was in force; else what the parameter stands at.
local function resting_value(edit, time_s)
  if edit.was_active and #edit.before > 0 then return value_at(edit, time_s) end
  return reaper.ScaleToEnvelopeMode(edit.scaling, edit.value)
end

--- Insert {time_s, value, shape, tension, is_selected} points, sorted at the end of each slice.
local function insert(envelope, points)
  for index, point in ipairs(points) do
    reaper.InsertEnvelopePoint(envelope, point[1], point[2], point[3], point[4] or 0, point[5] or false, true)
    if index % POINTS_AT_ONCE == 0 then
      reaper.Envelope_SortPoints(envelope)
      ticks.breathe()
    end
  end
  reaper.Envelope_SortPoints(envelope)
end

--- Replace what lies within `range` by `points` ({project time, normalized}); outside nothing changes.
function envelopes.replace(edit, range, points, shape)
  local envelope = edit.envelope
  local from_s, to_s = range.start_s + edit.shift_s, range.end_s + edit.shift_s
  local first_s = math.max(from_s - EDGE_S, 0)
  local new = { { first_s, resting_value(edit, first_s), 0 } }
  local last = { to_s + EDGE_S, resting_value(edit, to_s + EDGE_S), 0 }
  if first_s == from_s then new = {} end
  for _, point in ipairs(points) do
    new[#new + 1] = { point[1] + edit.shift_s, raw(edit, point[2]), shape }
    ticks.breathe()
  end
  new[#new + 1] = last
  if not edit.was_active then reaper.DeleteEnvelopePointRange(envelope, -1, 1e9) end -- they were not in force
  reaper.DeleteEnvelopePointRange(envelope, first_s, last[1] + 1e-9)
  if not edit.was_active and first_s > 0 then insert(envelope, { { 0.0, resting_value(edit, 0), 0 } }) end
  insert(envelope, new)
  reaper.GetSetEnvelopeInfo_String(envelope, ACTIVE, "1", true)
end

--- Return the largest distance between the envelope and `points`, normalized, and what it says at the last of them.
function envelopes.compare(edit, points)
  local worst, read = 0, 0
  for _, point in ipairs(points) do
    local value = value_at(edit, point[1] + edit.shift_s)
    read = edit.high > edit.low and (value - edit.low) / (edit.high - edit.low) or point[2]
    worst = math.max(worst, math.abs(read - point[2]))
    ticks.breathe()
  end
  return worst, read
end

--- Put the envelope back as it was opened, and out of force where it was. Takes no slices: it may run in `atexit`.
function envelopes.restore(edit)
  if not is_there(edit.target, edit.envelope) then return end
  reaper.DeleteEnvelopePointRange(edit.envelope, -1, 1e9)
  for _, point in ipairs(edit.before) do
    reaper.InsertEnvelopePoint(edit.envelope, point[1], point[2], point[3], point[4], point[5], true)
  end
  reaper.Envelope_SortPoints(edit.envelope)
  reaper.GetSetEnvelopeInfo_String(edit.envelope, ACTIVE, edit.was_active and "1" or "0", true)
end

return envelopes
