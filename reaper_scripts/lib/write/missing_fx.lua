--- Adds FX that a model needs, and takes them out again where the job does not end well.
-- No undo point of its own: what is added belongs to the step that sets the values.
local fx_chain = require("track.fx_chain")
local tracks = require("track.tracks")
local undo_step = require("write.undo_step")
local user_error = require("runtime.user_error")

local missing_fx = {}

--- Take out what `add` has added for the job, as far as it is still there.
function missing_fx.take_out(job)
  for _, guid in ipairs(job.added) do
    local fx = not tracks.gone(job.target) and fx_chain.find(job.target.track, guid)
    if fx then reaper.TrackFX_Delete(job.target.track, fx) end
  end
  job.added = {}
end

local AT_END, AT_START = -1, -1000 -- of TrackFX_AddByName: ever lower numbers stand for later places

--- Add the FX that the job's reply names, before the FX that it names or at the end of the chain. Raises a user error where
-- the track is gone, and one that names the FX that REAPER does not know.
function missing_fx.add(job)
  local target, loss = job.target, tracks.loss(job.target)
  if loss then user_error.raise("skipped_adding", { track = target.name, reason = loss }) end
  local before = job.reply.add_before ~= "" and job.reply.add_before
  local place = before and fx_chain.outermost(target.track, before)
  for count, name in ipairs(job.reply.add_fx) do
    local fx = reaper.TrackFX_AddByName(target.track, name, false, place and AT_START - place - (count - 1) or AT_END)
    if fx < 0 then
      missing_fx.take_out(job)
      user_error.raise("unknown_fx", { track = target.name, fx = name })
    end
    job.added[#job.added + 1] = reaper.TrackFX_GetFXGUID(target.track, fx)
  end
end

--- Add what the replies of `jobs` name in one undo step, and nothing else; concludes the jobs.
function missing_fx.add_only(project, jobs)
  undo_step.make(project, "Bridge: Add missing FX", function()
    for _, job in ipairs(jobs) do
      local is_sound, problem = user_error.guard(missing_fx.add, job)
      if is_sound then
        job.added = {} -- they stay
        job.outcome = { status = "applied", added_fx = job.reply.add_fx, results = {} }
      elseif user_error.fact(problem) then
        job.problem = problem
      else
        error(problem, 0)
      end
    end
  end)
end

return missing_fx
