--- Writes what replies ask for, in one undo step for all tracks, reads back, and takes everything of a track back
-- where one of its values was refused or the writing failed half-way.
local fault = require("fault")
local plan = require("plan")
local receipt = require("receipt")
local ticks = require("ticks")
local tracks = require("tracks")

local apply = {}

local UNDO_STATE_FX = 2
local SETTLE_TICKS = 6 -- a plugin may show a new value late
local MOVED = 1e-6 -- normalized

local function enable_bands(track, steps)
  for _, step in ipairs(steps) do
    if not step.is_band_enabled then
      reaper.TrackFX_SetEQBandEnabled(track, step.fx, step.band.band_type, step.band.band_index, true)
    end
  end
end

local function write_steps(job)
  enable_bands(job.target.track, job.steps)
  for _, step in ipairs(job.steps) do
    reaper.TrackFX_SetParamNormalized(job.target.track, step.fx, step.parameter, step.write.normalized)
  end
end

--- Runs `work` in one undo block with the UI held still; both are balanced also where it fails.
local function in_undo_block(project, text, work)
  reaper.Undo_BeginBlock2(project)
  reaper.PreventUIRefresh(1)
  local is_sound, problem = fault.guard(work)
  reaper.PreventUIRefresh(-1)
  reaper.Undo_EndBlock2(project, text, UNDO_STATE_FX)
  return is_sound, problem
end

--- Looks the steps' FX up again: the user may have moved or removed them since the last tick.
local function locate(job)
  for _, step in ipairs(job.steps) do step.fx = tracks.find_fx(job.target.track, step.write.fx_guid) end
end

--- "ok", "differs" (rounded by the plugin) or "refused" for what a parameter reads after the write.
local function judge(job, step, read)
  local wanted = step.write.normalized
  if math.abs(read - wanted) <= math.max(step.write.tolerance, MOVED) then return "ok" end
  if math.abs(read - wanted) < math.abs(step.before - wanted) - MOVED then return "differs" end
  local has_steps, width = reaper.TrackFX_GetParameterStepSizes(job.target.track, step.fx, step.parameter)
  return has_steps and width > math.abs(step.before - wanted) and "differs" or "refused"
end

--- Reads the job's values back into its results; returns whether all are as wanted. An FX that the user has removed
-- since is noted as gone.
local function read_back(job)
  local is_settled = true
  job.results, job.has_refused = {}, false
  locate(job)
  for index, step in ipairs(job.steps) do
    local status, read, text = "gone", nil, nil
    if step.fx then
      read, text = plan.shown(job.target.track, step.fx, step.parameter)
      status = judge(job, step, read)
    end
    job.results[index] = receipt.result(step.write, status, read, text)
    is_settled = is_settled and (status == "ok" or status == "gone")
    job.has_refused = job.has_refused or status == "refused"
  end
  return is_settled
end

--- Waits until every value is as wanted, a few ticks at most.
local function settle(jobs)
  for _ = 1, SETTLE_TICKS do
    ticks.wait()
    local is_settled = true
    for _, job in ipairs(jobs) do
      if not tracks.loss(job.target) and not read_back(job) then is_settled = false end
    end
    if is_settled then return end
  end
end

local function is_band_left_on(job, step)
  local band = step.band
  return not step.is_band_enabled
    and reaper.TrackFX_GetEQBandEnabled(job.target.track, step.fx, band.band_type, band.band_index)
end

local function is_as_before(job, step)
  local now = reaper.TrackFX_GetParamNormalized(job.target.track, step.fx, step.parameter)
  return math.abs(now - step.before) <= MOVED and not is_band_left_on(job, step)
end

local function write_back(job, steps)
  for index = #steps, 1, -1 do
    local step = steps[index]
    reaper.TrackFX_SetParamNormalized(job.target.track, step.fx, step.parameter, step.before)
    if is_band_left_on(job, step) then
      reaper.TrackFX_SetEQBandEnabled(job.target.track, step.fx, step.band.band_type, step.band.band_index, false)
    end
  end
end

--- Undoes the block where it is still REAPER's last undo step; whatever then differs is written back by value.
local function take_back(project, jobs, text)
  if reaper.Undo_CanUndo2(project) == text then reaper.Undo_DoUndo2(project) end
  ticks.wait()
  for _, job in ipairs(jobs) do
    local changed = {}
    if not tracks.loss(job.target) then
      locate(job)
      for _, step in ipairs(job.steps) do
        if step.fx and not is_as_before(job, step) then changed[#changed + 1] = step end
      end
    end
    if #changed > 0 then
      in_undo_block(project, text .. " (taken back)", function() write_back(job, changed) end)
    end
  end
end

local function conclude(job, status, message, results)
  job.outcome = { status = status, message = message, results = results or {} }
end

--- Plans every job; those that cannot be done are concluded as dropped. Returns the others.
local function plan_all(jobs)
  local ready = {}
  for _, job in ipairs(jobs) do
    local steps, reason, results = plan.make(job.target, job.reply, job.chain)
    job.steps = steps
    if steps then
      ready[#ready + 1] = job
    else
      conclude(job, "dropped", reason .. " while Bridge was listening. Nothing was changed. Run the action again.", results)
    end
  end
  return ready
end

--- Writes all jobs; returns the job in which the writing failed and the problem, if it did.
local function write_all(project, jobs, text)
  local failed, problem
  in_undo_block(project, text, function()
    for _, job in ipairs(jobs) do
      local is_sound
      is_sound, problem = fault.guard(write_steps, job)
      if not is_sound then
        failed = job
        return
      end
    end
  end)
  return failed, problem
end

--- Concludes the jobs that failed as restored; returns the others.
local function part(jobs, failed, problem)
  local sound = {}
  for _, job in ipairs(jobs) do
    if job == failed then
      local reason = fault.text(problem) or tostring(problem):match("^[^\n]*")
      conclude(job, "restored", "writing failed and everything was put back (" .. reason .. "). Run the action again.")
    elseif not failed and job.has_refused then
      conclude(job, "restored", "a plugin refused a value, and everything was put back.", job.results)
    else
      sound[#sound + 1] = job
    end
  end
  return sound
end

--- Applies the replies of `jobs` ({target, reply, chain}) and gives each an outcome {status, message, results}.
function apply.run(project, jobs, text)
  jobs = plan_all(jobs)
  while #jobs > 0 do
    local failed, problem = write_all(project, jobs, text)
    if not failed then settle(jobs) end
    local sound = part(jobs, failed, problem)
    if #sound == #jobs then break end
    take_back(project, jobs, text)
    jobs = plan_all(sound)
  end
  for _, job in ipairs(jobs) do conclude(job, "applied", job.reply.message, job.results) end
end

return apply
