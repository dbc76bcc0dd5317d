--- Marks what tracks are to sound like, for "Bridge: Match to reference": the selected item, else the selected track, or
-- a file. What is marked is kept with the project.
local reference = require("audio.reference")
local messages = require("ui.messages")

local mark_reference = {}

local function selected_item(project)
  for index = 0, reaper.CountMediaItems(project) - 1 do
    local item = reaper.GetMediaItem(project, index)
    if reaper.IsMediaItemSelected(item) then return item end
  end
  return nil
end

--- Marks the selected item, else the selected track. Returns the kind of message ("good", "fair") and its text.
function mark_reference.mark_selected(project)
  local item, track = selected_item(project), reaper.GetSelectedTrack2(project, 0, false)
  if item then
    reference.mark(project, "item", select(2, reaper.GetSetMediaItemInfo_String(item, "GUID", "", false)))
  elseif track then
    reference.mark(project, "track", reaper.GetTrackGUID(track))
  else
    return "fair", "Nothing is selected. Select the item or the track that others are to sound like."
  end
  return "good", "The reference is " .. (reference.describe(project) or "marked") .. "."
end

--- Asks for a file and marks it.
function mark_reference.choose_file(project)
  local is_chosen, path = reaper.GetUserFileNameForRead("", "Bridge: the sound to come close to", "")
  if not is_chosen then return "fair", "No file was chosen." end
  reference.mark(project, "file", path)
  return "good", "The reference is " .. reference.describe(project) .. "."
end

local function run(mark)
  local kind, text = mark(reaper.EnumProjects(-1))
  if kind == "good" then messages.done({ "Bridge: " .. text }) else messages.problems({ text }) end
  reaper.defer(function() end) -- a script that never defers gets an undo point of its own
end

--- The action that marks what is selected.
function mark_reference.run() run(mark_reference.mark_selected) end

--- The action that marks a file.
function mark_reference.run_file() run(mark_reference.choose_file) end

return mark_reference
