--- The actions that move what Bridge has set last, without the daemon: amount up, down, to a value, and compare.
local amount_control = require("live.amount_control")
local cleanup = require("runtime.cleanup")
local describe = require("ui.describe")
local messages = require("ui.messages")
local spool = require("exchange.spool")
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")

local change_amount = {}

local STEP = 0.1
local ABSOLUTE = 0 -- mode of a controller that says where it stands

local function show(outcome)
  local text, notes = describe.outcome(outcome)
  messages.done({ "Bridge: " .. text, table.unpack(notes) })
end

--- Move the amount: `wanted(amount)` gives the new one, or nil to leave it; it is held to 0..1.
local function move(wanted)
  reaper.atexit(cleanup.run)
  ticks.run(function()
    local gesture, problem = amount_control.begin(spool.open())
    if not gesture then error(problem, 0) end
    local release = cleanup.open(function() gesture:release() end)
    local amount = wanted(gesture:amount())
    if not amount then return end
    gesture:set(amount)
    show(gesture:finish())
    cleanup.forget(release)
  end, messages.problem)
end

function change_amount.up()
  move(function(amount) return amount + STEP end)
end

function change_amount.down()
  move(function(amount) return amount - STEP end)
end

--- What the user types, 0..1; nil where nothing is given.
local function typed(amount)
  local now = string.format("%d", math.floor(amount * 100 + 0.5))
  local is_given, text = reaper.GetUserInputs("Bridge: amount", 1, "Amount in percent", now)
  if not is_given then return nil end
  local percent = tonumber((text:gsub("[%s%%]", ""):gsub(",", ".")))
  if not percent or percent < 0 or percent > 100 then user_error.raise("not_an_amount", { text = text }) end
  return percent / 100
end

--- To where the controller stands that has started the action; by key or menu, to what the user types.
function change_amount.set()
  local _, _, _, _, mode, resolution, value = reaper.get_action_context()
  move(mode == ABSOLUTE and resolution > 0 and function() return value / resolution end or typed)
end

--- From before to after and back.
function change_amount.compare()
  reaper.atexit(cleanup.run)
  ticks.run(function()
    local outcome, problem = amount_control.compare(spool.open())
    if not outcome then error(problem, 0) end
    show(outcome)
  end, messages.problem)
end

return change_amount
