--- What lies on a track, and which stretch of it is meant. Only reads.
local excerpts = require("audio.excerpts")
local user_error = require("runtime.user_error")

local items = {}

--- Return where the track's items lie, as {start_s, end_s, guid}.
function items.segments(track)
  local segments = {}
  for index = 0, reaper.CountTrackMediaItems(track) - 1 do
    local item = reaper.GetTrackMediaItem(track, index)
    local start_s = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
    local length_s = reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
    local _, guid = reaper.GetSetMediaItemInfo_String(item, "GUID", "", false)
    segments[index + 1] = { start_s = start_s, end_s = start_s + length_s, guid = guid }
  end
  return segments
end

--- Return from where to where segments reach together.
function items.extent(segments)
  local start_s, end_s = math.huge, 0
  for _, segment in ipairs(segments) do
    start_s, end_s = math.min(start_s, segment.start_s), math.max(end_s, segment.end_s)
  end
  return start_s, end_s
end

--- Return what lies on the track within the range, as one text to compare: which items, where, how long.
function items.contents(track, range)
  local found = {}
  for _, segment in ipairs(items.segments(track)) do
    if range.source == "items" or (segment.start_s < range.end_s and segment.end_s > range.start_s) then
      found[#found + 1] = string.format("%s %.17g %.17g", segment.guid, segment.start_s, segment.end_s)
    end
  end
  return table.concat(found, " ")
end

--- Return the time selection as a range; nil where there is none.
function items.time_selection(project)
  local start_s, end_s = reaper.GetSet_LoopTimeRange2(project, false, false, 0, 0, false)
  return end_s > start_s and { start_s = start_s, end_s = end_s, source = "time selection" } or nil
end

--- Return the range to listen to, {start_s, end_s, source}: the time selection, else the extent of the track's items; and
-- the parts of it that hold items. Raises a user error where there are none.
function items.range(target)
  local segments = items.segments(target.track)
  if #segments == 0 then user_error.raise("no_items", { track = target.name }) end
  local range = items.time_selection(target.project)
  if not range then
    local start_s, end_s = items.extent(segments)
    range = { start_s = start_s, end_s = end_s, source = "items" }
  end
  segments = excerpts.merge(segments, range.start_s, range.end_s)
  if #segments == 0 then user_error.raise("no_items_in_selection", { track = target.name }) end
  return range, segments
end

return items
