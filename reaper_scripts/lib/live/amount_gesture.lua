--- Settings on the move between two amounts: any number of values one after the other, then one undo step, read back
-- and kept in the tracks' records. `live.amount_control` begins one; what may not move is left out there.
--
-- A gesture has one part for each track, {target, record, moves, left, amount (where it stood at the beginning), wanted
-- (where it shall stand), kept (where it stands uncompared)}; `id`, where a control surface streams its values; `text` of
-- its undo step and `is_compared`, of a comparison; `has_step` and `is_done`, how far it has ended; `turn`, see `live.turns`.
local applied_state = require("live.applied_state")
local interpolation = require("live.interpolation")
local fx_info = require("track.fx_info")
local json = require("exchange.json")
local ticks = require("runtime.ticks")
local fx_chain = require("track.fx_chain")
local tracks = require("track.tracks")
local turns = require("live.turns")
local undo_step = require("write.undo_step")
local user_error = require("runtime.user_error")
local verify = require("write.verify")

local amount_gesture = {}
amount_gesture.__index = amount_gesture

local SECTION, GAVE_WAY = "Bridge", "gave_way_s"
local LATE_S = 3 -- for so long a surface's values may still come after its gesture has ended

--- Return whether values may still come that belong to a gesture which has ended: what they have moved nobody has touched.
function amount_gesture.may_be_late()
  local since_s = tonumber(reaper.GetExtState(SECTION, GAVE_WAY))
  return since_s ~= nil and reaper.time_precise() - since_s < LATE_S
end

local function name_of(write)
  return string.format("%s of %s", write.name, write.fx_name)
end

--- Return a gesture over parts that have something to move; it has a turn, and passes it on when it has ended. `id`: of one
-- that a control surface streams values for; the records then tell that their values are moving, and bands stay on until
-- the end.
function amount_gesture.new(spool, project, parts, turn, id)
  local self = setmetatable({ spool = spool, project = project, parts = parts, turn = turn, id = id }, amount_gesture)
  for _, part in ipairs(parts) do
    part.wanted = part.amount
    part.record.gesture = id
    if id then applied_state.save(spool, part.record) end
  end
  return self
end

--- Return the amount of its first track.
function amount_gesture:amount()
  return self.parts[1].wanted
end

--- Return whether its first track stands as it was, by compare.
function amount_gesture:is_at_compare()
  local part = self.parts[1]
  return part.record.is_compared and part.amount == 0
end

--------------------------------------------------------------------------------------------- moving

--- Return why the gesture can go on no more, as a fact, or nil: a track is gone, another project is in front, what moves
-- would be recorded or not be heard, or another script waits for its turn. Call it in every tick in which it goes on.
function amount_gesture:loss()
  turns.keep()
  if turns.is_wanted(self.turn) then return user_error.new("another_command") end
  for _, part in ipairs(self.parts) do
    local loss = tracks.loss(part.target) or tracks.barred(part.target)
    if loss then return loss end
  end
  return nil
end

--- Return whether every track and FX is still where it was when the gesture began: a surface knows them by number.
function amount_gesture:is_in_place()
  for _, part in ipairs(self.parts) do
    local track = part.target.track
    if tracks.gone(part.target) or tracks.index(track) ~= part.target.index then return false end
    for _, move in ipairs(part.moves) do
      if reaper.TrackFX_GetFXGUID(track, move.fx) ~= move.write.fx_guid then return false end
    end
  end
  return true
end

--- Whether the FX of a move is there; looked up again where it has another place now.
local function is_found(part, move)
  local track = part.target.track
  if tracks.gone(part.target) then return false end
  if reaper.TrackFX_GetFXGUID(track, move.fx) ~= move.write.fx_guid then
    move.fx = fx_chain.find(track, move.write.fx_guid) or -1
  end
  return move.fx >= 0
end

local function read(part, move)
  return is_found(part, move) and reaper.TrackFX_GetParamNormalized(part.target.track, move.fx, move.parameter) or nil
end

--- The value of a move. While bands are held on, one that was off stands where the amount begins, not where it was.
function amount_gesture:value(move, amount)
  if amount <= 0 and self.id and move.write.band then return move.write.start end
  return interpolation.value(move.write, amount)
end

function amount_gesture:set_band(track, move, amount)
  local band, is_on = move.write.band, amount > 0 or self.id ~= nil
  if band and fx_info.is_band_on(track, move.fx, band) ~= is_on then fx_info.set_band(track, move.fx, band, is_on) end
end

--- Write one value. A band is on before its values change, and goes off behind them.
function amount_gesture:set_move(track, move, amount)
  local value = self:value(move, amount)
  if amount > 0 then self:set_band(track, move, amount) end
  if not fx_info.is_same(reaper.TrackFX_GetParamNormalized(track, move.fx, move.parameter), value) then
    reaper.TrackFX_SetParamNormalized(track, move.fx, move.parameter, value)
  end
  if amount <= 0 then self:set_band(track, move, amount) end
end

local function set_parts(self)
  for _, part in ipairs(self.parts) do
    for _, move in ipairs(part.moves) do
      if is_found(part, move) then self:set_move(part.target.track, move, part.wanted) end
    end
  end
end

--- Set the amount of all tracks, 0..1, at once. No undo step: that is `finish`.
function amount_gesture:set(amount)
  for _, part in ipairs(self.parts) do part.wanted = math.min(math.max(amount, 0), 1) end
  set_parts(self)
