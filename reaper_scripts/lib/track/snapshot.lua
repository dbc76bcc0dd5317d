--- What a track's FX chain is: every FX and parameter with its value and, where REAPER can tell, what the
-- parameter would display over a grid of values. Only reads; sets nothing.
--
-- REAPER formats values that are not set for FX that support its extensions (its own FX do). For others the grid
-- stays empty and the current text must do: trying values out would be heard, and would take a tick for each.
-- It stays empty as well for FX with hundreds of parameters, but for REAPER's own that a model may set.
local user_error = require("runtime.user_error")
local track_changes = require("track.track_changes")
local json = require("exchange.json")
local fx_chain = require("track.fx_chain")
local fx_info = require("track.fx_info")
local modulation = require("track.modulation")
local ticks = require("runtime.ticks")

local snapshot = {}

local GRID_STEPS = 32 -- even ones; towards both ends they are halved four times, where decibels run off to -inf
local POINTS_AT_ONCE = 4 -- between looks at the clock
local MAX_PARAMETERS = 640 -- of an FX whose texts are asked for: equalisers of 24 bands have so many
local STOCK = { "reaeq", "reacomp" }
local MAX_RESTARTS = 5
local PSEUDO_PARAMETERS = { ":bypass", ":wet", ":delta" } -- REAPER's own, behind those of the FX

local function named(track, fx, key)
  local is_known, text = reaper.TrackFX_GetNamedConfigParm(track, fx, key)
  return is_known and text or ""
end

--- The normalized values at which texts are asked for, in rising order.
local function grid_values()
  local values = {}
  for step = 0, GRID_STEPS do values[#values + 1] = step / GRID_STEPS end
  local near_end = 1 / GRID_STEPS
  for _ = 1, 8 do
    near_end = near_end / math.sqrt(2)
    values[#values + 1], values[#values + 2] = near_end, 1 - near_end
  end
  table.sort(values)
  return values
end

local GRID = grid_values()

local function grid(track, fx, parameter)
  local points = json.array()
  for point, normalized in ipairs(GRID) do
    local is_known, text = reaper.TrackFX_FormatParamValueNormalized(track, fx, parameter, normalized, "")
    if not is_known then return json.array() end
    points[point] = json.array({ normalized, text })
    if point % POINTS_AT_ONCE == 0 then ticks.breathe() end
  end
  return points
end

--- The parameter as a request has it; nil where one of its numbers is none (a plugin's fault).
local function read_parameter(track, fx, index, has_grid)
  local _, ident = reaper.TrackFX_GetParamIdent(track, fx, index)
  local _, name = reaper.TrackFX_GetParamName(track, fx, index)
  local _, text = reaper.TrackFX_GetFormattedParamValue(track, fx, index)
  local _, low, high, middle = reaper.TrackFX_GetParamEx(track, fx, index)
  local normalized = reaper.TrackFX_GetParamNormalized(track, fx, index)
  local has_steps, step, _, _, is_toggle = reaper.TrackFX_GetParameterStepSizes(track, fx, index)
  for _, number in ipairs({ normalized, low, high, middle, step }) do
    if not json.is_finite(number) then return nil end
  end
  return {
    index = index, ident = ident, name = name, text = text,
    normalized = normalized,
    min = low, max = high, mid = middle,
    step = has_steps and step > 0 and step or nil,
    is_toggle = has_steps and is_toggle,
    automated = fx_info.is_automated(track, fx, index), modulation = modulation.of(track, fx, index),
    grid = has_grid and grid(track, fx, index) or json.array(),
    eq = fx_info.eq_role(track, fx, index),
  }
end

local function is_worth_a_grid(message, count)
  local identity = (message.ident .. " " .. message.original_name):lower()
  for _, name in ipairs(STOCK) do
    if identity:find(name, 1, true) then return true end
  end
  return count <= MAX_PARAMETERS
end

--- The FX as a request has it, and what is kept of it to be compared later.
local function read_fx(track, one, place, are_envelopes_ours)
  local fx, pseudo = one.fx, {}
  for _, ident in ipairs(PSEUDO_PARAMETERS) do pseudo[reaper.TrackFX_GetParamFromIdent(track, fx, ident)] = true end
  local _, name = reaper.TrackFX_GetFXName(track, fx)
  local message = {
    guid = reaper.TrackFX_GetFXGUID(track, fx),
    ident = named(track, fx, "fx_ident"), type = one.is_container and "Container" or named(track, fx, "fx_type"),
    name = name, original_name = named(track, fx, "original_name"),
    index = place - 1, container = one.container and reaper.TrackFX_GetFXGUID(track, one.container) or "",
    enabled = reaper.TrackFX_GetEnabled(track, fx), offline = reaper.TrackFX_GetOffline(track, fx),
    wet = fx_info.wet(track, fx), modes = fx_info.modes(track, fx),
    parameters = json.array(),
  }
  local kept, count = track_changes.keep(message), reaper.TrackFX_GetNumParams(track, fx)
  local has_grid = is_worth_a_grid(message, count)
  for index = 0, count - 1 do
    local parameter = not pseudo[index] and read_parameter(track, fx, index, has_grid)
    if parameter then
      track_changes.keep_parameter(kept, parameter)
      if are_envelopes_ours then parameter.automated = false end
      message.parameters[#message.parameters + 1] = json.encoded(parameter)
    end
    ticks.breathe()
  end
  return message, kept
end

--- The FX of the chain by identity, as one text to compare.
local function identity(track)
  local guids = {}
  for place, one in ipairs(fx_chain.every(track)) do guids[place] = reaper.TrackFX_GetFXGUID(track, one.fx) end
  return table.concat(guids, " ")
end

--- Return all FX of the track as a request has them, and what is kept of them (see `track.track_changes`). Takes slices as it needs; a
-- chain that changes meanwhile is read again, and a user error is raised where it never rests. `are_envelopes_ours`: values
-- that an envelope drives may be set, for it is envelopes that will be written.
function snapshot.take(project, track, are_envelopes_ours)
  for _ = 1, MAX_RESTARTS do
    local before, count = identity(track), reaper.GetProjectStateChangeCount(project)
    local chain, kept = json.array(), {}
    for place, one in ipairs(fx_chain.every(track)) do
      chain[place], kept[place] = read_fx(track, one, place, are_envelopes_ours)
    end
    ticks.wait()
    if identity(track) == before then
      if reaper.GetProjectStateChangeCount(project) == count then track_changes.drop_moving(track, kept) end
      return chain, kept
    end
  end
  user_error.raise("chain_kept_changing")
end

return snapshot
