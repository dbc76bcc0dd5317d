--- One undo step of REAPER for all that is written to FX, with the UI held still meanwhile.
local user_error = require("runtime.user_error")

local undo_step = {}

local UNDO_STATE_FX = 2

--- Run `work` with the UI held still; it is released also where that fails.
function undo_step.quietly(work)
  reaper.PreventUIRefresh(1)
  local is_sound, problem = user_error.guard(work)
  reaper.PreventUIRefresh(-1)
  if not is_sound then error(problem, 0) end
end

--- Run `work` in one undo step called `text`; it ends also where that fails. No step may stay open from tick to tick.
-- Without `work` it is a step of all that was written since the last one.
function undo_step.make(project, text, work)
  reaper.Undo_BeginBlock2(project)
  local is_sound, problem = user_error.guard(undo_step.quietly, work or function() end)
  reaper.Undo_EndBlock2(project, text, UNDO_STATE_FX)
  if not is_sound then error(problem, 0) end
end

return undo_step
