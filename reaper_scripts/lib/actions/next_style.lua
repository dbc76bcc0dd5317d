--- Auto-mix again with the next style: in the order of `bridge styles`, then none, then from the first again.
local automix = require("actions.automix")
local find_spool = require("exchange.spool").find
local messages = require("ui.messages")
local user_error = require("runtime.user_error")

local next_style = {}

local STYLE = "^(.+)%.safetensors$"

--- Return the names of the styles that lie in Bridge's folder, in the order of `bridge styles`.
function next_style.names(spool)
  local names = {}
  for _, file in ipairs(spool and spool.list(spool.home .. spool.separator .. "styles") or {}) do names[#names + 1] = file:match(STYLE) end
  table.sort(names)
  return names
end

--- Choose the next style for all actions. Returns its name, nil for none; raises a user error where there are no styles.
function next_style.choose(spool)
  local names, place = next_style.names(spool), 0
  if #names == 0 then user_error.raise("no_styles") end
  for index, name in ipairs(names) do
    if name == reaper.GetExtState("Bridge", "style") then place = index end
  end
  local name = names[place + 1]
  reaper.SetExtState("Bridge", "style", name or "", true)
  return name
end

--- The action.
function next_style.run()
  local is_sound, name = user_error.guard(next_style.choose, find_spool())
  if not is_sound then
    messages.problem(name)
    return reaper.defer(function() end) -- a script that never defers gets an undo point of its own
  end
  messages.done({ "Bridge: style: " .. (name or "none") })
  automix.run({ style = name })
end

return next_style
