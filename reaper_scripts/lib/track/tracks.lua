--- Which tracks the user means, who they are, and which of them cannot be worked on.
local user_error = require("runtime.user_error")

local tracks = {}

local MASTER_INDEX = -1

--- The track's place in the project now: 0-based, -1 for the master.
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

--- The selected tracks, in the order of the project; the list may be empty.
function tracks.chosen(project)
  local selected = {}
  for index = 0, reaper.CountSelectedTracks2(project, true) - 1 do
    selected[index + 1] = describe(project, reaper.GetSelectedTrack2(project, index, true))
  end
  return selected
end

--- All tracks of the project, the master first.
function tracks.all(project)
  local all = { describe(project, reaper.GetMasterTrack(project)) }
  for index = 0, reaper.CountTracks(project) - 1 do all[#all + 1] = describe(project, reaper.GetTrack(project, index)) end
  return all
end

--- The track with this number, counted from 1. Raises a fault where there is none.
function tracks.numbered(project, number)
  local track = number >= 1 and reaper.GetTrack(project, number - 1)
  if not track then
    user_error.raise("There is no track %d: this project has %d. Send the number of one of them.", number, reaper.CountTracks(project))
  end
  return describe(project, track)
end

--- The selected tracks. Raises a fault where none is.
function tracks.selected(project)
  local selected = tracks.chosen(project)
  if #selected == 0 then user_error.raise("No track is selected. Select the track whose plugins Bridge shall set, and run the action again.") end
  return selected
end

--- The master track as a target.
function tracks.master(project)
  return { describe(project, reaper.GetMasterTrack(project)) }
end

--- Raises a fault where the track cannot be listened to, whatever is on it. For the options see `automix`.
function tracks.check(target, options)
  if options.only_missing then return end
  if target.index == MASTER_INDEX and not options.is_master_meant then
    user_error.raise("The master track cannot be set by this action. Run \"Bridge: Master the mix\", or select other tracks.")
  end
  if target.is_folder then
    user_error.raise("%s is a folder: its sound comes from the tracks inside. Run the action on those.", target.name)
  end
  if target.is_muted then user_error.raise("%s is muted and was skipped. Unmute it and run the action again.", target.name) end
  if reaper.TrackFX_GetCount(target.track) == 0 and not options.may_add_fx then
    user_error.raise("%s has no FX. Add the plugins that Bridge shall set, or run \"Bridge: Auto-mix track, adding missing FX\".", target.name)
  end
end

--- Why the target is no more; nil where it is still there, also in a project tab behind another.
function tracks.gone(target)
  if not reaper.ValidatePtr2(0, target.project, "ReaProject*") then return "its project was closed" end
  if not reaper.ValidatePtr2(target.project, target.track, "MediaTrack*") or reaper.GetTrackGUID(target.track) ~= target.guid then
    return "the track was removed"
  end
  return nil
end

--- Why nothing new may be written to the target: it is gone, or the user has turned to another project.
function tracks.loss(target)
  local gone = tracks.gone(target)
  if not gone and reaper.EnumProjects(-1) ~= target.project then return "another project tab was opened in front of it" end
  return gone
end

--- The place of an FX in its chain now, or nil where it is gone.
function tracks.find_fx(track, guid)
  for fx = 0, reaper.TrackFX_GetCount(track) - 1 do
    if reaper.TrackFX_GetFXGUID(track, fx) == guid then return fx end
  end
  return nil
end

return tracks
