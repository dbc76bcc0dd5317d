--- The user's wish to stop whatever Bridge does in this REAPER: the action "Bridge: Cancel" raises a mark that all
-- running ones look at.
local cancelling = {}

local SECTION, KEY = "Bridge", "cancelled"

--- Asks every action that runs now to stop.
function cancelling.ask()
  reaper.SetExtState(SECTION, KEY, reaper.genGuid(""), false)
end

--- Returns a function that tells whether somebody has asked since now.
function cancelling.watch()
  local mark = reaper.GetExtState(SECTION, KEY)
  return function() return reaper.GetExtState(SECTION, KEY) ~= mark end
end

return cancelling
