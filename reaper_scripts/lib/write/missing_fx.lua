--- Adds FX that a model needs, and takes them out again where the job does not end well.
-- No undo point of its own: what is added belongs to the step that sets the values.
local fx_chain = require("track.fx_chain")
local tracks = require("track.tracks")
local undo_step = require("write.undo_step")
local user_error = require("runtime.user_error")

local missing_fx = {}

local AT_END, AT_START = -1, -1000 -- of TrackFX_AddByName: ever lower numbers stand for later places

local function delete(job, added)
  local fx = not tracks.gone(job.target) and fx_chain.find(job.target.track, added.guid)
  if fx then reaper.TrackFX_Delete(job.target.track, fx) end
end

--- The GUID of the FX that stands right behind what was added; nil where it is the last.
local function follower(job, added)
  local fx = fx_chain.find(job.target.track, added.guid)
  return fx and reaper.TrackFX_GetFXGUID(job.target.track, fx + 1)
end

--- Take out what `add` has added for the job, as far as it is still there.
function missing_fx.take_out(job)
  for _, added in ipairs(job.added) do delete(job, added) end
  job.added = {}
end

--- Take out what was added because the user prefers it, where the job's reply asks for REAPER's own in its place all the same.
-- Returns whether there was any.
function missing_fx.take_out_unusable(job)
  local wanted, kept = {}, {}
  for _, name in ipairs(job.reply.add_fx) do wanted[name] = true end
  for _, added in ipairs(job.added) do
    if wanted[added.instead] then
      job.places[added.instead] = follower(job, added)
      delete(job, added)
      job.notes[#job.notes + 1] = user_error.new("preferred_unusable", { fx = added.name, instead = added.instead })
    else
      kept[#kept + 1] = added
    end
  end
  local has_any = #kept < #job.added
  job.added = kept
  return has_any
end

--- Add one FX by its name. Returns {guid, name}; nil where REAPER does not know it. `before`: the GUID of the FX that it goes
-- before; nil for the end.
local function add_one(track, name, before)
  local place = before and fx_chain.outermost(track, before)
  local fx = reaper.TrackFX_AddByName(track, name, false, place and AT_START - place or AT_END)
  return fx >= 0 and { guid = reaper.TrackFX_GetFXGUID(track, fx), name = name } or nil
end

--- Add an FX that the user may prefer to REAPER's own, `instead`, which takes its place where REAPER does not know it.
local function add_preferred(job, name, instead, before)
  local added = add_one(job.target.track, name, before)
  if added then
    added.instead = instead
  elseif instead then
    added = add_one(job.target.track, instead, before)
    job.notes[#job.notes + 1] = user_error.new("preferred_missing", { fx = name, instead = instead })
  end
  return added
end

--- Add the FX that the job's reply names, before the FX that it names or at the end of the chain. Raises a user error where
-- the track is gone, and one that names the FX that REAPER does not know.
function missing_fx.add(job)
  local target, reply, loss = job.target, job.reply, tracks.loss(job.target)
  if loss then user_error.raise("skipped_adding", { track = target.name, reason = loss }) end
  for index, name in ipairs(reply.add_fx) do
    local added = add_preferred(job, name, reply.add_instead[index] or nil, job.places[name] or reply.add_before)
    if not added then
      missing_fx.take_out(job)
      user_error.raise("unknown_fx", { track = target.name, fx = name })
    end
    job.added[#job.added + 1] = added
  end
end

--- Add what the replies of `jobs` name in one undo step, and nothing else; concludes the jobs.
function missing_fx.add_only(project, jobs)
  undo_step.make(project, "Bridge: Add missing FX", function()
    for _, job in ipairs(jobs) do
      local is_sound, problem = user_error.guard(missing_fx.add, job)
      if is_sound then
        local names = {}
        for index, added in ipairs(job.added) do names[index] = added.name end
        job.added = {} -- they stay
        job.outcome = { status = "applied", added_fx = names, results = {} }
      elseif user_error.fact(problem) then
        job.problem = problem
      else
        error(problem, 0)
      end
    end
  end)
end

return missing_fx
