--- The user's wish to stop whatever Bridge does in this REAPER: the action "Bridge: Cancel" raises a mark that all
-- running ones look at.
local cancellation = {}

local SECTION, KEY = "Bridge", "cancelled"

--- The action: ask every one that runs now to stop.
function cancellation.run()
  reaper.SetExtState(SECTION, KEY, reaper.genGuid(""), false)
  reaper.defer(function() end) -- a script that never defers gets an undo point of its own
end

--- Return a function that tells whether somebody has asked since now.
function cancellation.watch()
  local mark = reaper.GetExtState(SECTION, KEY)
  return function() return reaper.GetExtState(SECTION, KEY) ~= mark end
end

return cancellation
