--- Auto-mix as a control surface asks for it: a track by its number, a style. What is to say goes to the surface, not
-- into a box that would wait for somebody at the computer.
local asks = require("asks")
local automix = require("automix")
local fault = require("fault")
local home = require("home")
local live = require("live")
local say = require("say")
local spool_at = require("spool").at
local tracks = require("tracks")

local asked = {}

local KINDS = { automix = true }

local function options_of(spool, ask)
  local function targets(project)
    if ask.track then return { tracks.numbered(project, ask.track) } end
    local last = ask.is_again and live.targets(spool, project) or {}
    return #last > 0 and last or tracks.selected(project)
  end
  if type(ask.style) == "string" then reaper.SetExtState("Bridge", "style", ask.style, true) end -- as the panel shows it
  return { targets = targets, style = ask.style }
end

local function start(scripts_folder, spool, ask)
  local function finish(done, problems)
    if #done > 0 then say.done(done) end
    local status = #problems > 0 and "refused" or "done"
    asks.answer(spool, ask.id, { status = status, message = table.concat(problems, " ") })
  end
  return automix.start(scripts_folder, options_of(spool, ask), say.progress, finish)
end

--- Does the newest ask; older ones that wait beside it are answered as overtaken. `scripts_folder` ends in a separator.
function asked.run(scripts_folder)
  if reaper.set_action_options then reaper.set_action_options(3) end -- asked again while it runs: this run ends, the surface is told, and a new one begins
  local folder = home.find(scripts_folder)
  local spool = folder and spool_at(folder)
  local waiting = spool and asks.take(spool, KINDS) or {}
  local ask = table.remove(waiting)
  for _, older in ipairs(waiting) do
    asks.answer(spool, older.id, { status = "refused", message = "Another auto-mix was asked for meanwhile." })
  end
  if not ask then return reaper.defer(function() end) end
  local state
  reaper.atexit(function()
    if state and not state.is_over then
      state.stop()
      fault.guard(asks.answer, spool, ask.id, { status = "refused", message = "The auto-mix was stopped in REAPER." })
    end
  end)
  state = start(scripts_folder, spool, ask)
end

return asked
