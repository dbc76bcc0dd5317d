--- Auto-mix again with the next style: in the order of `bridge styles`, then none, then from the first again.
local automix = require("actions.automix")
local catalog = require("exchange.catalog")
local find_spool = require("exchange.spool").find
local messages = require("ui.messages")

local next_style = {}

local NO_STYLES = "There are no styles yet. Add one in a terminal with: reaper-bridge styles add NAME FILE..."

--- Chooses the next style for all actions. Returns its name, nil for none; or nil and why there is nothing to choose.
function next_style.choose(spool)
  local names = catalog.styles(spool)
  if #names == 0 then return nil, NO_STYLES end
  local place = 0
  for index, name in ipairs(names) do
    if name == reaper.GetExtState("Bridge", "style") then place = index end
  end
  local name = names[place + 1]
  reaper.SetExtState("Bridge", "style", name or "", true)
  return name
end

--- The action.
function next_style.run()
  local name, problem = next_style.choose(find_spool())
  if problem then
    messages.problems({ problem })
    return reaper.defer(function() end)
  end
  messages.done({ "Bridge: style: " .. (name or "none") })
  automix.run({ style = name })
end

return next_style
