--- Problems that a user can mend, as facts: {kind, and what the kind names}. `ui.describe` makes English of them.
-- Raised as tables, so that a slip in the scripts (a string with a traceback) is never taken for one.
local user_error = {}

local Fact = { __tostring = function(self) return self.kind end }

--- Make a fact. `kind` is one of `ui.sentence_table`, `values` a table with what its sentence names.
function user_error.new(kind, values)
  local fact = setmetatable(values or {}, Fact)
  fact.kind = kind
  return fact
end

--- Stop the work at hand with a fact for the user.
function user_error.raise(kind, values)
  error(user_error.new(kind, values), 0)
end

--- Return the fact, or nil where `problem` is a slip in the scripts.
function user_error.fact(problem)
  return getmetatable(problem) == Fact and problem or nil
end

--- `pcall` that keeps a traceback for slips; facts pass through as they are.
function user_error.guard(work, ...)
  return xpcall(work, function(problem)
    return user_error.fact(problem) or debug.traceback(tostring(problem), 2)
  end, ...)
end

return user_error
