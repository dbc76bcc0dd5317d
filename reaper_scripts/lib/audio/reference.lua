--- What a track is to sound like: another track, an item, or a file, and its audio on the way to the daemon.
-- What the user has marked is kept with the project. A file is read through a track that exists meanwhile: scripts can
-- listen to nothing else.
local capture = require("audio.capture")
local cleanup = require("runtime.cleanup")
local excerpts = require("audio.excerpts")
local items = require("track.items")
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")

local reference = {}

local SECTION, KEY = "Bridge", "reference"
local NAMED = "^reference$" -- a track of this name is one without being marked

---------------------------------------------------------------------------------------------- sources

local function of_track(project, track)
  local _, name = reaper.GetTrackName(track)
  local segments = items.audible(items.segments(project, track))
  if #segments == 0 then user_error.raise("empty_reference_track", { track = name }) end
  local start_s, end_s = items.extent(segments)
  return {
    name = name, track = track,
    stretches = excerpts.choose(excerpts.merge(segments, start_s, end_s, ticks.breathe), start_s, end_s),
    open = function() return reaper.CreateTrackAudioAccessor(track) end,
  }
end

local function of_item(item)
  local take = reaper.GetActiveTake(item)
  if not take then user_error.raise("empty_reference_item") end
  local length_s = reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
  local whole = { { start_s = 0.0, end_s = length_s } } -- a take's accessor begins where its item does
  return {
    name = reaper.GetTakeName(take), stretches = excerpts.choose(whole, 0.0, length_s),
    open = function() return reaper.CreateTakeAudioAccessor(take) end,
  }
end

--- Put a source on a track of its own, hidden and muted. Returns its item, and what takes the track away.
local function put_on_passing_track(project, source, length_s)
  local track
  local release = cleanup.open(function()
    if track and reaper.ValidatePtr2(project, track, "MediaTrack*") then reaper.DeleteTrack(track) end
  end)
  reaper.PreventUIRefresh(1)
  local is_sound, item = user_error.guard(function()
    local index = reaper.CountTracks(project)
    reaper.InsertTrackAtIndex(index, false)
    track = reaper.GetTrack(project, index)
    reaper.SetMediaTrackInfo_Value(track, "B_SHOWINTCP", 0)
    reaper.SetMediaTrackInfo_Value(track, "B_SHOWINMIXER", 0)
    reaper.SetMediaTrackInfo_Value(track, "B_MUTE", 1)
    local new = reaper.AddMediaItemToTrack(track)
    reaper.SetMediaItemTake_Source(reaper.AddTakeToMediaItem(new), source)
    reaper.SetMediaItemInfo_Value(new, "D_LENGTH", length_s)
    return new
  end)
  reaper.PreventUIRefresh(-1)
  if not is_sound then error(item, 0) end
  return item, release
end

local function of_file(project, path)
  local source = reaper.file_exists(path) and reaper.PCM_Source_CreateFromFile(path)
  if not source then user_error.raise("unreadable_reference_file", { path = path }) end
  local length_s, is_in_beats = reaper.GetMediaSourceLength(source)
  if is_in_beats or length_s <= 0 then user_error.raise("no_audio_in_reference_file", { path = path }) end
  local item, release = put_on_passing_track(project, source, length_s)
  local found = of_item(item)
  found.name, found.release = path:match("[^/\\]+$") or path, release
  return found
end

---------------------------------------------------------------------------------------------- what is marked

--- Return the first item of the project that `matches`, or nil.
local function find_item(project, matches)
  for index = 0, reaper.CountMediaItems(project) - 1 do
    local item = reaper.GetMediaItem(project, index)
    if matches(item) then return item end
  end
  return nil
end

local function find_track(project, matches)
  for index = 0, reaper.CountTracks(project) - 1 do
    local track = reaper.GetTrack(project, index)
    if matches(track) then return track end
  end
  return nil
end

