--- Puts tracks back as they were before Bridge wrote to them, by value.
local fx_info = require("track.fx_info")
local tracks = require("track.tracks")
local verify = require("write.verify")

local restore = {}

local function is_band_left_on(job, step)
  return not step.is_band_enabled and fx_info.is_band_on(job.target.track, step.fx, step.band)
end

local function is_value_left(job, step)
  local now = reaper.TrackFX_GetParamNormalized(job.target.track, step.fx, step.parameter)
  return step.is_written and not fx_info.is_same(now, step.before)
end

--- The steps of a job whose values are not what they were before, last first.
local function changed(job)
  local steps = {}
  if tracks.gone(job.target) then return steps end
  verify.locate(job)
  for index = #job.steps, 1, -1 do
    local step = job.steps[index]
    if step.fx and (is_value_left(job, step) or is_band_left_on(job, step)) then steps[#steps + 1] = step end
  end
  return steps
end

--- Return whether any value of the jobs is not what it was before.
function restore.is_needed(jobs)
  for _, job in ipairs(jobs) do
    if #changed(job) > 0 then return true end
  end
  return false
end

--- Write back what the jobs have changed. Makes no undo step, and takes no slices.
function restore.by_value(jobs)
  for _, job in ipairs(jobs) do
    for _, step in ipairs(changed(job)) do
      if step.is_written then reaper.TrackFX_SetParamNormalized(job.target.track, step.fx, step.parameter, step.before) end
      if is_band_left_on(job, step) then fx_info.set_band(job.target.track, step.fx, step.band, false) end
    end
  end
end

return restore
