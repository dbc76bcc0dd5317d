--- Faults that a user can mend: one line each, that says what happened and what to do.
-- Raised as tables, so that a slip in the scripts (a string with a traceback) is never taken for one.
local user_error = {}

local User = { __tostring = function(self) return self.text end }

--- Stops the work at hand with one line for the user.
function user_error.raise(format, ...)
  error(setmetatable({ text = string.format(format, ...) }, User), 0)
end

--- The line for the user, or nil where `problem` is a slip in the scripts.
function user_error.text(problem)
  return getmetatable(problem) == User and problem.text or nil
end

--- `pcall` that keeps a traceback for slips; faults for the user pass through as they are.
function user_error.guard(work, ...)
  return xpcall(work, function(problem)
    if user_error.text(problem) then return problem end
    return debug.traceback(tostring(problem), 2)
  end, ...)
end

return user_error
