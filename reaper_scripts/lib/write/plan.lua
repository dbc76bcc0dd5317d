--- Turns the writes of a reply into steps on the FX as they are now, or says why none of them may be done: the
-- daemon judged the whole chain, so a track on which something was touched meanwhile is left alone as a whole.
local track_changes = require("track.track_changes")
local fx_info = require("track.fx_info")
local receipt = require("exchange.receipt")
local tracks = require("track.tracks")
local verify = require("write.verify")

local plan = {}

local UNTOUCHED = 1e-6 -- normalized: values cross as decimal text and come back

--- The parameter's place now: the index of the write where its ident still fits, else where the ident went.
local function find_parameter(track, fx, write)
  local is_known, ident = reaper.TrackFX_GetParamIdent(track, fx, write.index)
  if is_known and ident == write.ident then return write.index end
  local index = reaper.TrackFX_GetParamFromIdent(track, fx, write.ident)
  return index >= 0 and index or nil
end

--- What a write means on the track as it is now; nil and "gone" where there is no such place.
function plan.resolve(track, write)
  local fx = tracks.find_fx(track, write.fx_guid)
  if not fx or reaper.TrackFX_GetOffline(track, fx) then return nil, "gone" end
  local parameter = find_parameter(track, fx, write)
  if not parameter then return nil, "gone" end
  local band = write.eq_band
  return {
    write = write, fx = fx, parameter = parameter, band = band,
    before = reaper.TrackFX_GetParamNormalized(track, fx, parameter),
    is_band_enabled = not band or band.band_type == -1 or reaper.TrackFX_GetEQBandEnabled(track, fx, band.band_type, band.band_index),
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
  if fx_info.is_automated(track, step.fx, step.parameter) then
    local _, name = reaper.TrackFX_GetParamName(track, step.fx, step.parameter)
    return "an envelope came to drive " .. name
  end
  return math.abs(step.before - step.write.before) > UNTOUCHED and "a setting was changed by hand or by automation" or nil
end

--- The GUIDs of the FX that a reply writes to, as a set.
function plan.written(reply)
  local guids = {}
  for _, write in ipairs(reply.writes) do guids[write.fx_guid] = true end
  return guids
end

--- What each FX displayed when it was heard, by its GUID. It stands there still, or nothing is written.
local function texts_of(record)
  local texts = {}
  for _, kept in ipairs(record.chain) do texts[kept.guid] = kept.texts end
  return texts
end

--- The steps of a reply in the order to do them; or nil, why not, and the results for the receipt.
-- `record` is what was heard of the track, which the daemon answered.
function plan.make(target, reply, record)
  local loss = tracks.loss(target)
  if loss then return nil, loss, {} end
  local steps, results, reason, texts = {}, {}, nil, texts_of(record)
  for _, write in ipairs(reply.writes) do
    local step, status = plan.resolve(target.track, write)
    local objected = step and objection(target.track, step)
    if not step then
      results[#results + 1] = receipt.result(write, status)
      reason = "an FX that it has judged was removed or taken offline"
    elseif objected then
      results[#results + 1] = receipt.result(write, "touched", verify.shown(target.track, step.fx, step.parameter))
      reason = reason or objected
    else
      step.before_text = texts[write.fx_guid] and texts[write.fx_guid][step.parameter] or ""
      steps[#steps + 1] = step
    end
  end
  reason = reason or track_changes.change(target, record, plan.written(reply))
  if reason then return nil, reason, results end
  table.sort(steps, comes_before)
  return steps
end

return plan
