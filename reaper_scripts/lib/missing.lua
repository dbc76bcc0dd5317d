--- Adds FX that a model needs, and takes them out again where the job does not end well.
-- No undo point of its own: what is added belongs to the step that sets the values.
local fault = require("fault")
local tracks = require("tracks")

local missing = {}

--- Takes out what `add` has added to the target, as far as it is still there.
function missing.take_out(target)
  for _, guid in ipairs(target.added or {}) do
    local fx = not tracks.gone(target) and tracks.find_fx(target.track, guid)
    if fx then reaper.TrackFX_Delete(target.track, fx) end
  end
  target.added = {}
end

--- Adds the FX by name at the end of the chain; a fault names the one that REAPER does not know.
function missing.add(target, names)
  target.added = target.added or {}
  for _, name in ipairs(names) do
    local fx = reaper.TrackFX_AddByName(target.track, name, false, -1)
    if fx < 0 then
      missing.take_out(target)
      fault.raise("%s needs %s, which REAPER cannot find. Install it (or rescan plugins) and run the action again.", target.name, name)
    end
    target.added[#target.added + 1] = reaper.TrackFX_GetFXGUID(target.track, fx)
  end
end

return missing
