--- The actions that mark what tracks are to sound like, for "Bridge: Match to reference".
local messages = require("ui.messages")
local reference = require("audio.reference")
local ticks = require("runtime.ticks")

local mark_reference = {}

local function run(mark)
  ticks.run(function()
    local project = reaper.EnumProjects(-1)
    mark(project)
    messages.done({ "Bridge: The reference is " .. (reference.name(project) or "marked") .. "." })
  end, messages.problem)
end

--- Mark the selected item, else the selected track.
function mark_reference.run() run(reference.mark_selected) end

--- Mark a file that the user chooses.
function mark_reference.run_file() run(reference.mark_file) end

return mark_reference
