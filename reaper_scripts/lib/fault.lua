--- Faults that a user can mend: one line each, that says what happened and what to do.
-- Raised as tables, so that a slip in the scripts (a string with a traceback) is never taken for one.
local fault = {}

local User = { __tostring = function(self) return self.text end }

--- Stops the work at hand with one line for the user.
function fault.raise(format, ...)
  error(setmetatable({ text = string.format(format, ...) }, User), 0)
end

--- The line for the user, or nil where `problem` is a slip in the scripts.
function fault.text(problem)
  return getmetatable(problem) == User and problem.text or nil
end

--- `pcall` that keeps a traceback for slips; faults for the user pass through as they are.
function fault.guard(work, ...)
  return xpcall(work, function(problem)
    if fault.text(problem) then return problem end
    return debug.traceback(tostring(problem), 2)
  end, ...)
end

return fault
