--- Writes what replies ask for, in one undo step for all tracks, has it read back, and takes everything of a track
-- back where one of its values was refused or the writing failed half-way.
--
-- Where FX were added for the replies, undo would take them away too: the undo step is then made last, once all of it
-- is as it stays, and what must go back goes back by value.
local user_error = require("runtime.user_error")
local track_changes = require("track.track_changes")
local missing_fx = require("write.missing_fx")
local plan = require("write.plan")
local restore = require("write.restore")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")
local verify = require("write.verify")

local apply = {}

local UNDO_STATE_FX = 2
local AT_ONCE = 32 -- writes; more of them are cut into slices
local UNTOUCHED = 1e-6 -- normalized

local open_jobs = {} -- written, and not yet in an undo step

--- Runs `work` with the UI held still; released also where it fails.
local function in_stillness(work)
  reaper.PreventUIRefresh(1)
  local is_sound, problem = user_error.guard(work)
  reaper.PreventUIRefresh(-1)
  if not is_sound then error(problem, 0) end
end

--- Runs `work` in one undo block; ended also where it fails.
local function in_undo_block(project, text, work)
  reaper.Undo_BeginBlock2(project)
  local is_sound, problem = user_error.guard(in_stillness, work)
  reaper.Undo_EndBlock2(project, text, UNDO_STATE_FX)
  if not is_sound then error(problem, 0) end
end

local function switch_bands(job)
  for _, step in ipairs(job.steps) do
    if step.fx and not step.is_band_enabled then
      reaper.TrackFX_SetEQBandEnabled(job.target.track, step.fx, step.band.band_type, step.band.band_index, true)
    end
  end
end

local function write_step(track, step)
  step.is_written = true
  reaper.TrackFX_SetParamNormalized(track, step.fx, step.parameter, step.write.normalized)
end

local function write_at_once(job)
  switch_bands(job)
  for _, step in ipairs(job.steps) do write_step(job.target.track, step) end
end

--- Writes all jobs by `write_job`; one in which it fails is told so and does not stop the others.
local function write_all(jobs, write_job)
  for _, job in ipairs(jobs) do
    local is_sound, problem = user_error.guard(write_job, job)
    job.failure = not is_sound and (user_error.text(problem) or tostring(problem):match("^[^\n]*")) or nil
  end
end

local function count(jobs)
  local steps = 0
  for _, job in ipairs(jobs) do steps = steps + #job.steps end
  return steps
end

--- Writes values from `place` on, as many as a slice has time for; returns the place of the next one. A value that was
-- touched since the last slice ends the job.
local function write_some(job, place)
  local track = job.target.track
  repeat
    local step = job.steps[place]
    if not step.fx then user_error.raise("an FX was removed meanwhile") end
    if math.abs(reaper.TrackFX_GetParamNormalized(track, step.fx, step.parameter) - step.before) > UNTOUCHED then
      user_error.raise("a setting was changed meanwhile")
    end
    write_step(track, step)
    place = place + 1
  until place > #job.steps or ticks.is_over()
  return place
end

local function write_slices(job)
  local place = 0
  repeat
    if place > 0 then ticks.wait() end
    local gone = tracks.gone(job.target)
    if gone then user_error.raise("%s", gone) end
    verify.locate(job)
    in_stillness(function()
      if place == 0 then switch_bands(job) end
      place = write_some(job, math.max(place, 1))
    end)
  until place > #job.steps
end

--- Writes all jobs in one undo step. No undo block may stay open from tick to tick: where there is much to write, the
-- step is made right behind the last slice.
local function write_in_step(project, jobs, text)
  if count(jobs) <= AT_ONCE then
    return in_undo_block(project, text, function() write_all(jobs, write_at_once) end)
  end
  open_jobs = jobs
  write_all(jobs, write_slices)
  if reaper.ValidatePtr2(0, project, "ReaProject*") then in_undo_block(project, text, function() end) end
  open_jobs = {}
end

--- Concludes a job. FX that were added for one that does not end well go again.
local function conclude(job, status, message, results)
  job.outcome = { status = status, message = message, results = results or {} }
  if status ~= "applied" then missing_fx.take_out(job.target) end
