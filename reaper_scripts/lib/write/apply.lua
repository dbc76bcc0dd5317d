--- Writes what replies ask for, in one undo step for all tracks, has it read back, and takes everything of a track
-- back where one of its values was refused or the writing failed half-way.
--
-- Where FX were added for the replies, undo would take them away too, and what is verified first may not stay: the undo step is then made last, once all of it
-- is as it stays, and what must go back goes back by value.
local cleanup = require("runtime.cleanup")
local fx_info = require("track.fx_info")
local missing_fx = require("write.missing_fx")
local plan = require("write.plan")
local restore = require("write.restore")
local ticks = require("runtime.ticks")
local track_changes = require("track.track_changes")
local tracks = require("track.tracks")
local undo_step = require("write.undo_step")
local user_error = require("runtime.user_error")
local verify = require("write.verify")

local apply = {}

local AT_ONCE = 32 -- writes; more of them are cut into slices

local function switch_bands(job)
  for _, step in ipairs(job.steps) do
    if step.fx and not step.is_band_enabled then fx_info.set_band(job.target.track, step.fx, step.band, true) end
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

--- Write all jobs by `write_job`; one in which it fails gets a `failure` and does not stop the others.
local function write_all(jobs, write_job)
  for _, job in ipairs(jobs) do
    local is_sound, problem = user_error.guard(write_job, job)
    job.failure = not is_sound and (user_error.fact(problem) or tostring(problem):match("^[^\n]*")) or nil
  end
end

local function count(jobs)
  local steps = 0
  for _, job in ipairs(jobs) do steps = steps + #job.steps end
  return steps
end

--- Write values from `place` on, as many as a slice has time for; returns the place of the next one. A value that was
-- touched since the last slice ends the job.
local function write_some(job, place)
  local track = job.target.track
  repeat
    local step = job.steps[place]
    if not step.fx then user_error.raise("fx_removed_writing") end
    if not fx_info.is_same(reaper.TrackFX_GetParamNormalized(track, step.fx, step.parameter), step.before) then
      user_error.raise("value_changed_writing")
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
    if gone then error(gone, 0) end
    verify.locate(job)
    undo_step.quietly(function()
      if place == 0 then switch_bands(job) end
      place = write_some(job, math.max(place, 1))
    end)
  until place > #job.steps
end

--- Write all jobs in one undo step. Where there is much to write, the step is made right behind the last slice.
local function write_in_step(project, jobs, text)
  if count(jobs) <= AT_ONCE then
    return undo_step.make(project, text, function() write_all(jobs, write_at_once) end)
  end
  local release = cleanup.open(function() restore.by_value(jobs) end)
  write_all(jobs, write_slices)
  if tracks.is_open(project) then undo_step.make(project, text) end
  cleanup.forget(release)
end

--- Conclude a job. FX that were added for one that does not end well go again.
local function conclude(job, status, problem, results)
  job.outcome = { status = status, problem = problem, results = results or {} }
  if status ~= "applied" then missing_fx.take_out(job) end
end

--- Where the project was touched, two looks a tick apart tell what was set from what moves by itself.
local function look_twice(jobs)
  local is_any_stale = false
  for _, job in ipairs(jobs) do track_changes.read_items(job.target, job.snapshot) end
  for _, job in ipairs(jobs) do
    if not tracks.loss(job.target) and track_changes.is_stale(job.target, job.snapshot) then
      track_changes.look(job.target, job.snapshot, plan.written(job.reply.writes))
      is_any_stale = true
    end
  end
  if is_any_stale then ticks.wait() end
end

--- Plan every job; those that cannot be done are concluded as dropped. Returns the others.
local function plan_all(jobs)
  local ready = {}
  look_twice(jobs)
  for _, job in ipairs(jobs) do
    local reason = plan.make(job)
    if reason then
      conclude(job, "dropped", user_error.new("changed_meanwhile", { reason = reason }), job.results)
    else
      ready[#ready + 1] = job
    end
  end
  return ready
end

--- Part the jobs that are as wanted from those that must be put back.
local function part(jobs)
  local sound, bad = {}, {}
  for _, job in ipairs(jobs) do
    local is_bad = job.failure or job.loss or job.refusal or job.is_refused_by_ear or not job.results
    local list = is_bad and bad or sound
    list[#list + 1] = job
  end
  return sound, bad
end

local function conclude_bad(jobs)
  for _, job in ipairs(jobs) do
    if job.loss then
      conclude(job, "dropped", user_error.new("lost", { reason = job.loss }), job.results)
    elseif job.failure then
      conclude(job, "restored", user_error.new("write_failed", { reason = job.failure }))
    elseif job.is_refused_by_ear then
      conclude(job, "restored", nil, job.results)
    else
      conclude(job, "restored", user_error.new("put_back", { reason = job.refusal }), job.results)
    end
  end
end

--- Undo the step of all `jobs` where it is still REAPER's last one; else only the `bad` ones are put back by value.
-- Returns whether it was undone.
local function take_back(project, jobs, bad, text)
  local is_ours = tracks.is_open(project) and reaper.Undo_CanUndo2(project) == text
  if is_ours then
    reaper.Undo_DoUndo2(project)
    ticks.wait()
  end
  local left = is_ours and jobs or bad
  if restore.is_needed(left) then
    undo_step.make(project, text .. " (taken back)", function() restore.by_value(left) end)
  end
  return is_ours
end

local function is_any_left(jobs)
  for _, job in ipairs(jobs) do
    if not job.loss then return true end
  end
  return false
end

--- Write in one undo step. Where a track must be put back, the step is undone and made again without it.
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

--- Write, have it verified, put back by value what must go back, and make the undo step of what is left.
local function run_before_step(project, jobs, text, verify_heard)
  jobs = plan_all(jobs)
  local release = cleanup.open(function() restore.by_value(jobs) end)
  write_all(jobs, write_slices)
  verify.settle(jobs)
  if verify_heard then verify_heard(jobs) end
  local sound, bad = part(jobs)
  restore.by_value(bad)
  conclude_bad(bad)
  if #sound > 0 then undo_step.make(project, text) end
  cleanup.forget(release)
  return sound
end

--- Apply the replies of `jobs` and give each an outcome. `verify_heard(jobs)` decides which of them may stay, before there is an undo
-- step.
function apply.run(project, jobs, text, verify_heard)
  local run = run_in_step
  for _, job in ipairs(jobs) do
    if #job.added > 0 or job.sound_before then run = run_before_step end
  end
  for _, job in ipairs(run(project, jobs, text, verify_heard)) do conclude(job, "applied", nil, job.results) end
end

return apply
