--- What a track was when Bridge listened to it, and what has been touched since. The daemon judged the whole of it:
-- what it did not write counts as much as what it writes.
local capture = require("audio.capture")
local fx_info = require("track.fx_info")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")

local track_changes = {}

local UNTOUCHED = 1e-6 -- normalized

local function role_text(role)
  return role and string.format("%d %d %s %s", role.band_type, role.band_index, role.kind, role.enabled) or ""
end

local function read_values(track, fx, indices)
  local values = {}
  for index in pairs(indices) do values[index] = reaper.TrackFX_GetParamNormalized(track, fx, index) end
  return values
end

local function is_near(a, b)
  return math.abs(a - b) <= UNTOUCHED
end

--- What is kept of an FX in the words of a request.
function track_changes.keep(fx)
  return { guid = fx.guid, name = fx.name, enabled = fx.enabled, offline = fx.offline, wet = fx.wet, values = {}, texts = {}, roles = {} }
end

--- Keeps a parameter in the words of a request. A value that an envelope drives moves by itself and does not count.
function track_changes.keep_parameter(kept, parameter)
  if not parameter.automated then kept.values[parameter.index] = parameter.normalized end
  kept.texts[parameter.index] = parameter.text
  kept.roles[parameter.index] = role_text(parameter.eq)
end

--- Drops the values that have moved since they were kept, where nobody has touched the project: meters.
function track_changes.drop_moving(track, chain)
  for place, kept in ipairs(chain) do
    for index, now in pairs(read_values(track, place - 1, kept.values)) do
      if not is_near(now, kept.values[index]) then kept.values[index] = nil end
    end
    ticks.breathe()
  end
end

--- Whether REAPER has counted a change of the project since the record was taken.
function track_changes.is_stale(target, record)
  return reaper.GetProjectStateChangeCount(target.project) ~= record.change_count
end

--- The first look at what moves by itself in the FX to be written; `change` is the second one, a tick later.
function track_changes.look(target, record, written)
  for place, kept in ipairs(record.chain) do
    kept.recent = written[kept.guid] and read_values(target.track, place - 1, kept.values) or nil
  end
  record.recent_count = reaper.GetProjectStateChangeCount(target.project)
end

--- What is different in the order or number of the FX.
local function chain_change(track, chain)
  local count, places, last = reaper.TrackFX_GetCount(track), {}, -1
  for _, kept in ipairs(chain) do
    local fx = tracks.find_fx(track, kept.guid)
    if not fx then return kept.name .. " was removed" end
    if fx < last then return "its FX were put into another order" end
    places[#places + 1], last = fx, fx
  end
  if count ~= #chain then return "an FX was added to it" end
  return nil, places
end

local function state_change(track, fx, kept)
  if reaper.TrackFX_GetOffline(track, fx) ~= kept.offline then
    return kept.name .. (kept.offline and " was taken online" or " was taken offline")
  end
  if reaper.TrackFX_GetEnabled(track, fx) ~= kept.enabled then
    return kept.name .. (kept.enabled and " was bypassed" or " was enabled")
  end
  return not is_near(fx_info.wet(track, fx), kept.wet) and kept.name .. "'s wet mix was changed" or nil
end

local function value_change(track, fx, kept, is_untouched)
  for index, role in pairs(kept.roles) do
    if role_text(fx_info.eq_role(track, fx, index)) ~= role then return "a band of " .. kept.name .. " was changed" end
  end
  for index, now in pairs(read_values(track, fx, kept.values)) do
    local is_moving = is_untouched and kept.recent and kept.recent[index] and not is_near(now, kept.recent[index])
    if not is_near(now, kept.values[index]) and not is_moving then
      local _, name = reaper.TrackFX_GetParamName(track, fx, index)
      return string.format("%s of %s was changed by hand or by automation", name, kept.name)
    end
  end
  return nil
end

--- What has been touched of the target since `record` was taken, or nil. `written` holds the GUIDs of the FX that are
-- to be written to: of those every value counts. REAPER's count of changes tells where there is no need to look.
function track_changes.change(target, record, written)
  local track = target.track
  if capture.contents(track, record.range) ~= record.contents then return "its items were changed" end
  local reason, places = chain_change(track, record.chain)
  if reason then return reason end
  local is_stale = track_changes.is_stale(target, record)
  local is_untouched = reaper.GetProjectStateChangeCount(target.project) == record.recent_count
  for place, kept in ipairs(record.chain) do
    reason = state_change(track, places[place], kept)
    if not reason and written[kept.guid] and is_stale then
      reason = value_change(track, places[place], kept, is_untouched)
    end
    if reason then return reason end
  end
  return nil
end

return track_changes
