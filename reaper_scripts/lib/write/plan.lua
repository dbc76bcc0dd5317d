--- Turns the writes of a reply into steps on the FX as they are now, or says why none of them may be done: the daemon
-- decided on the whole chain, so a track on which something was touched meanwhile is left alone as a whole.
local fx_info = require("track.fx_info")
local modulation = require("track.modulation")
local receipt = require("exchange.receipt")
local track_changes = require("track.track_changes")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")

local plan = {}

--- Return a write as a step on the track as it is now: {write, fx, parameter, band, before, is_band_enabled}; nil where
-- there is no such place.
function plan.resolve(track, write)
  local fx, parameter = fx_info.locate(track, write)
  if not fx then return nil end
  return {
    write = write, fx = fx, parameter = parameter, band = write.eq_band,
    before = reaper.TrackFX_GetParamNormalized(track, fx, parameter),
    is_band_enabled = fx_info.is_band_on(track, fx, write.eq_band),
  }
end

--- Switches first, then ascending: two plugins are known to crash REAPER otherwise.
local function comes_before(a, b)
  if (a.write.is_switch == true) ~= (b.write.is_switch == true) then return a.write.is_switch == true end
  if a.fx ~= b.fx then return a.fx < b.fx end
  return a.parameter < b.parameter
end

--- Why this step may not be done, or nil.
local function objection(track, step)
  local kind = fx_info.is_automated(track, step.fx, step.parameter) and "became_automated"
    or modulation.of(track, step.fx, step.parameter) and "became_modulated"
    or not fx_info.is_same(step.before, step.write.before) and "value_changed"
  return kind and user_error.new(kind, fx_info.names(track, step.fx, step.parameter)) or nil
end

--- The GUIDs of the FX that are written to, as a set.
function plan.written(writes)
  local guids = {}
  for _, write in ipairs(writes) do guids[write.fx_guid] = true end
  return guids
end

--- Set the `steps` of a job in the order to do them; or its `results`, and return why it cannot be done, as a fact.
function plan.make(job)
  local target, track = job.target, job.target.track
  local reason = tracks.loss(target) or tracks.barred(target)
  job.steps, job.results = {}, {}
  if reason then return reason end
  local texts = {} -- what each FX displayed in the snapshot, by its GUID; it stands there still, or nothing is written
  for _, kept in ipairs(job.snapshot.chain) do texts[kept.guid] = kept.texts end
  for _, write in ipairs(job.reply.writes) do
    local step = plan.resolve(track, write)
    local objected = step and objection(track, step)
    if not step then
      job.results[#job.results + 1] = receipt.result(write, "gone")
      reason = user_error.new("target_gone")
    elseif objected then
      job.results[#job.results + 1] = receipt.result(write, "touched", fx_info.read(track, step.fx, step.parameter))
      reason = reason or objected
    else
      step.before_text = texts[write.fx_guid] and texts[write.fx_guid][step.parameter] or ""
      job.steps[#job.steps + 1] = step
    end
  end
  table.sort(job.steps, comes_before)
  return reason or track_changes.find(target, job.snapshot, plan.written(job.reply.writes))
end

return plan
