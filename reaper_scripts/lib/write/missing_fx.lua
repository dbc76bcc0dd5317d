--- Adds FX that a model needs, and takes them out again where the job does not end well.
-- No undo point of its own: what is added belongs to the step that sets the values.
local user_error = require("runtime.user_error")
local tracks = require("track.tracks")

local missing_fx = {}

local UNDO_STATE_FX = 2

--- Takes out what `add` has added to the target, as far as it is still there.
function missing_fx.take_out(target)
  for _, guid in ipairs(target.added or {}) do
    local fx = not tracks.gone(target) and tracks.find_fx(target.track, guid)
    if fx then reaper.TrackFX_Delete(target.track, fx) end
  end
  target.added = {}
end

--- Adds the FX by name at the end of the chain; a fault names the one that REAPER does not know.
function missing_fx.add(target, names)
  target.added = target.added or {}
  for _, name in ipairs(names) do
    local fx = reaper.TrackFX_AddByName(target.track, name, false, -1)
    if fx < 0 then
      missing_fx.take_out(target)
      user_error.raise("%s needs %s, which REAPER cannot find. Install it (or rescan plugins) and run the action again.", target.name, name)
    end
    target.added[#target.added + 1] = reaper.TrackFX_GetFXGUID(target.track, fx)
  end
end

--- Adds what the replies of the jobs name, in one undo step, and nothing else.
function missing_fx.add_in_step(project, jobs)
  reaper.Undo_BeginBlock2(project)
  reaper.PreventUIRefresh(1)
  local is_sound, problem = user_error.guard(function()
    for _, job in ipairs(jobs) do missing_fx.add_only(job) end
  end)
  reaper.PreventUIRefresh(-1)
  reaper.Undo_EndBlock2(project, "Bridge: Add missing FX", UNDO_STATE_FX)
  if not is_sound then error(problem, 0) end
end

--- Adds what the reply of one job names; concludes the job.
function missing_fx.add_only(job)
  if job.problem or not job.reply or job.reply.status ~= "add_fx" then return end
  local loss = tracks.loss(job.target)
  local is_sound, problem = user_error.guard(function()
    if loss then user_error.raise("%s was skipped: %s.", job.target.name, loss) end
    missing_fx.add(job.target, job.reply.add_fx)
  end)
  if not is_sound and not user_error.text(problem) then error(problem, 0) end
  if not is_sound then
    job.problem = user_error.text(problem)
    return
  end
  job.target.added = {} -- they stay
  job.outcome = { status = "applied", is_only_added = true, message = "added " .. table.concat(job.reply.add_fx, ", "), results = {} }
end

return missing_fx
