--- Which tracks the user means, who they are, and which of them cannot be worked on.
--
-- A target is a track with what is known of it: {project, track, name, guid, index (0-based, -1 for the master), is_muted,
-- is_folder, automation_mode}.
local sound_sources = require("track.sound_sources")
local user_error = require("runtime.user_error")

local tracks = {}

local MASTER_INDEX = -1
local NO_OVERRIDE = -1 -- of GetGlobalAutomationOverride
local WRITE_MODE = 3
local RECORDING_MODES = { [2] = "touch", [WRITE_MODE] = "write", [4] = "latch", [5] = "latch preview" } -- an override has 5 for bypass

--- Why nothing may be set on a track that is there, as kinds: of a problem, of a change meanwhile, of what is left alone.
local FX_OFF = { problem = "fx_button_off", change = "fx_button_went_off", left_alone = "track_fx_off" }
local RECORDS = { problem = "records_automation", change = "began_recording", left_alone = "track_records" }

--- Return the track's place in the project now: 0-based, -1 for the master.
function tracks.index(track)
  local number = math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER"))
  return number == -1 and MASTER_INDEX or number - 1
end

local function describe(project, track)
  local _, name = reaper.GetTrackName(track)
  return {
    project = project, track = track, name = name,
    guid = reaper.GetTrackGUID(track),
    index = tracks.index(track),
    is_muted = reaper.GetMediaTrackInfo_Value(track, "B_MUTE") ~= 0,
    is_folder = reaper.GetMediaTrackInfo_Value(track, "I_FOLDERDEPTH") == 1,
    automation_mode = reaper.GetTrackAutomationMode(track),
  }
end

--- Return the selected tracks, in the order of the project; the list may be empty.
function tracks.chosen(project)
  local selected = {}
  for index = 0, reaper.CountSelectedTracks2(project, true) - 1 do
    selected[index + 1] = describe(project, reaper.GetSelectedTrack2(project, index, true))
  end
  return selected
end

--- Return the master track as the only target.
function tracks.master(project)
  return { describe(project, reaper.GetMasterTrack(project)) }
end

--- Return all tracks of the project, the master first.
function tracks.all(project)
  local all = tracks.master(project)
  for index = 0, reaper.CountTracks(project) - 1 do all[#all + 1] = describe(project, reaper.GetTrack(project, index)) end
  return all
end

--- Return the track with this number, counted from 1. Raises a user error where there is none.
function tracks.numbered(project, number)
  local track = number >= 1 and reaper.GetTrack(project, number - 1)
  if not track then user_error.raise("no_such_track", { number = number, count = reaper.CountTracks(project) }) end
  return describe(project, track)
end

--- Return the selected tracks. Raises a user error where none is.
function tracks.selected(project)
  local selected = tracks.chosen(project)
  if #selected == 0 then user_error.raise("nothing_selected") end
  return selected
end

--- The name of the automation mode in which REAPER records whatever is set on the track; nil in others.
local function recording_mode(track)
  local override = reaper.GetGlobalAutomationOverride()
  if override == NO_OVERRIDE then return RECORDING_MODES[reaper.GetTrackAutomationMode(track)] end
  return override < 5 and RECORDING_MODES[override] or nil
end

--- Return why nothing may be set on the target, `FX_OFF` or `RECORDS`, and the name of its mode; nil where it may.
-- `is_automation`: envelope points are written, which only the mode "write" writes over.
function tracks.obstacle(target, is_automation)
  if reaper.GetMediaTrackInfo_Value(target.track, "I_FXEN") == 0 then return FX_OFF end
  local mode = recording_mode(target.track)
  if mode and (not is_automation or mode == RECORDING_MODES[WRITE_MODE]) then return RECORDS, mode end
end

--- Return why nothing may be set on the target any more, as a fact; nil where it may. See `tracks.obstacle`.
function tracks.barred(target, is_automation)
  local obstacle, mode = tracks.obstacle(target, is_automation)
  return obstacle and user_error.new(obstacle.change, { mode = mode }) or nil
end

--- Raise a user error where the track cannot be listened to, whatever is on it. Returns whether REAPER must render its sound, which
-- the user has to allow (`may_render`). For the options see `actions.automix`.
function tracks.check(target, options, may_render)
  if options.only_missing then return false end
  local obstacle, mode = tracks.obstacle(target, options.automation)
  local kind = target.index == MASTER_INDEX and not options.is_master_meant and "master_not_meant"
    or target.is_muted and options.levels and "muted_track"
    or reaper.TrackFX_GetCount(target.track) == 0 and not options.may_add_fx and "no_fx"
    or obstacle and obstacle.problem
  if kind then user_error.raise(kind, { track = target.name, mode = mode }) end
  local problem = not options.is_master_meant and sound_sources.problem(target)
  if problem and not may_render then error(problem, 0) end
  return problem and true or false
end

--- Return whether the project is still open, in whatever tab.
function tracks.is_open(project)
  return reaper.ValidatePtr2(0, project, "ReaProject*")
end

--- Return why the target is no more, as a fact; nil where it is still there, also in a project tab behind another.
function tracks.gone(target)
  if not tracks.is_open(target.project) then return user_error.new("project_closed") end
  if not reaper.ValidatePtr2(target.project, target.track, "MediaTrack*") or reaper.GetTrackGUID(target.track) ~= target.guid then
    return user_error.new("track_removed")
  end
  return nil
end

--- Return why nothing new may be written to the target: it is gone, or the user has turned to another project.
function tracks.loss(target)
  return tracks.gone(target) or reaper.EnumProjects(-1) ~= target.project and user_error.new("project_behind") or nil
end

return tracks
