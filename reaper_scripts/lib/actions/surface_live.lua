--- What a control surface asks while the user listens: amount, compare, undo. The daemon streams the amount to REAPER's
-- OSC surface by itself; from the first value to the last this script stays, watches that tracks and FX keep their
-- numbers, and then makes the undo step, reads back and renews the records.
local script_requests = require("exchange.script_requests")
local daemon = require("exchange.daemon")
local user_error = require("runtime.user_error")
local json = require("exchange.json")
local amount_control = require("live.amount_control")
local describe = require("ui.describe")
local messages = require("ui.messages")
local open_spool = require("exchange.spool").open
local ticks = require("runtime.ticks")

local surface_live = {}

local SECTION, OPEN_GESTURE = "Bridge", "open_gesture"
local KINDS = { begin = true, settle = true, compare = true, undo = true }
local TICKS_BETWEEN_LOOKS = 30 -- at the heartbeat
local MISSES = 2

local function left_list(left)
  local list = json.array()
  for index, item in ipairs(left) do list[index] = item end
  return list
end

--- A part of a gesture in the words of an answer: where REAPER's OSC surface finds each value, and what it may become.
local function describe_part(moving, part)
  local moves = json.array()
  for index, move in ipairs(part.moves) do
    moves[index] = {
      fx = move.fx, parameter = move.parameter, zero = moving:value(move, 0), start = move.write.start,
      after = move.write.after, is_switch = move.write.is_switch == true,
    }
  end
  return { index = part.target.index, name = part.target.name, moves = moves }
end

