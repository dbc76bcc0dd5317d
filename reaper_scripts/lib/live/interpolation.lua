--- Between a track as it was and as Bridge set it: the value of each write at an amount, and which of them the user has
-- left as they were. Only computes; asks REAPER nothing.
local interpolation = {}

local ALIKE = 1e-4 -- normalized: nearer than this nobody has touched anything
local ALIKE_MOVING = 2e-3 -- while an amount is being moved, and the values are worked out from each other
local SPAN = 1e-3 -- a write that moves less tells nothing about the amount

--- Return the value of a write at an amount, 0..1.
function interpolation.value(write, amount)
  if amount <= 0 then return write.before end
  if amount >= 1 or write.is_switch then return write.after end
  return write.start + (write.after - write.start) * amount
end

local function is_alike(write, now, wanted, least)
  return now ~= nil and wanted ~= nil and math.abs(now - wanted) <= math.max(write.step / 2, least)
end

--- How many of the values `now` (by place; absent: out of reach) are what `state` holds, and which, as a set.
local function matches(writes, now, state, least)
  local count, places = 0, {}
  for place, write in ipairs(writes) do
    if is_alike(write, now[place], state.values[place], least) then
      count, places[place] = count + 1, true
    end
  end
  return count, places
end

--- The state that the values stand at in the middle of a movement: the amount that most of them agree on.
local function state_between(writes, now)
  local best, best_count = nil, 0
  for place, write in ipairs(writes) do
    local span = write.after - write.start
    if now[place] and not write.is_switch and math.abs(span) > SPAN then
      local amount = math.min(math.max((now[place] - write.start) / span, 0), 1)
      local state = { amount = amount, values = {} }
      for index, other in ipairs(writes) do
        state.values[index] = amount <= 0 and other.band and other.start or interpolation.value(other, amount) -- bands stay on
      end
      local count = matches(writes, now, state, ALIKE_MOVING)
      if count > best_count then best, best_count = state, count end
    end
  end
  return best
end

--- Return at which amount the track stands, and which writes nobody has touched since Bridge set them (a set of places).
-- Undo leads back to older states; a movement that was broken off has left values between them.
function interpolation.amount_of(record, now)
  local amount, best, untouched = record.amount, 0, {}
  for place = #record.states, 1, -1 do
    local state = record.states[place]
    local count, places = matches(record.writes, now, state, ALIKE)
    if count > best then amount, best, untouched = state.amount, count, places end
  end
  local between = record.gesture and state_between(record.writes, now)
  if between then
    local count, places = matches(record.writes, now, between, ALIKE_MOVING)
    if count > best then return between.amount, places end
  end
  return amount, untouched
end

return interpolation
