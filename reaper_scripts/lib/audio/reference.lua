--- What a track is to sound like: another track, an item, or a file, and its audio on the way to the daemon.
-- What the user has marked is kept with the project. A file is heard through a track that exists while it is read and
-- no longer: scripts have no other ears.
local excerpts = require("audio.excerpts")
local user_error = require("runtime.user_error")
local capture = require("audio.capture")
local json = require("exchange.json")

local reference = {}

local SECTION, KEY = "Bridge", "reference"
local NAMED = "^reference$" -- a track of this name is one without being marked

local open_track, open_project -- that a file is read through

--- Takes the passing track away. Also for `atexit`; harmless at any other time.
function reference.release()
  if open_track and reaper.ValidatePtr2(open_project, open_track, "MediaTrack*") then reaper.DeleteTrack(open_track) end
  open_track, open_project = nil, nil
end

---------------------------------------------------------------------------------------------- sources

local function of_track(track)
  local _, name = reaper.GetTrackName(track)
  local segments = capture.items(track)
  if #segments == 0 then user_error.raise("The reference track %s has no items. Put the reference on it, or mark another.", name) end
  local start_s, end_s = math.huge, 0
  for _, segment in ipairs(segments) do
    start_s, end_s = math.min(start_s, segment.start_s), math.max(end_s, segment.end_s)
  end
  return {
    name = name, track = track,
    stretches = excerpts.choose(excerpts.merge(segments, start_s, end_s), start_s, end_s),
    open = function() return reaper.CreateTrackAudioAccessor(track) end,
  }
end

local function of_item(item)
  local take = reaper.GetActiveTake(item)
  if not take then user_error.raise("The reference item is empty. Mark an item that holds audio.") end
  local length_s = reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
  local whole = { { start_s = 0.0, end_s = length_s } } -- a take's accessor begins where its item does
  return {
    name = reaper.GetTakeName(take), stretches = excerpts.choose(whole, 0.0, length_s),
    open = function() return reaper.CreateTakeAudioAccessor(take) end,
  }
end

local function put_on_passing_track(project, source, length_s)
  reaper.PreventUIRefresh(1)
  local is_sound, item = user_error.guard(function()
    local index = reaper.CountTracks(project)
    reaper.InsertTrackAtIndex(index, false)
    open_track, open_project = reaper.GetTrack(project, index), project
    reaper.SetMediaTrackInfo_Value(open_track, "B_SHOWINTCP", 0)
    reaper.SetMediaTrackInfo_Value(open_track, "B_SHOWINMIXER", 0)
    reaper.SetMediaTrackInfo_Value(open_track, "B_MUTE", 1)
    local made = reaper.AddMediaItemToTrack(open_track)
    reaper.SetMediaItemTake_Source(reaper.AddTakeToMediaItem(made), source)
    reaper.SetMediaItemInfo_Value(made, "D_LENGTH", length_s)
    return made
  end)
  reaper.PreventUIRefresh(-1)
  if not is_sound then error(item, 0) end
  return item
end

local function of_file(project, path)
  local source = reaper.file_exists(path) and reaper.PCM_Source_CreateFromFile(path)
  if not source then user_error.raise("The reference file %s cannot be opened. Choose another with \"Bridge: Choose reference file\".", path) end
  local length_s, is_in_beats = reaper.GetMediaSourceLength(source)
  if is_in_beats or length_s <= 0 then user_error.raise("The reference file %s holds no audio. Choose another.", path) end
  local found = of_item(put_on_passing_track(project, source, length_s))
  found.name = path:match("[^/\\]+$") or path
  return found
end

---------------------------------------------------------------------------------------------- what is marked

local function find_item(project, guid)
  for index = 0, reaper.CountMediaItems(project) - 1 do
    local item = reaper.GetMediaItem(project, index)
    local _, own = reaper.GetSetMediaItemInfo_String(item, "GUID", "", false)
    if own == guid then return item end
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

local function is_named(track)
  local _, name = reaper.GetTrackName(track)
  return name:lower():match(NAMED) ~= nil
end

--- The item that is selected on a track that is not: "this, please".
local function selected_item(project)
  for index = 0, reaper.CountMediaItems(project) - 1 do
    local item = reaper.GetMediaItem(project, index)
    if reaper.IsMediaItemSelected(item) and not reaper.IsTrackSelected(reaper.GetMediaItemTrack(item)) then return item end
  end
  return nil
end

local function marked(project)
  local _, mark = reaper.GetProjExtState(project, SECTION, KEY)
  local kind, what = mark:match("^(%a+) (.+)$")
  if kind == "file" then return of_file(project, what) end
  if kind == "item" then
    local item = find_item(project, what)
    return item and of_item(item) or user_error.raise("The item that was marked as the reference is gone. Mark another.")
  end
  if kind == "track" then
    local track = find_track(project, function(one) return reaper.GetTrackGUID(one) == what end)
    return track and of_track(track) or user_error.raise("The track that was marked as the reference is gone. Mark another.")
  end
  return nil
end

--- Notes "track", "item" or "file" as the project's reference; "" forgets it.
function reference.mark(project, kind, what)
  reaper.SetProjExtState(project, SECTION, KEY, kind == "" and "" or kind .. " " .. what)
  reaper.MarkProjectDirty(project)
end

--- What the project's reference is, in words; nil where none is marked.
function reference.describe(project)
  local _, mark = reaper.GetProjExtState(project, SECTION, KEY)
  local kind, what = mark:match("^(%a+) (.+)$")
  if kind == "file" then return what:match("[^/\\]+$") end
  if kind == "item" then
    local item = find_item(project, what)
    local take = item and reaper.GetActiveTake(item)
    return take and "item " .. reaper.GetTakeName(take) or nil
  end
  local track = kind == "track" and find_track(project, function(one) return reaper.GetTrackGUID(one) == what end)
  return track and "track " .. select(2, reaper.GetTrackName(track)) or nil
end

--- The reference: what is marked, else an item that is selected on another track, else a track called "Reference",
-- else a file that the user is asked for.
function reference.find(state)
  local project = state.project
  local found = marked(project)
  local item = not found and selected_item(project)
  local track = not found and not item and find_track(project, is_named)
  found = found or item and of_item(item) or track and of_track(track)
  if not found then
    local is_chosen, path = reaper.GetUserFileNameForRead("", "Bridge: the sound to come close to", "")
    if not is_chosen then user_error.raise("No reference was chosen. Mark a track, an item or a file as the reference.") end
    found = of_file(project, path)
  end
  for _, job in ipairs(state.jobs) do
    if job.target.track == found.track then user_error.raise("%s is the reference itself. Select another track.", job.target.name) end
  end
  return found
end

--- Writes the reference's audio into the spool, once for all jobs; returns the words of a request about it.
function reference.send(state, found)
  state.tell("listening to the reference " .. found.name)
  local id = state.spool.new_id()
  state.ids[#state.ids + 1] = id
  local name, rate_hz = id .. ".wav", capture.sample_rate_hz(state.project)
  local taken, is_audible = capture.write(found.open, found.name, found.stretches, rate_hz, state.spool:path("audio", name) .. ".part")
  reference.release()
  if not is_audible then user_error.raise("The reference %s is silent. Choose another.", found.name) end
  state.spool:publish("audio", name)
  return { file = name, sample_rate_hz = rate_hz, channels = capture.CHANNELS, excerpts = json.array(taken) }
end

return reference