local function describe_moving(moving)
  local parts, left = json.array(), {}
  for index, part in ipairs(moving.parts) do
    parts[index] = describe_part(moving, part)
    for _, item in ipairs(part.left) do left[#left + 1] = item end
  end
  return { status = "moving", message = "", amount = moving:amount(), tracks = parts, left_alone = left_list(left) }
end

local function summary(outcome)
  local text = outcome.is_compared and "as it was" or string.format("amount %d %%", math.floor(100 * outcome.amount + 0.5))
  if #outcome.left > 0 then text = string.format("%s; %s stays: %s", text, outcome.left[1].what, describe.reason(outcome.left[1])) end
  if #outcome.left > 1 then text = string.format("%s, and %d more", text, #outcome.left - 1) end
  if #outcome.refused > 0 then text = string.format("%s; REAPER shows another value for %s", text, outcome.refused[1]) end
  return text
end

local function describe_outcome(outcome, message)
  return {
    status = "done", message = message or summary(outcome), amount = outcome.amount, is_compared = outcome.is_compared,
    left_alone = left_list(outcome.left),
  }
end

local function refusal(reason, is_unknown)
  return { status = is_unknown and "nothing" or "refused", message = reason }
end

--- Ends the open gesture at the amount that the values stand at, and tells the daemon.
local function break_off(state, why)
  local moving, id = state.moving, state.id
  state.moving, state.id = nil, nil
  moving:sense()
  local fields = describe_outcome(moving:finish(), why)
  fields.status, fields.gesture = "ended", id
  script_requests.answer(state.spool, state.spool.new_id(), fields)
end

local handlers = {}

function handlers.begin(state, ask)
  local project = reaper.EnumProjects(-1)
  local moving, reason, is_unknown = amount_control.begin(state.spool, project, amount_control.targets(state.spool, project), ask.id)
  if not moving then return refusal(reason, is_unknown) end
  state.moving, state.id = moving, ask.id
  if ask.amount then moving:set(ask.amount) end
  return describe_moving(moving)
end

--- Where the script was stopped in between, what it began is begun again: the records tell that values are moving.
function handlers.settle(state, ask)
  local moving = state.id == ask.gesture and state.moving or nil
  state.moving, state.id = nil, nil
  if not moving then
    local project, reason, is_unknown = reaper.EnumProjects(-1), nil, nil
    moving, reason, is_unknown = amount_control.begin(state.spool, project, amount_control.targets(state.spool, project))
    if not moving then return refusal(reason, is_unknown) end
  end
  moving:set(ask.amount or moving:amount())
  return describe_outcome(moving:finish())
end

function handlers.compare(state, ask)
  local project = reaper.EnumProjects(-1)
  local outcome, reason, is_unknown = amount_control.compare(state.spool, project, amount_control.targets(state.spool, project), ask.is_on == true)
  if not outcome then return refusal(reason, is_unknown) end
  return describe_outcome(outcome)
end

function handlers.undo(state)
  local project = reaper.EnumProjects(-1)
  local text, reason = amount_control.undo(project)
  if not text then return refusal(reason) end
  state.done = { status = "done", message = "undone: " .. text } -- the answer also where this run ends before the next tick
  ticks.wait()
  local target = amount_control.targets(state.spool, project)[1]
  local amount, is_compared = nil, nil
  if target then amount, is_compared = amount_control.standing(state.spool, target) end
  return { status = "done", message = "undone: " .. text, amount = amount, is_compared = is_compared or false }
end

local function handle(state, ask)
  local is_sound, fields = user_error.guard(function()
    if state.moving and ask.kind ~= "settle" then break_off(state, "another command came") end
    return handlers[ask.kind](state, ask)
  end)
  local slip = not is_sound and not user_error.text(fields) and fields
  if not is_sound then fields = refusal(user_error.text(fields) or "Bridge met a fault of its own; REAPER shows it.") end
  script_requests.answer(state.spool, ask.id, fields)
  state.done = nil
  if slip then error(slip, 0) end
end

--- Why the open gesture cannot go on, or nil.
local function trouble(state)
  local loss = state.moving:loss()
  if loss then return loss end
  if not state.moving:is_in_place() then return "tracks or FX were moved" end
  state.looks = (state.looks or 0) + 1
  if state.looks % TICKS_BETWEEN_LOOKS == 0 then
    state.misses = daemon.is_alive(state.spool) and 0 or (state.misses or 0) + 1
    if state.misses >= MISSES then return "the daemon stopped" end
  end
  return nil
end

--- Goes on with a gesture in the middle of which another run of this script has taken its place.
local function take_over(state)
  local id = reaper.GetExtState(SECTION, OPEN_GESTURE)
  if id == "" then return end
  reaper.DeleteExtState(SECTION, OPEN_GESTURE, false)
  local project = reaper.EnumProjects(-1)
  state.moving = amount_control.begin(state.spool, project, amount_control.targets(state.spool, project), id)
  state.id = state.moving and id
end

local function work(state)
  state.spool = open_spool()
  take_over(state)
  while true do
    state.waiting = script_requests.take(state.spool, KINDS)
    local is_idle = #state.waiting == 0
    while #state.waiting > 0 do
      handle(state, state.waiting[1])
      table.remove(state.waiting, 1)
    end
    if is_idle then -- else another may have come meanwhile
      if not state.moving then return end
      ticks.wait()
      local why = trouble(state)
      if why then break_off(state, why) end
    end
  end
end

--- Leaves what is not done to the next run. REAPER ends this one as soon as the daemon has asked for something more, though
-- it may have taken that already; and the daemon starts another when a movement comes to rest, at the latest.
local function hand_on(state)
  if state.moving then
    state.moving:suspend()
    reaper.SetExtState(SECTION, OPEN_GESTURE, state.id, false)
  end
  for place, ask in ipairs(state.waiting or {}) do
    if place == 1 and state.done then
      user_error.guard(script_requests.answer, state.spool, ask.id, state.done)
    else
      user_error.guard(script_requests.put_back, state.spool, ask)
    end
  end
end

--- Does what is asked, and stays as long as an amount moves.
function surface_live.run()
  local state = {}
  if reaper.set_action_options then reaper.set_action_options(3) end -- asked again while it runs: no question to the user; this one ends, the new one begins
  reaper.atexit(function() hand_on(state) end)
  ticks.run(function() work(state) end, function(problem)
    if problem then
      messages.problems({ user_error.text(problem) or "Bridge met a fault of its own and stopped. Please report this:\n" .. tostring(problem) })
    end
  end)
end

return surface_live
