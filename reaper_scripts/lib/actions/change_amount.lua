--- The actions that move what Bridge has set last, without the daemon: amount up, down, to a value, and compare.
local user_error = require("runtime.user_error")
local amount_control = require("live.amount_control")
local describe = require("ui.describe")
local messages = require("ui.messages")
local open_spool = require("exchange.spool").open
local ticks = require("runtime.ticks")

local change_amount = {}

local STEP = 0.1
local ABSOLUTE = 0 -- mode of a controller that says where it stands

local open_move

local function tell(outcome)
  local lines = { outcome.is_compared and "Bridge: as it was before" or string.format("Bridge: amount %d %%", math.floor(outcome.amount * 100 + 0.5)) }
  for _, item in ipairs(outcome.left) do lines[#lines + 1] = string.format("  %s stays as it is: %s", item.what, describe.reason(item)) end
  for _, name in ipairs(outcome.refused) do lines[#lines + 1] = "  REAPER shows another value for " .. name end
  messages.done(lines)
end

local function begin()
  local spool, project = open_spool(), reaper.EnumProjects(-1)
  return spool, project, amount_control.targets(spool, project)
end

--- Moves the amount: `wanted(amount)` gives the new one, 0..1, or nil to leave it.
function change_amount.amount(wanted)
  reaper.atexit(function()
    if open_move then open_move:release() end
  end)
  ticks.run(function()
    local spool, project, targets = begin()
    local moving, reason = amount_control.begin(spool, project, targets)
    if not moving then user_error.raise("%s", reason) end
    open_move = moving
    local amount = wanted(moving:amount())
    if not amount then return end
    moving:set(math.min(math.max(amount, 0), 1))
    local outcome = moving:finish()
    open_move = nil
    tell(outcome)
  end, messages.fault)
end

function change_amount.up()
  change_amount.amount(function(amount) return amount + STEP end)
end

function change_amount.down()
  change_amount.amount(function(amount) return amount - STEP end)
end

--- To where the controller stands that has started the action; by key or menu, to what the user types.
function change_amount.set()
  local _, _, _, _, mode, resolution, value = reaper.get_action_context()
  if mode == ABSOLUTE and resolution > 0 then
    return change_amount.amount(function() return value / resolution end)
  end
  change_amount.amount(function(amount)
    local now = string.format("%d", math.floor(amount * 100 + 0.5))
    local is_given, text = reaper.GetUserInputs("Bridge: amount", 1, "Amount in percent", now)
    if not is_given then return nil end
    local percent = tonumber((text:gsub("[%s%%]", ""):gsub(",", ".")))
    if not percent or percent < 0 or percent > 100 then user_error.raise("The amount is a number from 0 to 100, not %q.", text) end
    return percent / 100
  end)
end

--- From before to after and back.
function change_amount.compare()
  ticks.run(function()
    local spool, project, targets = begin()
    local _, is_compared = nil, false
    if targets[1] then _, is_compared = amount_control.standing(spool, targets[1]) end
    local outcome, reason = amount_control.compare(spool, project, targets, not is_compared)
    if not outcome then user_error.raise("%s", reason) end
    tell(outcome)
  end, messages.fault)
end

return change_amount
