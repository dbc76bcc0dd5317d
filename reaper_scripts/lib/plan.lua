--- Turns the writes of a reply into steps on the FX as they are now, or says why none of them may be done: the
-- daemon judged the whole chain, so a track on which something was touched meanwhile is left alone as a whole.
local receipt = require("receipt")
local snapshot = require("snapshot")
local tracks = require("tracks")

local plan = {}

local UNTOUCHED = 1e-6 -- normalized: values cross as decimal text and come back

--- The parameter's place now: the index of the write where its ident still fits, else where the ident went.
local function find_parameter(track, fx, write)
  local is_known, ident = reaper.TrackFX_GetParamIdent(track, fx, write.index)
  if is_known and ident == write.ident then return write.index end
  local index = reaper.TrackFX_GetParamFromIdent(track, fx, write.ident)
  return index >= 0 and index or nil
end

local function resolve(track, write)
  local fx = tracks.find_fx(track, write.fx_guid)
  if not fx or reaper.TrackFX_GetOffline(track, fx) then return nil, "gone" end
  local parameter = find_parameter(track, fx, write)
  if not parameter then return nil, "gone" end
  local band = write.eq_band
  return {
    write = write, fx = fx, parameter = parameter, band = band,
    before = reaper.TrackFX_GetParamNormalized(track, fx, parameter),
    is_band_enabled = not band or band.band_type == -1 or reaper.TrackFX_GetEQBandEnabled(track, fx, band.band_type, band.band_index),
    is_automated = snapshot.is_automated(track, fx, parameter),
  }
end

--- Switches first, then ascending: two plugins are known to crash REAPER otherwise.
local function comes_before(a, b)
  if (a.write.is_switch == true) ~= (b.write.is_switch == true) then return a.write.is_switch == true end
  if a.fx ~= b.fx then return a.fx < b.fx end
  return a.parameter < b.parameter
end

--- Whether the FX that are written to still stand in the order in which the daemon heard them.
local function is_order_kept(steps, chain)
  local last = -1
  for _, heard in ipairs(chain) do
    for _, step in ipairs(steps) do
      if step.write.fx_guid == heard.guid then
        if step.fx < last then return false end
        last = step.fx
        break
      end
    end
  end
  return true
end

local function shown(track, fx, parameter)
  local _, text = reaper.TrackFX_GetFormattedParamValue(track, fx, parameter)
  return reaper.TrackFX_GetParamNormalized(track, fx, parameter), text
end

plan.shown = shown

--- The steps of a reply in the order to do them; or nil, why not, and the results for the receipt.
-- `chain` is the snapshot that the daemon answered.
function plan.make(target, reply, chain)
  local loss = tracks.loss(target)
  if loss then return nil, loss, {} end
  local steps, results, reason = {}, {}, nil
  for _, write in ipairs(reply.writes) do
    local step, status = resolve(target.track, write)
    if not step then
      results[#results + 1] = receipt.result(write, status)
      reason = "an FX that it has judged was removed or taken offline"
    elseif math.abs(step.before - write.before) > UNTOUCHED then
      results[#results + 1] = receipt.result(write, "touched", shown(target.track, step.fx, step.parameter))
      reason = reason or "a setting was changed by hand or by automation"
    else
      steps[#steps + 1] = step
    end
  end
  if not reason and not is_order_kept(steps, chain) then reason = "its FX were put into another order" end
  if reason then return nil, reason, results end
  table.sort(steps, comes_before)
  return steps
end

return plan
