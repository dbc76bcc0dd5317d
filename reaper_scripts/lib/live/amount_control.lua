--- The amount, moved while the user listens, compare, and Bridge's own undo, on the tracks that are meant: those of the
-- selected ones that Bridge has set, else those of the last action. Nothing moves that the user has touched since.
--
--   local gesture, problem = amount_control.begin(spool)   -- nil and why, as a fact, where nothing can be moved
--   gesture:set(0.4)                                       -- as often as wanted; sets at once
--   local outcome = gesture:finish()                       -- `release` in `atexit`
--
-- What moves anything waits for its turn (see `live.turns`), and `finish` for REAPER: inside `ticks.run`.
local applied_state = require("live.applied_state")
local fx_info = require("track.fx_info")
local amount_gesture = require("live.amount_gesture")
local interpolation = require("live.interpolation")
local modulation = require("track.modulation")
local tracks = require("track.tracks")
local turns = require("live.turns")
local user_error = require("runtime.user_error")

local amount_control = {}

local OWN_STEP = "^Bridge: "

local function with_record(spool, targets)
  local found = {}
  for _, target in ipairs(targets) do
    target.record = applied_state.read(spool, target.guid)
    if target.record then found[#found + 1] = target end
  end
  return found
end

--- Return the tracks that are meant, each with its `record` (see `live.applied_state`).
function amount_control.targets(spool)
  local project = reaper.EnumProjects(-1)
  local selected = with_record(spool, tracks.chosen(project))
  if #selected > 0 then return selected end
  local newest, all = nil, with_record(spool, tracks.all(project))
  for _, target in ipairs(all) do
    if not newest or target.record.time_s > newest.time_s then newest = target.record end
  end
  local found = {}
  for _, target in ipairs(all) do
    if target.record.run == newest.run then found[#found + 1] = target end
  end
  return found
end

--- Where a write's parameter is now: {write, fx, parameter}; or nil and the kind of why not.
local function find(track, write)
  local fx, parameter = fx_info.locate(track, write)
  if not fx then return nil, parameter end
  if fx_info.is_automated(track, fx, parameter) then return nil, "automated" end
  if modulation.of(track, fx, parameter) then return nil, "modulated" end
  return { write = write, fx = fx, parameter = parameter }
end

--- Whether the user has switched a band that Bridge had switched.
local function is_band_touched(track, move, amount, is_moving)
  local band = move.write.band
  return band ~= nil and not is_moving and fx_info.is_band_on(track, move.fx, band) ~= (amount > 0)
end

--- One track of a gesture: what of its record can be moved now, and what not and why.
local function part_of(target)
  local record, track = target.record, target.track
  local part, found, now, kinds = { target = target, record = record, moves = {}, left = {} }, {}, {}, {}
  for place, write in ipairs(record.writes) do
    found[place], kinds[place] = find(track, write)
    now[place] = found[place] and reaper.TrackFX_GetParamNormalized(track, found[place].fx, found[place].parameter)
  end
  local obstacle, mode = tracks.obstacle(target)
  local untouched
  part.amount, untouched = interpolation.amount_of(record, now)
  for place, write in ipairs(record.writes) do
    local move = found[place]
    if not obstacle and move and untouched[place] and not is_band_touched(track, move, part.amount, record.gesture ~= nil) then
      move.place = place
      part.moves[#part.moves + 1] = move
    else
      local what = string.format("%s of %s", write.name, write.fx_name)
      local kind = obstacle and obstacle.left_alone or kinds[place] or "touched"
      part.left[#part.left + 1] = { what = what, kind = kind, fx = write.fx_name, parameter = write.name, text = mode }
    end
  end
  return part
end

--- The parts of a gesture; or nil and the problem, as a fact, where there is nothing to move.
local function all_parts(spool)
  local parts, left = {}, nil
  for _, target in ipairs(amount_control.targets(spool)) do
    target.record.gesture = target.record.gesture or amount_gesture.may_be_late() and "late" or nil
    local part = #target.record.writes > 0 and part_of(target)
    if part and #part.moves > 0 then parts[#parts + 1] = part end
    left = left or part and part.left[1]
  end
  if #parts > 0 then return parts end
  if not left then return nil, user_error.new("nothing_applied") end
  return nil, user_error.new("nothing_movable", { what = left.what, reason = left })
end

--- Begin to move the amount, once it is its turn. Nil and the problem, as a fact, where there is nothing to move. `id`:
-- see `amount_gesture.new`.
function amount_control.begin(spool, id)
  local turn = turns.take()
  local parts, problem = all_parts(spool)
  if parts then return amount_gesture.new(spool, reaper.EnumProjects(-1), parts, turn, id) end
  turns.pass(turn)
  return nil, problem
end

--- Put the tracks as they were (`is_on`), or back at the amount they had; nil: from the one to the other. One undo step.
-- Returns the outcome of `finish`; or what `begin` returns where there is nothing to move.
function amount_control.compare(spool, is_on)
  local gesture, problem = amount_control.begin(spool)
  if not gesture then return nil, problem end
  if is_on == nil then is_on = not gesture:is_at_compare() end
  gesture:compare(is_on)
  return gesture:finish()
end

local function undo(project)
  local text = reaper.Undo_CanUndo2(project)
  if not text or text == "" then return nil, user_error.new("nothing_to_undo") end
  if not text:find(OWN_STEP) then return nil, user_error.new("not_our_step", { step = text }) end
  reaper.Undo_DoUndo2(project)
  return text
end

--- Take Bridge's last step back, where it is REAPER's last one. Returns its text; or nil and why not, as a fact.
function amount_control.undo(project)
  local turn = turns.take()
  local text, problem = undo(project)
  turns.pass(turn)
  return text, problem
end

--- Return whether a gesture with this id has not ended on any of the tracks that are meant.
function amount_control.is_open(spool, id)
  for _, target in ipairs(amount_control.targets(spool)) do
    if target.record.gesture == id then return true end
  end
  return false
end

--- Return the amount at which a target stands now and whether it is compared; nil where Bridge has set nothing there.
function amount_control.amount_of(spool, target)
  local record = target and applied_state.read(spool, target.guid)
  if not record then return nil, false end
  target.record = record
  local part = part_of(target)
  local is_compared = record.is_compared and part.amount == 0
  return is_compared and record.amount or part.amount, is_compared
end

return amount_control
