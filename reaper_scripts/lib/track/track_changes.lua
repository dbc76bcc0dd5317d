--- What was touched of a track since its snapshot was taken. The daemon decided on the whole of it: what it did not write
-- counts as much as what it writes.
--
-- A snapshot is {change_count, range, contents, are_sources_meant, items_now, chain}; the contents are those of the track, or of
-- all that feed it (`are_sources_meant`). The chain holds for each FX {guid, container, name, enabled,
-- offline, wet, values, texts, roles}, the last three by parameter index.
local fx_chain = require("track.fx_chain")
local fx_info = require("track.fx_info")
local items = require("track.items")
local source_items = require("track.source_items")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")

local track_changes = {}

local function role_text(role)
  return role and string.format("%d %d %s %s", role.band_type, role.band_index, role.kind, role.enabled) or ""
end

local function read_values(track, fx, indices)
  local values = {}
  for index in pairs(indices) do values[index] = reaper.TrackFX_GetParamNormalized(track, fx, index) end
  return values
end

--- Return what is kept of an FX as it stands in a request.
function track_changes.keep(fx)
  return {
    guid = fx.guid, container = fx.container, name = fx.name, enabled = fx.enabled, offline = fx.offline, wet = fx.wet,
    values = {}, texts = {}, roles = {},
  }
end

--- Keep a parameter as it stands in a request. A value that something drives moves by itself and does not count.
function track_changes.keep_parameter(kept, parameter)
  if not parameter.automated and not parameter.modulation then kept.values[parameter.index] = parameter.normalized end
  kept.texts[parameter.index] = parameter.text
  kept.roles[parameter.index] = role_text(parameter.eq)
end

--- Drop the values that have moved since they were kept, where nobody has touched the project: meters.
function track_changes.drop_moving(track, chain)
  for _, kept in ipairs(chain) do
    local fx = fx_chain.find(track, kept.guid)
    for index, now in pairs(fx and read_values(track, fx, kept.values) or {}) do
      if not fx_info.is_same(now, kept.values[index]) then kept.values[index] = nil end
    end
    ticks.breathe()
  end
end

--- Return whether REAPER has counted a change of the project since the snapshot was taken.
function track_changes.is_stale(target, snapshot)
  return reaper.GetProjectStateChangeCount(target.project) ~= snapshot.change_count
end

--- Read what lies on the track now, in slices, so that `find`, behind which nothing may change, mostly need not. A snapshot of
-- what has no items has no contents.
function track_changes.read_items(target, snapshot)
  if not snapshot.contents or tracks.loss(target) then return end
  local read = snapshot.are_sources_meant and source_items.segments or items.segments
  local is_sound, segments, routing = user_error.guard(read, target.project, target.track)
  if not is_sound and not user_error.fact(segments) then error(segments, 0) end
  if not is_sound then return end
  local change_count = reaper.GetProjectStateChangeCount(target.project)
  snapshot.items_now = { change_count = change_count, contents = items.contents(segments, snapshot.range, ticks.breathe) .. (routing or "") }
end

--- Whether what lies on the track is not what lay there.
local function are_items_changed(target, snapshot)
  if not snapshot.contents then return false end
  local known = snapshot.items_now
  if known and known.change_count == reaper.GetProjectStateChangeCount(target.project) then return known.contents ~= snapshot.contents end
  local read = snapshot.are_sources_meant and source_items.segments_at_once or items.segments_at_once
  local segments, routing = read(target.project, target.track)
  return items.contents(segments, snapshot.range) .. (routing or "") ~= snapshot.contents
end

--- Take a first look at what moves by itself in the FX to be written; `find` is the second one, a tick later.
function track_changes.look(target, snapshot, written)
  for _, kept in ipairs(snapshot.chain) do
    local fx = written[kept.guid] and fx_chain.find(target.track, kept.guid)
    kept.recent = fx and read_values(target.track, fx, kept.values) or nil
  end
  snapshot.recent_count = reaper.GetProjectStateChangeCount(target.project)
end

--- What is different in the order or number of the FX; else nil and their numbers now.
local function chain_change(track, chain)
  local places, count = fx_chain.places(track)
  local numbers, last = {}, 0
  for index, kept in ipairs(chain) do
    local now = places[kept.guid]
    if not now then return user_error.new("fx_gone", { fx = kept.name }) end
    if now.place < last or now.container ~= kept.container then return user_error.new("fx_reordered") end
    numbers[index], last = now.fx, now.place
  end
  if count ~= #chain then return user_error.new("fx_added") end
  return nil, numbers
end

local function state_change(track, fx, kept)
  local kind = reaper.TrackFX_GetOffline(track, fx) ~= kept.offline and (kept.offline and "fx_taken_online" or "fx_taken_offline")
    or reaper.TrackFX_GetEnabled(track, fx) ~= kept.enabled and (kept.enabled and "fx_bypassed" or "fx_enabled")
    or not fx_info.is_same(fx_info.wet(track, fx), kept.wet) and "wet_changed"
  return kind and user_error.new(kind, { fx = kept.name }) or nil
end

local function value_change(track, fx, kept, is_untouched)
  for index, role in pairs(kept.roles) do
    if role_text(fx_info.eq_role(track, fx, index)) ~= role then return user_error.new("band_changed", { fx = kept.name }) end
  end
  for index, now in pairs(read_values(track, fx, kept.values)) do
    local is_moving = is_untouched and kept.recent and kept.recent[index] and not fx_info.is_same(now, kept.recent[index])
    if not fx_info.is_same(now, kept.values[index]) and not is_moving then
      return user_error.new("value_changed", fx_info.names(track, fx, index))
    end
  end
  return nil
end

--- Return what was touched of the target since the snapshot, as a fact, or nil. `written` holds the GUIDs of the FX that
-- are to be written to: of those every value counts. REAPER's count of changes tells where there is no need to look.
function track_changes.find(target, snapshot, written)
  local track = target.track
  if are_items_changed(target, snapshot) then return user_error.new("items_changed") end
  local reason, numbers = chain_change(track, snapshot.chain)
  if reason then return reason end
  local is_stale = track_changes.is_stale(target, snapshot)
  local is_untouched = reaper.GetProjectStateChangeCount(target.project) == snapshot.recent_count
  for place, kept in ipairs(snapshot.chain) do
    reason = state_change(track, numbers[place], kept)
    if not reason and written[kept.guid] and is_stale then
      reason = value_change(track, numbers[place], kept, is_untouched)
    end
    if reason then return reason end
  end
  return nil
end

return track_changes
