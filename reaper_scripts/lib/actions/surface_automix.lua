--- Auto-mix as a control surface asks for it: a track by its number, a style. What is to say goes to the surface, not
-- into a box that would wait for somebody at the computer.
local amount_control = require("live.amount_control")
local automix = require("actions.automix")
local describe = require("ui.describe")
local find_spool = require("exchange.spool").find
local messages = require("ui.messages")
local report = require("ui.report")
local script_calls = require("exchange.script_calls")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")

local surface_automix = {}

local KINDS = { automix = true }

local function options_of(spool, asked)
  local function targets(project)
    if asked.track then return { tracks.numbered(project, asked.track) } end
    local last = asked.is_again and amount_control.targets(spool) or {}
    return #last > 0 and last or tracks.selected(project)
  end
  if type(asked.style) == "string" then reaper.SetExtState("Bridge", "style", asked.style, true) end -- as the panel shows it
  return { targets = targets, style = asked.style }
end

local function refuse(spool, asked, kind)
  script_calls.answer(spool, asked.id, { status = "refused", error = describe.fact(user_error.new(kind)) })
end

--- Do the newest request; older ones that wait beside it are answered as overtaken.
function surface_automix.run()
  if reaper.set_action_options then reaper.set_action_options(3) end -- asked again while it runs: this run ends, the surface is told, and a new one begins
  local spool = find_spool()
  local waiting = spool and script_calls.take(spool, KINDS) or {}
  local asked = table.remove(waiting)
  for _, older in ipairs(waiting) do refuse(spool, older, "overtaken") end
  if not asked then return reaper.defer(function() end) end
  local state
  reaper.atexit(function()
    if state and not state.is_over then
      state.stop()
      user_error.guard(refuse, spool, asked, "stopped")
    end
  end)
  state = automix.start(options_of(spool, asked), messages.progress, function(ended, problem)
    messages.done(report.done(ended, problem))
    local problems = report.problems(ended, problem)
    script_calls.answer(spool, asked.id, { status = #problems > 0 and "refused" or "done", error = table.concat(problems, " ") })
  end)
end

return surface_automix