end

--- Set all tracks as they were (`is_on`), or back at the amount they had.
function amount_gesture:compare(is_on)
  self.is_compared = is_on
  self.text = is_on and "Bridge: Compare, as it was" or "Bridge: Compare, as set"
  for _, part in ipairs(self.parts) do
    part.kept = part.amount > 0 and part.amount or part.record.amount
    part.wanted = is_on and 0 or part.kept
  end
  set_parts(self)
end

--- Return whether a surface moves a value: REAPER's OSC has no address for an FX in a container, which follows at rest.
function amount_gesture.is_streamed(move)
  return not fx_chain.is_contained(move.fx)
end

--- Take the amounts at which the values stand now for the wanted ones: a surface has moved them, and is gone. It moves none
-- in a container.
function amount_gesture:adopt_current()
  for _, part in ipairs(self.parts) do
    local now = {}
    for _, move in ipairs(part.moves) do
      if amount_gesture.is_streamed(move) then now[move.place] = read(part, move) end
    end
    if next(now) then part.wanted = interpolation.amount_of(part.record, now) end
  end
end

---------------------------------------------------------------------------------------------- ending

local function undo_text(self)
  local where = #self.parts == 1 and self.parts[1].target.name or string.format("%d tracks", #self.parts)
  return self.text or string.format("Bridge: Amount %d %% on %s", math.floor(100 * self:amount() + 0.5), where)
end

--- Make the undo step, with every value as it shall stay. None where all stands as it did at the beginning.
local function make_step(self)
  local has_moved = false
  for _, part in ipairs(self.parts) do
    has_moved = has_moved or not fx_info.is_same(part.amount, part.wanted)
  end
  self.id = nil -- bands are held on no more
  if not tracks.is_open(self.project) then return end
  if not has_moved then return set_parts(self) end
  undo_step.make(self.project, undo_text(self), function() set_parts(self) end)
end

--- What the moves of each part read now, by place, and the names of those that are not as wanted.
local function read_back(self)
  local readings, is_settled = {}, true
  for index, part in ipairs(self.parts) do
    local values, odd = {}, {}
    for _, move in ipairs(part.moves) do
      local value, wanted = read(part, move), interpolation.value(move.write, part.wanted)
      values[move.place] = value
      if not value or math.abs(value - wanted) > math.max(move.write.step, verify.NEAR) then odd[#odd + 1] = name_of(move.write) end
    end
    readings[index] = { values = values, odd = odd }
    is_settled = is_settled and #odd == 0
  end
  return readings, is_settled
end

--- Put what a part reads now into its record. What was touched keeps the value that Bridge had set, and so stays touched.
local function renew(self, part, values)
  if part.is_renewed then return end -- the script was ended while it saved
  part.is_renewed = true
  local record = part.record
  local last = record.states[#record.states]
  local state = { amount = part.wanted, values = json.array() }
  for place, write in ipairs(record.writes) do state.values[place] = values[place] or last and last.values[place] or write.after end
  record.states[#record.states + 1] = state
  record.gesture = nil
  record.is_compared = self.is_compared == true
  record.amount = record.is_compared and part.kept or part.wanted
end

--- What became of it: {amount, is_compared, moved, left = {{what, kind, ...}}, refused = {names}}.
local function conclude(self, readings, pause)
  local outcome = { is_compared = self.is_compared == true, moved = 0, left = {}, refused = {} }
  for index, part in ipairs(self.parts) do
    renew(self, part, readings[index].values)
    applied_state.save(self.spool, part.record, pause)
    outcome.moved = outcome.moved + #part.moves - #readings[index].odd
    for _, item in ipairs(part.left) do outcome.left[#outcome.left + 1] = item end
    for _, name in ipairs(readings[index].odd) do outcome.refused[#outcome.refused + 1] = name end
  end
  outcome.amount = self.parts[1].record.amount
  self.is_done = true
  turns.pass(self.turn)
  return outcome
end

--- End the gesture: one undo step, read-back, renewed records. Waits for a few ticks at most.
function amount_gesture:finish()
  make_step(self)
  self.has_step = true
  local readings, is_settled
  for _ = 1, verify.SETTLE_TICKS do
    ticks.wait()
    turns.keep()
    readings, is_settled = read_back(self)
    if is_settled then break end
    if amount_gesture.may_be_late() then set_parts(self) end
  end
  ticks.wait() -- a long record takes a slice of its own
  return conclude(self, readings, ticks.breathe)
end

--- Make the undo step of what a surface has moved so far. The records go on telling that values move, so that another
-- run of the script, or the next gesture, finds them at whatever amount they stand by then.
function amount_gesture:suspend()
  self:adopt_current()
  make_step(self)
  turns.pass(self.turn)
end

--- End the gesture without waiting. For `atexit`; harmless at any other time.
function amount_gesture:release()
  if self.is_done then return end
  if self.id then self:adopt_current() end
  if not self.has_step then make_step(self) end
  return conclude(self, (read_back(self)))
end

--- End a surface's gesture at once, for another script waits for its turn. Returns the outcome of `finish`. The daemon learns
-- it later: values that it has sent until then may still come.
function amount_gesture:give_way()
  reaper.SetExtState(SECTION, GAVE_WAY, string.format("%.3f", reaper.time_precise()), false)
  return self:release()
end

return amount_gesture
