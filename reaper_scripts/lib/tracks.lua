--- Which tracks the user means, who they are, and which of them cannot be worked on.
local fault = require("fault")

local tracks = {}

local MASTER_INDEX = -1

local function describe(project, track)
  local _, name = reaper.GetTrackName(track)
  local number = math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER"))
  return {
    project = project, track = track, name = name,
    guid = reaper.GetTrackGUID(track),
    index = number == -1 and MASTER_INDEX or number - 1,
    is_muted = reaper.GetMediaTrackInfo_Value(track, "B_MUTE") ~= 0,
    is_folder = reaper.GetMediaTrackInfo_Value(track, "I_FOLDERDEPTH") == 1,
    automation_mode = reaper.GetTrackAutomationMode(track),
  }
end

--- The selected tracks, in the order of the project. Raises a fault where none is.
function tracks.selected(project)
  local selected = {}
  for index = 0, reaper.CountSelectedTracks2(project, true) - 1 do
    selected[index + 1] = describe(project, reaper.GetSelectedTrack2(project, index, true))
  end
  if #selected == 0 then fault.raise("No track is selected. Select the track whose plugins Bridge shall set, and run the action again.") end
  return selected
end

--- Raises a fault where the track cannot be listened to, whatever is on it.
function tracks.check(target, may_add_fx)
  if target.index == MASTER_INDEX then
    fault.raise("The master track cannot be set by this action. Select tracks other than the master.")
  end
  if target.is_folder then
    fault.raise("%s is a folder: its sound comes from the tracks inside. Run the action on those.", target.name)
  end
  if target.is_muted then fault.raise("%s is muted and was skipped. Unmute it and run the action again.", target.name) end
  if reaper.TrackFX_GetCount(target.track) == 0 and not may_add_fx then
    fault.raise("%s has no FX. Add the plugins that Bridge shall set, or run \"Bridge: Auto-mix track, adding missing FX\".", target.name)
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
