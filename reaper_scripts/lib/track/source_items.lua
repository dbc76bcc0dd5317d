--- The items of all tracks that feed a track: where it sounds, and what lies there, to compare later. Only reads.
local items = require("track.items")
local sound_sources = require("track.sound_sources")
local user_error = require("runtime.user_error")

local source_items = {}

--- Where the items of `list` lie, one behind the other; `read(project, track)` reads those of a track.
local function gather(project, list, read)
  local together = {}
  for _, track in ipairs(list) do
    if not reaper.ValidatePtr2(project, track, "MediaTrack*") then user_error.raise("items_kept_changing") end
    local segments = read(project, track)
    table.move(segments, 1, #segments, #together + 1, together)
  end
  return together
end

--- Return where the items lie that feed the track, see `items.segments`, and how their tracks come together. Takes slices.
function source_items.segments(project, track)
  local list = sound_sources.tracks(project, track)
  return gather(project, list, items.segments), sound_sources.routing(list)
end

--- Return the same within this slice, however long it takes.
function source_items.segments_at_once(project, track)
  local list = sound_sources.tracks(project, track)
  return gather(project, list, items.segments_at_once), sound_sources.routing(list)
end

return source_items
