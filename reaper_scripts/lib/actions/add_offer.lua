--- Whether FX that a track lacks are added: asked once, by the first action at the computer that finds some missing, and
-- remembered for all of them. A switch in the panel says the same.
local describe = require("ui.describe")
local messages = require("ui.messages")
local user_error = require("runtime.user_error")

local add_offer = {}

local SECTION, KEY = "Bridge", "add_fx"
local YES, NO = "yes", "no"

--- Return whether the user has chosen that missing FX are added; nil where nobody was asked yet.
function add_offer.remembered()
  local kept = reaper.GetExtState(SECTION, KEY)
  if kept ~= YES and kept ~= NO then return nil end
  return kept == YES
end

--- Keep what the user has chosen, for all actions.
function add_offer.remember(is_wanted)
  reaper.SetExtState(SECTION, KEY, is_wanted and YES or NO, true)
end

--- Decide for an action that begins: return whether missing FX may be added, and whether the user is to be asked before. For
-- the options see `actions.automix`.
function add_offer.decide(options)
  if options.may_add_fx or options.only_missing then return options.may_add_fx, false end
  local is_wanted = add_offer.remembered()
  if is_wanted == nil and options.can_ask then return true, true end
  return is_wanted, false
end

--- The names of the FX that the jobs lack, each once.
local function names_of(jobs)
  local names, seen = {}, {}
  for _, job in ipairs(jobs) do
    for _, name in ipairs(job.reply.add_fx) do
      if not seen[name] then names[#names + 1] = name end
      seen[name] = true
    end
  end
  return names
end

--- Ask whether the FX that `jobs` lack are to be added, and remember what the user says. Returns it; raises a user error where
-- the question is cancelled.
function add_offer.ask(jobs)
  local values = { track = jobs[1].target.name, count = #jobs, names = names_of(jobs) }
  local is_wanted = messages.ask(describe.question(user_error.new(#jobs == 1 and "add_fx" or "add_fx_to_several", values)))
  if is_wanted == nil then user_error.raise("cancelled") end
  add_offer.remember(is_wanted)
  return is_wanted
end

return add_offer
