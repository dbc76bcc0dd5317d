--- Single questions about an FX and its parameters, answered from REAPER. Only reads.
local json = require("exchange.json")

local fx_info = {}

local AUTOMATION_BYPASSED = 5 -- of GetGlobalAutomationOverride
local EQ_KINDS = { [0] = "frequency", [1] = "gain", [2] = "q" }

--- Whether an envelope would override what is written to the parameter.
function fx_info.is_automated(track, fx, parameter)
  if reaper.GetGlobalAutomationOverride() == AUTOMATION_BYPASSED then return false end
  local envelope = reaper.GetFXEnvelope(track, fx, parameter, false)
  if not envelope or reaper.CountEnvelopePoints(envelope) == 0 then return false end
  local is_known, active = reaper.GetSetEnvelopeInfo_String(envelope, "ACTIVE", "", false)
  return not is_known or active ~= "0"
end

--- What ReaEQ says the parameter does; nil for every other FX.
function fx_info.eq_role(track, fx, parameter)
  local is_eq, band_type, band_index, kind = reaper.TrackFX_GetEQParam(track, fx, parameter)
  if not is_eq or (band_type ~= -1 and not EQ_KINDS[kind]) then return nil end
  return {
    band_type = band_type,
    band_index = band_index,
    kind = band_type == -1 and "gain" or EQ_KINDS[kind],
    enabled = band_type == -1 or reaper.TrackFX_GetEQBandEnabled(track, fx, band_type, band_index),
  }
end

--- How much of the FX is mixed in: REAPER's own parameter, normalized; 1 where the FX has none.
function fx_info.wet(track, fx)
  local index = reaper.TrackFX_GetParamFromIdent(track, fx, ":wet")
  local wet = index >= 0 and reaper.TrackFX_GetParamNormalized(track, fx, index) or 1.0
  return json.is_finite(wet) and wet or 1.0
end

--- One step of the parameter in normalized units; 0 where REAPER knows none.
function fx_info.step(track, fx, parameter)
  local has_steps, step = reaper.TrackFX_GetParameterStepSizes(track, fx, parameter)
  local _, low, high = reaper.TrackFX_GetParamEx(track, fx, parameter)
  return has_steps and step > 0 and high > low and step / (high - low) or 0
end

return fx_info
