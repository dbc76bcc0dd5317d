--- Where the user reads: one box for what went wrong, REAPER's console for what was done, the help line for progress.
local describe = require("ui.describe")

local messages = {}

local TITLE = "Bridge"
local YES_NO_CANCEL, YES, NO = 3, 6, 7 -- of ShowMessageBox
local QUIET = "!SHOW:" -- REAPER then adds to the console without taking the focus

--- Add lines to the console; none are nothing.
function messages.done(lines)
  if #lines > 0 then reaper.ShowConsoleMsg(QUIET .. table.concat(lines, "\n") .. "\n") end
end

--- Show one box with every problem of the action, one line each; none are nothing.
function messages.problems(lines)
  if #lines > 0 then reaper.ShowMessageBox(table.concat(lines, "\n"), TITLE, 0) end
end

--- Ask a question; return true for yes, false for no, nil where it was cancelled.
function messages.ask(text)
  local answer = reaper.ShowMessageBox(text, TITLE, YES_NO_CANCEL)
  if answer == YES or answer == NO then return answer == YES end
  return nil
end

--- Show what ended an action, as `ticks.run` gives it; nothing where it went well.
function messages.problem(problem)
  if problem then messages.problems({ describe.problem(problem) }) end
end

--- Show a step in REAPER's help area; nil removes it.
function messages.progress(step)
  reaper.Help_Set(step and TITLE .. ": " .. describe.fact(step) or "", true)
end

return messages
