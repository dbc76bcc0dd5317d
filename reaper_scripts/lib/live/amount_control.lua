--- The amount, moved while the user listens, compare, and Bridge's own undo.
--
--   local targets = amount_control.targets(spool, project)                   -- or those of your own, see `tracks`
--   local moving, reason = amount_control.begin(spool, project, targets)     -- nil and why, where nothing can be moved
--   moving:set(0.4)                                                -- as often as wanted; sets at once
--   local outcome = moving:finish()                                -- waits: inside `ticks.run`; `release` in `atexit`
--   amount_control.compare(spool, project, targets, true)                    -- as it was; false: back at the amount; waits
--   amount_control.undo(project)                                             -- Bridge's last step, where it is REAPER's last
--
-- Nothing moves that the user has touched since Bridge set it.
local applied_state = require("live.applied_state")
local interpolation = require("live.interpolation")
local describe = require("ui.describe")
local gesture = require("live.gesture")
local fx_info = require("track.fx_info")
local tracks = require("track.tracks")

local amount_control = {}

local OWN_STEP = "^Bridge: "
local NOTHING = "Bridge has set nothing on this track yet. Run \"Bridge: Auto-mix track\" first."

--- The tracks that are meant: those of the selected ones that Bridge has set, else those of the last action.
function amount_control.targets(spool, project)
  local function with_record(targets)
    local found = {}
    for _, target in ipairs(targets) do
      target.record = applied_state.read(spool, target.guid)
      if target.record then found[#found + 1] = target end
    end
    return found
  end
  local selected = with_record(tracks.chosen(project))
  if #selected > 0 then return selected end
  local newest, all = nil, with_record(tracks.all(project))
  for _, target in ipairs(all) do
    if not newest or target.record.time_s > newest.time_s then newest = target.record end
  end
  local found = {}
  for _, target in ipairs(all) do
    if target.record.run == newest.run then found[#found + 1] = target end
  end
  return found
end

--- Where the write's parameter is now: its FX and index; or nil and the kind of why not.
local function find(track, write)
  local fx = tracks.find_fx(track, write.fx_guid)
  if not fx then return nil, "fx_removed" end
  if reaper.TrackFX_GetOffline(track, fx) then return nil, "fx_offline" end
  local is_known, ident = reaper.TrackFX_GetParamIdent(track, fx, write.index)
  local parameter = is_known and ident == write.ident and write.index or reaper.TrackFX_GetParamFromIdent(track, fx, write.ident)
  if parameter < 0 then return nil, "no_parameter" end
  if fx_info.is_automated(track, fx, parameter) then return nil, "automated" end
  return { write = write, fx = fx, parameter = parameter }
end

--- Whether the user has switched a band that Bridge had switched.
local function is_band_touched(track, move, amount, is_moving)
  local band = move.write.band
  local is_on = band and reaper.TrackFX_GetEQBandEnabled(track, move.fx, band.band_type, band.band_index)
  return band ~= nil and not is_moving and is_on ~= (amount > 0)
end

--- One track of a gesture: what of its record can be moved now, and what not and why.
local function part_of(target, record)
  local part, found, now = { target = target, record = record, moves = {}, left = {} }, {}, {}
  local reasons = {}
  for place, write in ipairs(record.writes) do
    found[place], reasons[place] = find(target.track, write)
    now[place] = found[place] and reaper.TrackFX_GetParamNormalized(target.track, found[place].fx, found[place].parameter)
  end
  local untouched
  part.amount, untouched = interpolation.standing(record, now)
  for place, write in ipairs(record.writes) do
    local move = found[place]
    if move and untouched[place] and not is_band_touched(target.track, move, part.amount, record.gesture ~= nil) then
      move.place = place
      part.moves[#part.moves + 1] = move
    else
      local what = string.format("%s of %s", write.name, write.fx_name)
      part.left[#part.left + 1] = { what = what, kind = reasons[place] or "touched", fx = write.fx_name, parameter = write.name }
    end
  end
  return part
end

--- Begins to move the amount of the targets that Bridge has set. Nil, the reason, and whether Bridge has set nothing
-- there at all, where there is nothing to move. `id`: see `gesture.new`.
function amount_control.begin(spool, project, targets, id)
  local parts, left = {}, nil
  for _, target in ipairs(targets) do
    local record = applied_state.read(spool, target.guid)
    local part = record and #record.writes > 0 and part_of(target, record)
    if part and #part.moves > 0 then parts[#parts + 1] = part end
    left = left or part and part.left[1]
  end
  if #parts > 0 then return gesture.new(spool, project, parts, id) end
  if not left then return nil, NOTHING, true end
  return nil, string.format("Nothing that Bridge set can be moved: %s, %s.", left.what, describe.reason(left)), false
end

--- The track as it was (`is_on`), or back at the amount it had. One undo step. Returns the outcome of `finish`; or what
-- `begin` returns where there is nothing to move.
function amount_control.compare(spool, project, targets, is_on)
  local moving, reason, is_unknown = amount_control.begin(spool, project, targets)
  if not moving then return nil, reason, is_unknown end
  moving:compare(is_on)
  return moving:finish()
end

--- Takes Bridge's last step back, where it is REAPER's last one. Returns its text; or nil and why not.
function amount_control.undo(project)
  local text = reaper.Undo_CanUndo2(project)
  if not text or text == "" then return nil, "There is nothing to undo." end
  if not text:find(OWN_STEP) then
    return nil, string.format("REAPER's last step is \"%s\", which is not Bridge's. Undo that one in REAPER first.", text)
  end
  reaper.Undo_DoUndo2(project)
  return text
end

--- The amount at which a target stands now and whether it is compared, or nil where Bridge has set nothing there.
function amount_control.standing(spool, target)
  local record = applied_state.read(spool, target.guid)
  if not record then return nil end
  local part = part_of(target, record)
  local is_compared = record.is_compared and part.amount == 0
  return is_compared and record.amount or part.amount, is_compared
end

return amount_control
