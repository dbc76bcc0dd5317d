--- Single questions about an FX and its parameters, answered from REAPER. Only reads.
local json = require("exchange.json")
local fx_chain = require("track.fx_chain")

local fx_info = {}

local AUTOMATION_BYPASSED = 5 -- of GetGlobalAutomationOverride
local EQ_KINDS = { [0] = "frequency", [1] = "gain", [2] = "q" }
local AUDIBLE_CHANNELS = 2
local MOST_PINS = 32 -- that are looked at; further ones have masks of their own
local SAME = 1e-6 -- normalized: values cross as decimal text and come back

--- Return whether two normalized values are the same.
function fx_info.is_same(a, b)
  return math.abs(a - b) <= SAME
end

--- Return the place of a write's parameter now, FX and index: the index of the write where its ident still fits, else
-- where the ident went. Nil and the kind of reason ("fx_removed", "fx_offline", "no_parameter") where there is none.
function fx_info.locate(track, write)
  local fx = fx_chain.find(track, write.fx_guid)
  if not fx then return nil, "fx_removed" end
  if reaper.TrackFX_GetOffline(track, fx) then return nil, "fx_offline" end
  local is_known, ident = reaper.TrackFX_GetParamIdent(track, fx, write.index)
  if is_known and ident == write.ident then return fx, write.index end
  local index = reaper.TrackFX_GetParamFromIdent(track, fx, write.ident)
  if index < 0 then return nil, "no_parameter" end
  return fx, index
end

--- Return what the parameter reads (normalized) and shows now.
function fx_info.read(track, fx, parameter)
  local _, text = reaper.TrackFX_GetFormattedParamValue(track, fx, parameter)
  return reaper.TrackFX_GetParamNormalized(track, fx, parameter), text
end

--- Return the names of a parameter and its FX, as the values of a fact.
function fx_info.names(track, fx, parameter)
  return {
    parameter = select(2, reaper.TrackFX_GetParamName(track, fx, parameter)),
    fx = select(2, reaper.TrackFX_GetFXName(track, fx)),
  }
end

--- Return whether an envelope would override what is written to the parameter.
function fx_info.is_automated(track, fx, parameter)
  if reaper.GetGlobalAutomationOverride() == AUTOMATION_BYPASSED then return false end
  local envelope = reaper.GetFXEnvelope(track, fx, parameter, false)
  if not envelope or reaper.CountEnvelopePoints(envelope) == 0 then return false end
  local is_known, active = reaper.GetSetEnvelopeInfo_String(envelope, "ACTIVE", "", false)
  return not is_known or active ~= "0"
end

--- Return whether a band of ReaEQ ({band_type, band_index}) is on; true for nil and for the master gain.
function fx_info.is_band_on(track, fx, band)
  return not band or band.band_type == -1 or reaper.TrackFX_GetEQBandEnabled(track, fx, band.band_type, band.band_index)
end

--- Switch a band of ReaEQ.
function fx_info.set_band(track, fx, band, is_on)
  reaper.TrackFX_SetEQBandEnabled(track, fx, band.band_type, band.band_index, is_on)
end

--- Return what ReaEQ says the parameter does; nil for every other FX.
function fx_info.eq_role(track, fx, parameter)
  local is_eq, band_type, band_index, kind = reaper.TrackFX_GetEQParam(track, fx, parameter)
  if not is_eq or (band_type ~= -1 and not EQ_KINDS[kind]) then return nil end
  local role = { band_type = band_type, band_index = band_index, kind = band_type == -1 and "gain" or EQ_KINDS[kind] }
  role.enabled = fx_info.is_band_on(track, fx, role)
  return role
end

--- Return how much of the FX is mixed in: REAPER's own parameter, normalized; 1 where the FX has none.
function fx_info.wet(track, fx)
  local index = reaper.TrackFX_GetParamFromIdent(track, fx, ":wet")
  local wet = index >= 0 and reaper.TrackFX_GetParamNormalized(track, fx, index) or 1.0
  return json.is_finite(wet) and wet or 1.0
end

--- Return whether pin `pin` (from 0) of the FX is connected to its own channel and to no other, and nothing else to those of the
-- track that are heard: `side` is 0 for inputs, 1 for outputs.
local function is_pin_in_order(track, fx, side, pin)
  local low, high = reaper.TrackFX_GetPinMappings(track, fx, side, pin)
  if high ~= 0 then return false end
  return low == 1 << pin or (pin >= AUDIBLE_CHANNELS and low == 0)
end

local function are_pins_in_order(track, fx)
  local _, inputs, outputs = reaper.TrackFX_GetIOSize(track, fx)
  for side, pins in pairs({ [0] = inputs, [1] = outputs }) do
    if pins < AUDIBLE_CHANNELS then pins = 0 end -- a mono FX: REAPER connects it as the track needs
    for pin = 0, math.min(pins, MOST_PINS) - 1 do
      if not is_pin_in_order(track, fx, side, pin) then return false end
    end
  end
  return true
end

local function is_configured(track, fx, key)
  local is_known, text = reaper.TrackFX_GetNamedConfigParm(track, fx, key)
  return is_known and (tonumber(text) or 0) ~= 0
end

--- Return what makes REAPER run the FX otherwise than once, in its place, on the track's first two channels.
function fx_info.modes(track, fx)
  local modes, delta = json.array(), reaper.TrackFX_GetParamFromIdent(track, fx, ":delta")
  local function note(condition, mode) if condition then modes[#modes + 1] = mode end end
  note(delta >= 0 and reaper.TrackFX_GetParamNormalized(track, fx, delta) >= 0.5, "delta_solo")
  note(is_configured(track, fx, "instance_oversample_shift") or is_configured(track, fx, "chain_oversample_shift"), "oversampled")
  note(is_configured(track, fx, "parallel"), "parallel")
  note(not are_pins_in_order(track, fx), "pins")
  return modes
end

--- Return one step of the parameter in normalized units; 0 where REAPER knows none.
function fx_info.step(track, fx, parameter)
  local has_steps, step = reaper.TrackFX_GetParameterStepSizes(track, fx, parameter)
  local _, low, high = reaper.TrackFX_GetParamEx(track, fx, parameter)
  return has_steps and step > 0 and high > low and step / (high - low) or 0
end

return fx_info