end

--- Where the project was touched, two looks a tick apart tell what was set from what moves by itself.
local function look_twice(jobs)
  local is_any_stale = false
  for _, job in ipairs(jobs) do
    if not tracks.loss(job.target) and track_changes.is_stale(job.target, job.heard) then
      track_changes.look(job.target, job.heard, plan.written(job.reply))
      is_any_stale = true
    end
  end
  if is_any_stale then ticks.wait() end
end

--- Plans every job; those that cannot be done are concluded as dropped. Returns the others.
local function plan_all(jobs)
  local ready = {}
  look_twice(jobs)
  for _, job in ipairs(jobs) do
    local steps, reason, results = plan.make(job.target, job.reply, job.heard)
    job.steps = steps
    if steps then
      ready[#ready + 1] = job
    else
      conclude(job, "dropped", reason .. " while Bridge was listening. Nothing was changed. Run the action again.", results)
    end
  end
  return ready
end

--- Parts the jobs that are as wanted from those that must be put back.
local function part(jobs)
  local sound, bad = {}, {}
  for _, job in ipairs(jobs) do
    local list = (job.failure or job.loss or job.refusal or not job.results) and bad or sound
    list[#list + 1] = job
  end
  return sound, bad
end

local function conclude_bad(jobs)
  for _, job in ipairs(jobs) do
    if job.loss then
      conclude(job, "dropped", job.loss .. " before what was written could be read back.", job.results)
    elseif job.failure then
      conclude(job, "restored", "writing failed and everything was put back (" .. job.failure .. "). Run the action again.")
    else
      conclude(job, "restored", job.refusal .. ", and everything was put back.", job.results)
    end
  end
end

local function put_back(project, jobs, text)
  if not restore.is_needed(jobs) then return end
  in_undo_block(project, text .. " (taken back)", function() restore.by_value(jobs) end)
end

--- Undoes the block for all `jobs` where it is still REAPER's last undo step; else only the `bad` ones are put back by
-- value. Returns whether it was undone.
local function take_back(project, jobs, bad, text)
  local is_ours = reaper.ValidatePtr2(0, project, "ReaProject*") and reaper.Undo_CanUndo2(project) == text
  if is_ours then
    reaper.Undo_DoUndo2(project)
    ticks.wait()
  end
  put_back(project, is_ours and jobs or bad, text)
  return is_ours
end

local function is_any_left(jobs)
  for _, job in ipairs(jobs) do
    if not job.loss then return true end
  end
  return false
end

--- Writes in one undo step. Where a track must be put back, the step is undone and made again without it.
local function run_in_step(project, jobs, text)
  jobs = plan_all(jobs)
  while #jobs > 0 do
    write_in_step(project, jobs, text)
    verify.settle(jobs)
    local sound, bad = part(jobs)
    local is_undone = is_any_left(bad) and take_back(project, jobs, bad, text)
    conclude_bad(bad)
    if not is_undone then return sound end
    jobs = plan_all(sound)
  end
  return jobs
end

--- Writes, puts back by value what must go back, and makes the undo step of what is left.
local function run_before_step(project, jobs, text)
  open_jobs = plan_all(jobs)
  write_all(open_jobs, write_slices)
  verify.settle(open_jobs)
  local sound, bad = part(open_jobs)
  restore.by_value(bad)
  conclude_bad(bad)
  if #sound > 0 then in_undo_block(project, text, function() end) end
  open_jobs = {}
  return sound
end

--- Applies the replies of `jobs` ({target, reply, heard}) and gives each an outcome {status, message, results}.
function apply.run(project, jobs, text)
  local run = run_in_step
  for _, job in ipairs(jobs) do
    if #(job.target.added or {}) > 0 then run = run_before_step end
  end
  for _, job in ipairs(run(project, jobs, text)) do conclude(job, "applied", job.reply.message, job.results) end
end

--- Puts back what was written and is in no undo step: the user has stopped the script. Harmless at any other time.
function apply.release()
  restore.by_value(open_jobs)
  open_jobs = {}
end

return apply
