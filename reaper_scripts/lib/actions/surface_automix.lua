--- Auto-mix as a control surface asks for it: a track by its number, a style. What is to say goes to the surface, not
-- into a box that would wait for somebody at the computer.
local script_requests = require("exchange.script_requests")
local automix = require("actions.automix")
local user_error = require("runtime.user_error")
local amount_control = require("live.amount_control")
local messages = require("ui.messages")
local find_spool = require("exchange.spool").find
local tracks = require("track.tracks")

local surface_automix = {}

local KINDS = { automix = true }

local function options_of(spool, ask)
  local function targets(project)
    if ask.track then return { tracks.numbered(project, ask.track) } end
    local last = ask.is_again and amount_control.targets(spool, project) or {}
    return #last > 0 and last or tracks.selected(project)
  end
  if type(ask.style) == "string" then reaper.SetExtState("Bridge", "style", ask.style, true) end -- as the panel shows it
  return { targets = targets, style = ask.style }
end

local function start(spool, ask)
  local function finish(done, problems)
    if #done > 0 then messages.done(done) end
    local status = #problems > 0 and "refused" or "done"
    script_requests.answer(spool, ask.id, { status = status, message = table.concat(problems, " ") })
  end
  return automix.start(options_of(spool, ask), messages.progress, finish)
end

--- Does the newest ask; older ones that wait beside it are answered as overtaken.
function surface_automix.run()
  if reaper.set_action_options then reaper.set_action_options(3) end -- asked again while it runs: this run ends, the surface is told, and a new one begins
  local spool = find_spool()
  local waiting = spool and script_requests.take(spool, KINDS) or {}
  local ask = table.remove(waiting)
  for _, older in ipairs(waiting) do
    script_requests.answer(spool, older.id, { status = "refused", message = "Another auto-mix was asked for meanwhile." })
  end
  if not ask then return reaper.defer(function() end) end
  local state
  reaper.atexit(function()
    if state and not state.is_over then
      state.stop()
      user_error.guard(script_requests.answer, spool, ask.id, { status = "refused", message = "The auto-mix was stopped in REAPER." })
    end
  end)
  state = start(spool, ask)
end

return surface_automix
