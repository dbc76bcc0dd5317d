--- Puts tracks back as they were before Bridge wrote to them, by value.
local tracks = require("track.tracks")
local verify = require("write.verify")

local restore = {}

local MOVED = 1e-6 -- normalized

local function is_band_left_on(job, step)
  local band = step.band
  return not step.is_band_enabled
    and reaper.TrackFX_GetEQBandEnabled(job.target.track, step.fx, band.band_type, band.band_index)
end

local function is_value_left(job, step)
  local now = reaper.TrackFX_GetParamNormalized(job.target.track, step.fx, step.parameter)
  return step.is_written and math.abs(now - step.before) > MOVED
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

--- Whether any value of the jobs is not what it was before.
function restore.is_needed(jobs)
  for _, job in ipairs(jobs) do
    if #changed(job) > 0 then return true end
  end
  return false
end

--- Writes back what the jobs have changed. Makes no undo step.
function restore.by_value(jobs)
  for _, job in ipairs(jobs) do
    for _, step in ipairs(changed(job)) do
      if step.is_written then reaper.TrackFX_SetParamNormalized(job.target.track, step.fx, step.parameter, step.before) end
      if is_band_left_on(job, step) then
        reaper.TrackFX_SetEQBandEnabled(job.target.track, step.fx, step.band.band_type, step.band.band_index, false)
      end
    end
  end
end

return restore
