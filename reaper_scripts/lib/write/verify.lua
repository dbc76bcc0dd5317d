--- Reads back what was written and checks it: only what a plugin shows counts. Sets nothing.
local displayed_value = require("track.displayed_value")
local fx_info = require("track.fx_info")
local receipt = require("exchange.receipt")
local ticks = require("runtime.ticks")
local fx_chain = require("track.fx_chain")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")

local verify = {}

verify.SETTLE_TICKS = 6 -- a plugin may show a new value late
verify.NEAR = 0.01 -- normalized: as far from the wanted value a plugin may round it, beside its own steps
local MOVED = 1e-6 -- normalized

--- Whether the plugin has rounded the wanted value to one that it has, and not just stayed where it was.
local function is_rounded(job, step, read)
  local wanted, width = step.write.normalized, fx_info.step(job.target.track, step.fx, step.parameter)
  local distance, before = math.abs(read - wanted), math.abs(step.before - wanted)
  return distance <= math.max(2 * step.write.tolerance, width, verify.NEAR) and (distance < before - MOVED or width > before)
end

--- How far texts may lie apart by what the write's tolerance leaves open; 0 where REAPER cannot tell.
local function slack(job, step)
  local write, texts = step.write, {}
  for side = -1, 1, 2 do
    local value = math.min(math.max(write.normalized + side * write.tolerance, 0), 1)
    local is_known, text = reaper.TrackFX_FormatParamValueNormalized(job.target.track, step.fx, step.parameter, value, "")
    if not is_known then return 0 end
    texts[#texts + 1] = text
  end
  return displayed_value.distance(texts[1], texts[2])
end

local function is_as_expected(job, step, text)
  local expected = step.write.expected_text
  return type(expected) ~= "string" or displayed_value.agree(text, expected) or displayed_value.agree(text, expected, slack(job, step))
end

--- Return "ok", "differs" (rounded by the plugin) or "refused", and why as a fact, for what a parameter reads.
local function check(job, step, read, text)
  local track = job.target.track
  if not fx_info.is_band_on(track, step.fx, step.band) then return "refused", user_error.new("band_stays_off") end
  if math.abs(read - step.write.normalized) > math.max(step.write.tolerance, MOVED) then
    if is_rounded(job, step, read) then return "differs" end
    return "refused", user_error.new("value_refused")
  end
  if not is_as_expected(job, step, text) then
    local values = fx_info.names(track, step.fx, step.parameter)
    values.text, values.expected = text, step.write.expected_text
    return "refused", user_error.new("other_text", values)
  end
  return "ok"
end

--- Look the steps' FX up again: the user may have moved or removed them since the last tick.
function verify.locate(job)
  for _, step in ipairs(job.steps) do step.fx = fx_chain.find(job.target.track, step.write.fx_guid) end
end

--- Note that what was written is gone.
local function lose(job, loss)
  job.results, job.refusal, job.loss = nil, nil, loss
end

--- Read the job's values back into `results`; `refusal` says why one was refused. Returns whether all are as wanted. An
-- FX that the user has removed since is noted as gone.
local function read_back(job)
  local is_settled, is_any_left = true, false
  job.results, job.refusal, job.loss = {}, nil, nil
  verify.locate(job)
  for index, step in ipairs(job.steps) do
    if ticks.breathe() then
      local loss = tracks.gone(job.target)
      if loss then
        lose(job, loss)
        return true
      end
      verify.locate(job)
    end
    local status, reason, read, text = "gone", nil, nil, nil
    if step.fx then
      read, text = fx_info.read(job.target.track, step.fx, step.parameter)
      status, reason = check(job, step, read, text)
      is_any_left = true
    end
    job.results[index] = receipt.result(step.write, status, read, text)
    is_settled = is_settled and (status == "ok" or status == "gone")
    job.refusal = job.refusal or reason
  end
  if not is_any_left then job.loss = user_error.new("all_fx_gone") end
  return is_settled
end

--- Wait until every value of the jobs is as wanted, a few ticks at most. A job whose track is gone, or all of its FX,
-- gets a `loss`. Which project tab is in front does not matter: what was written is written.
function verify.settle(jobs)
  for _ = 1, verify.SETTLE_TICKS do
    ticks.wait()
    local is_settled = true
    for _, job in ipairs(jobs) do
      local loss = tracks.gone(job.target)
      if loss then
        lose(job, loss)
      elseif not read_back(job) then
        is_settled = false
      end
    end
    if is_settled then return end
  end
end

return verify
