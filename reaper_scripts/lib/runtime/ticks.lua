--- Work in slices: REAPER calls back about 30 times a second, and no slice may hold it up for 15 ms.
-- The work is one coroutine; it says `breathe` often and `wait` where it needs REAPER to move on.
local user_error = require("runtime.user_error")

local ticks = {}

local SLICE_S = 0.008 -- then the next step still ends below 15 ms

local slice_start_s = 0
local watcher, is_cancelled

--- Run `work` in slices; `finish(problem)` is called once, with nil where all went well.
function ticks.run(work, finish)
  local thread = coroutine.create(function() return user_error.guard(work) end)
  local function step()
    slice_start_s = reaper.time_precise()
    local is_running, is_sound, problem = coroutine.resume(thread)
    if coroutine.status(thread) ~= "dead" then return reaper.defer(step) end
    if is_running and is_sound then return finish(nil) end
    return finish(is_running and problem or is_sound)
  end
  reaper.defer(step) -- also where nothing waits: a script that never defers gets an undo point of its own
end

--- Call `check` whenever a slice begins: it raises where what the work holds has gone meanwhile. nil: no check.
function ticks.watch(check)
  watcher = check
end

--- Look at `check` whenever a slice begins: where it says true, the work ends. nil: the work can no longer be cancelled.
function ticks.cancel_by(check)
  is_cancelled = check
end

--- Whether what was raised is the user's own wish.
function ticks.is_cancelled(problem)
  local fact = user_error.fact(problem)
  return fact ~= nil and fact.kind == "cancelled"
end

--- End this slice; work goes on in REAPER's next tick.
function ticks.wait()
  coroutine.yield()
  if is_cancelled and is_cancelled() then user_error.raise("cancelled") end
  if watcher then watcher() end
end

--- Whether this slice's time is used up.
function ticks.is_over()
  return reaper.time_precise() - slice_start_s > SLICE_S
end

--- End this slice where its time is used up. Returns whether it did: what was known of the project may be no more.
function ticks.breathe()
  if not ticks.is_over() then return false end
  ticks.wait()
  return true
end

return ticks