local function guid_of(item)
  return select(2, reaper.GetSetMediaItemInfo_String(item, "GUID", "", false))
end

local function is_named(track)
  local _, name = reaper.GetTrackName(track)
  return name:lower():match(NAMED) ~= nil
end

--- The item that is selected on a track that is not: "this, please".
local function is_selected_elsewhere(item)
  return reaper.IsMediaItemSelected(item) and not reaper.IsTrackSelected(reaper.GetMediaItemTrack(item))
end

--- What is marked: its kind ("file", "item", "track"; nil: nothing), and the path, item or track; nil where it is gone.
local function marked(project)
  local _, mark = reaper.GetProjExtState(project, SECTION, KEY)
  local kind, what = mark:match("^(%a+) (.+)$")
  if kind == "item" then return kind, find_item(project, function(item) return guid_of(item) == what end) end
  if kind == "track" then return kind, find_track(project, function(track) return reaper.GetTrackGUID(track) == what end) end
  return kind, what
end

--- Mark the project's reference; `kind` "" forgets it.
local function mark(project, kind, what)
  reaper.SetProjExtState(project, SECTION, KEY, kind == "" and "" or kind .. " " .. what)
  reaper.MarkProjectDirty(project)
end

function reference.forget(project)
  mark(project, "")
end

--- Mark the selected item, else the selected track; raises a user error where neither is.
function reference.mark_selected(project)
  local item, track = find_item(project, reaper.IsMediaItemSelected), reaper.GetSelectedTrack2(project, 0, false)
  if not item and not track then user_error.raise("nothing_to_mark") end
  if item then mark(project, "item", guid_of(item)) else mark(project, "track", reaper.GetTrackGUID(track)) end
end

local function choose_file()
  local is_chosen, path = reaper.GetUserFileNameForRead("", "Bridge: the sound to come close to", "")
  return is_chosen and path or nil
end

--- Ask for a file and mark it; raises a user error where none is chosen.
function reference.mark_file(project)
  mark(project, "file", choose_file() or user_error.raise("no_file_chosen"))
end

--- Return the name of what is marked, for people; nil where nothing is, or it is gone.
function reference.name(project)
  local kind, what = marked(project)
  if not what then return nil end
  if kind == "file" then return what:match("[^/\\]+$") end
  if kind == "track" then return "track " .. select(2, reaper.GetTrackName(what)) end
  local take = reaper.GetActiveTake(what)
  return take and "item " .. reaper.GetTakeName(take) or nil
end

---------------------------------------------------------------------------------------------- for an action

local function find_marked(project)
  local kind, what = marked(project)
  if kind and not what then user_error.raise("reference_gone", { what = kind }) end
  if kind == "file" then return of_file(project, what) end
  return kind == "item" and of_item(what) or kind == "track" and of_track(project, what) or nil
end

--- Find the reference of an action: what is marked, else an item that is selected on another track, else a track called
-- "Reference", else a file that the user is asked for.
function reference.find(state)
  local project = state.project
  local found = find_marked(project)
  local item = not found and find_item(project, is_selected_elsewhere)
  local track = not found and not item and find_track(project, is_named)
  found = found or item and of_item(item) or track and of_track(project, track)
    or of_file(project, choose_file() or user_error.raise("no_reference"))
  for _, job in ipairs(state.jobs) do
    if job.target.track == found.track then user_error.raise("is_the_reference", { track = job.target.name }) end
  end
  return found
end

--- Send the reference's audio, once for all jobs. Returns it as a message.
function reference.send(state, found)
  state.set_step("listening_to_reference", { name = found.name })
  local id = state.spool.new_id()
  state.ids[#state.ids + 1] = id
  local audio, is_audible = capture.send(state.spool, id, found.open, found.name, found.stretches, state.project)
  if found.release then cleanup.close(found.release) end
  if not is_audible then user_error.raise("silent_reference", { name = found.name }) end
  return audio
end

return reference
