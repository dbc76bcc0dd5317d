--- What lies on a track, and which stretch of it is meant. Only reads. A track may hold thousands of items: they are read in
-- slices, and again where the project changes meanwhile.
local excerpts = require("audio.excerpts")
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")

local items = {}

local AT_ONCE = 16 -- items between looks at the clock
local MAX_RESTARTS = 5

local function segment(item)
  local start_s = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
  local _, guid = reaper.GetSetMediaItemInfo_String(item, "GUID", "", false)
  return {
    start_s = start_s, end_s = start_s + reaper.GetMediaItemInfo_Value(item, "D_LENGTH"), guid = guid,
    is_muted = reaper.GetMediaItemInfo_Value(item, "B_MUTE") ~= 0,
  }
end

--- Every item in order; nil where the project changed meanwhile. `pause` is called now and then, nil: never.
local function read(project, track, pause)
  local segments, change_count = {}, reaper.GetProjectStateChangeCount(project)
  for index = 0, reaper.CountTrackMediaItems(track) - 1 do
    if pause and index % AT_ONCE == AT_ONCE - 1 and pause() and reaper.GetProjectStateChangeCount(project) ~= change_count then return nil end
    segments[index + 1] = segment(reaper.GetTrackMediaItem(track, index))
  end
  return segments
end

--- Return where the track's items lie, as {start_s, end_s, guid, is_muted}. Takes slices as it needs; the change of the project
-- that it belongs to is the last one. Raises a user error where the track never rests.
function items.segments(project, track)
  for _ = 1, MAX_RESTARTS do
    local segments = read(project, track, ticks.breathe)
    if segments then return segments end
    if not reaper.ValidatePtr2(project, track, "MediaTrack*") then break end
  end
  user_error.raise("items_kept_changing")
end

--- Return the same within this slice, however long it takes.
function items.segments_at_once(project, track)
  return read(project, track, nil)
end

--- Return those of `segments` that sound.
function items.audible(segments)
  local audible = {}
  for _, one in ipairs(segments) do
    if not one.is_muted then audible[#audible + 1] = one end
  end
  return audible
end

--- Return from where to where segments reach together.
function items.extent(segments)
  local start_s, end_s = math.huge, 0
  for _, one in ipairs(segments) do
    start_s, end_s = math.min(start_s, one.start_s), math.max(end_s, one.end_s)
  end
  return start_s, end_s
end

--- Return what of `segments` lies within the range, as one text to compare: which items, where, how long. `pause` is called now
-- and then, nil: never.
function items.contents(segments, range, pause)
  local found = {}
  for index, one in ipairs(segments) do
    if range.source ~= "time selection" or (one.start_s < range.end_s and one.end_s > range.start_s) then
      found[#found + 1] = string.format("%s %.17g %.17g %s", one.guid, one.start_s, one.end_s, one.is_muted)
    end
    if pause and index % AT_ONCE == 0 then pause() end
  end
  return table.concat(found, " ")
end

--- Return the time selection as a range; nil where there is none.
function items.time_selection(project)
  local start_s, end_s = reaper.GetSet_LoopTimeRange2(project, false, false, 0, 0, false)
  return end_s > start_s and { start_s = start_s, end_s = end_s, source = "time selection" } or nil
end

--- Return the range to listen to, {start_s, end_s, source}: the time selection, else the extent of the items that sound;
-- and the parts of it that hold such items. `segments` are those of the target's track. Raises a user error where there are none.
function items.range(target, segments)
  local audible = items.audible(segments)
  if #audible == 0 then user_error.raise(#segments > 0 and "only_muted_items" or "no_items", { track = target.name }) end
  local range = items.time_selection(target.project)
  if not range then
    local start_s, end_s = items.extent(audible)
    range = { start_s = start_s, end_s = end_s, source = "items" }
  end
  local merged = excerpts.merge(audible, range.start_s, range.end_s, ticks.breathe)
  if #merged == 0 then user_error.raise("no_items_in_selection", { track = target.name }) end
  return range, merged
end

--- Return whether an item that sounds within `stretches` reaches out of them: then a part of a longer sound is listened to.
-- Both are in rising order.
function items.are_cut(segments, stretches)
  local sorted = excerpts.sorted(items.audible(segments), ticks.breathe)
  local place = 1
  for index, one in ipairs(sorted) do
    while place < #stretches and stretches[place].end_s <= one.start_s do place = place + 1 end
    local stretch = stretches[place]
    local is_audible = one.start_s < stretch.end_s and one.end_s > stretch.start_s
    if is_audible and (one.start_s < stretch.start_s or one.end_s > stretch.end_s) then return true end
    if index % AT_ONCE == 0 then ticks.breathe() end
  end
  return false
end

return items
