--- What a control surface asks while the user listens: amount, compare, undo. The daemon streams the amount to REAPER's
-- OSC surface by itself; from the first value to the last this script stays, watches that tracks and FX keep their
-- numbers, and then makes the undo step, reads back and renews the records.
--
-- The state of a run: {spool, gesture (that is open), id (its own), waiting (requests that were taken), done (the answer to
-- the first of them, where it is done already), looks, misses (of the heartbeat)}.
local amount_control = require("live.amount_control")
local cleanup = require("runtime.cleanup")
local daemon = require("exchange.daemon")
local describe = require("ui.describe")
local json = require("exchange.json")
local messages = require("ui.messages")
local open_spool = require("exchange.spool").open
local script_calls = require("exchange.script_calls")
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")

local surface_live = {}

local SECTION, OPEN_GESTURE = "Bridge", "open_gesture"
local KINDS = { begin = true, settle = true, compare = true, undo = true }
local TICKS_BETWEEN_LOOKS = 30 -- at the heartbeat

--- A part of a gesture in an answer: where REAPER's OSC surface finds each value, and what it may become.
local function part_message(gesture, part)
  local moves = json.array()
  for _, move in ipairs(part.moves) do
    if gesture.is_streamed(move) then
      moves[#moves + 1] = {
        fx = move.fx, parameter = move.parameter, zero = gesture:value(move, 0), start = move.write.start,
        after = move.write.after, is_switch = move.write.is_switch == true,
      }
    end
  end
  return { index = part.target.index, name = part.target.name, moves = moves }
end

local function moving_message(gesture)
  local parts, left = json.array(), json.array()
  for index, part in ipairs(gesture.parts) do
    parts[index] = part_message(gesture, part)
    table.move(part.left, 1, #part.left, #left + 1, left)
  end
  return { status = "moving", amount = gesture:amount(), tracks = parts, left_alone = left }
end

local function outcome_message(outcome)
  return {
    status = "done", amount = outcome.amount, is_compared = outcome.is_compared, left_alone = json.array(outcome.left),
    refused = json.array(outcome.refused),
  }
end

local function refusal(problem)
  return { status = problem.kind == "nothing_applied" and "nothing" or "refused", error = describe.fact(problem) }
end

--- Tell the daemon that the scripts have ended a gesture, and why: a fact.
local function report_end(state, id, why, fields)
  fields.status, fields.gesture, fields.error = "ended", id, describe.fact(why)
  script_calls.answer(state.spool, state.spool.new_id(), fields)
end

--- End the open gesture at the amount that the values stand at, and tell the daemon why: a fact. At once, where another
-- script waits for its turn: what the daemon streams until it knows comes in between.
local function break_off(state, why)
  local gesture, id = state.gesture, state.id
  state.gesture, state.id = nil, nil
  if why.kind == "another_command" then
    local fields = outcome_message(gesture:give_way())
    fields.is_overtaken = true
    return report_end(state, id, why, fields)
  end
  gesture:adopt_current()
  report_end(state, id, why, outcome_message(gesture:finish()))
end

local handlers = {}

function handlers.begin(state, asked)
  local gesture, problem = amount_control.begin(state.spool, asked.id)
  if not gesture then return refusal(problem) end
  state.gesture, state.id = gesture, asked.id
  if asked.amount then gesture:set(asked.amount) end
  return moving_message(gesture)
end

--- Where the script was stopped in between, what it began is begun again: the records tell that values are moving. Where
-- another script has ended it, that one came later.
function handlers.settle(state, asked)
  local gesture, problem = state.id == asked.gesture and state.gesture or nil, nil
  state.gesture, state.id = nil, nil
  if not gesture and not amount_control.is_open(state.spool, asked.gesture) then return refusal(user_error.new("another_command")) end
  if not gesture then gesture, problem = amount_control.begin(state.spool) end
  if not gesture then return refusal(problem) end
  gesture:set(asked.amount or gesture:amount())
  return outcome_message(gesture:finish())
end

function handlers.compare(state, asked)
  local outcome, problem = amount_control.compare(state.spool, asked.is_on == true)
  return outcome and outcome_message(outcome) or refusal(problem)
end

function handlers.undo(state)
  local text, problem = amount_control.undo(reaper.EnumProjects(-1))
  if not text then return refusal(problem) end
  state.done = { status = "done", undone = text } -- the answer also where this run ends before the next tick
  ticks.wait()
  local amount, is_compared = amount_control.amount_of(state.spool, amount_control.targets(state.spool)[1])
  return { status = "done", undone = text, amount = amount, is_compared = is_compared }
end

local function handle(state, asked)
  local is_sound, fields = user_error.guard(function()
    if state.gesture and asked.kind ~= "settle" then break_off(state, user_error.new("another_command")) end
    return handlers[asked.kind](state, asked)
  end)
  local slip = not is_sound and not user_error.fact(fields) and fields
  if not is_sound then fields = refusal(user_error.fact(fields) or user_error.new("slip_on_surface")) end
  script_calls.answer(state.spool, asked.id, fields)
  state.done = nil
  if slip then error(slip, 0) end
end

--- Why the open gesture cannot go on, as a fact, or nil.
local function trouble(state)
  local loss = state.gesture:loss()
  if loss then return loss end
  if not state.gesture:is_in_place() then return user_error.new("moved") end
  state.looks = state.looks + 1
  if state.looks % TICKS_BETWEEN_LOOKS ~= 0 then return nil end
  local is_gone
  state.misses, is_gone = daemon.count_misses(state.spool, state.misses)
  return is_gone and user_error.new("daemon_gone") or nil
end

--- Go on with a gesture in the middle of which another run of this script has taken its place.
local function take_over(state)
  local id = reaper.GetExtState(SECTION, OPEN_GESTURE)
  if id == "" then return end
  reaper.DeleteExtState(SECTION, OPEN_GESTURE, false)
  state.gesture = amount_control.begin(state.spool, id)
  state.id = state.gesture and id
end

local function work(state)
  state.spool = open_spool()
  take_over(state)
  while true do
    state.waiting = script_calls.take(state.spool, KINDS)
    local is_idle = #state.waiting == 0
    while #state.waiting > 0 do
      handle(state, state.waiting[1])
      table.remove(state.waiting, 1)
    end
    if is_idle then -- else another may have come meanwhile
      if not state.gesture then return end
      ticks.wait()
      local why = trouble(state)
      if why then break_off(state, why) end
    end
  end
end

--- Leave what is not done to the next run. REAPER ends this one as soon as the daemon has asked for something more, though
-- it may have taken that already; and the daemon starts another when a gesture comes to rest, at the latest.
local function hand_on(state)
  if state.gesture then
    state.gesture:suspend()
    reaper.SetExtState(SECTION, OPEN_GESTURE, state.id, false)
  end
  for place, asked in ipairs(state.waiting) do
    if place == 1 and state.done then
      user_error.guard(script_calls.answer, state.spool, asked.id, state.done)
    else
      user_error.guard(script_calls.put_back, state.spool, asked)
    end
  end
  cleanup.run()
end

--- Do what is asked, and stay as long as an amount moves.
function surface_live.run()
  local state = { waiting = {}, looks = 0, misses = 0 }
  if reaper.set_action_options then reaper.set_action_options(3) end -- asked again while it runs: no question to the user; this one ends, the new one begins
  reaper.atexit(function() hand_on(state) end)
  ticks.run(function() work(state) end, messages.problem)
end

return surface_live
