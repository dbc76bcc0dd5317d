--- Writes replies as envelope points over the range that was heard, in one undo step: curves as they are, settings that
-- stand still as a stretch of one value. What the envelopes hold outside of the range stays.
--
-- Points are written in slices, sorted at the end of each, so that REAPER never plays half of a line; the undo step is
-- made last. Values are raw envelope values. A point stands later by the latency of the FX before its own: there the
-- sound arrives later, and REAPER reads envelopes by the time at which the chain begins.
local envelopes = require("write.envelopes")
local user_error = require("runtime.user_error")
local track_changes = require("track.track_changes")
local plan = require("write.plan")
local receipt = require("exchange.receipt")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")

local automation = {}

local UNDO_STATE_FX = 2
local LINEAR, SQUARE = 0, 1

local open_edits = {} -- written, and not yet in an undo step

--- The writes of a reply as curves: one value over the whole range.
local function still_curves(reply, range)
  local curves = {}
  for index, write in ipairs(reply.writes) do
    curves[index] = {
      write = write, shape = write.is_switch and SQUARE or LINEAR,
      points = { { range.start_s, write.normalized }, { range.end_s, write.normalized } },
    }
  end
  return curves
end

local function moving_curves(reply)
  local curves = {}
  for index, curve in ipairs(reply.curves) do
    local last = curve.points[#curve.points]
    local write = { fx_guid = curve.fx_guid, ident = curve.ident, index = curve.index, normalized = last[2] }
    curves[index] = { write = write, shape = LINEAR, points = curve.points }
  end
  return curves
end

--- Finds where each curve goes; nil and the reason where one of them cannot be written.
local function locate(job)
  local loss = tracks.loss(job.target)
  if loss then return nil, loss end
  local reply, track = job.reply, job.target.track
  local curves = still_curves(reply, job.heard.range)
  for _, curve in ipairs(moving_curves(reply)) do curves[#curves + 1] = curve end
  local guids = {}
  for _, curve in ipairs(curves) do
    local step = plan.resolve(track, curve.write)
    if not step then return nil, "an FX that it has judged was removed or taken offline" end
    if not step.is_band_enabled then
      local _, name = reaper.TrackFX_GetParamName(track, step.fx, step.parameter)
      return nil, "the band of " .. name .. " is off, and no envelope can switch it on; switch it on, it does nothing at 0 dB,"
    end
    curve.fx, curve.parameter = step.fx, step.parameter
    guids[curve.write.fx_guid] = true
  end
  local reason = track_changes.change(job.target, job.heard, guids)
  if reason then return nil, reason end
  return curves
end

local function conclude(job, status, message, results)
  job.outcome = { status = status, message = message, results = results or {} }
end

--- Looks at the start of each slice whether what is written to is still there.
local function watch(job)
  ticks.watch(function()
    local gone = tracks.gone(job.target)
    if gone then user_error.raise("%s was skipped: %s while Bridge was writing.", job.target.name, gone) end
    for _, edit in ipairs(open_edits) do
      if edit.target == job.target and not reaper.ValidatePtr2(edit.target.project, edit.envelope, "TrackEnvelope*") then
        user_error.raise("%s was skipped: an envelope was removed while Bridge was writing. Nothing was changed.", job.target.name)
      end
    end
  end)
end

--- Writes the curves of one job; a fault tells why one could not be written.
local function write_curves(job, curves)
  local results = {}
  watch(job)
  for index, curve in ipairs(curves) do
    local edit = envelopes.open(job.target, curve.fx, curve.parameter)
    open_edits[#open_edits + 1] = edit
    envelopes.replace(edit, job.heard.range, curve.points, curve.shape)
    local worst, read = envelopes.compare(edit, curve.points)
    if worst > envelopes.NEAR then
      user_error.raise("REAPER did not keep the points of an envelope of %s. Nothing was changed.", job.target.name)
    end
    results[index] = receipt.result(curve.write, "ok", read, "")
  end
  return results
end

--- Puts back what was written and is in no undo step: the user has stopped the script. Harmless at any other time.
function automation.release()
  for index = #open_edits, 1, -1 do envelopes.restore(open_edits[index]) end
  open_edits = {}
end

local function take_back(from)
  for index = #open_edits, from, -1 do
    envelopes.restore(open_edits[index])
    open_edits[index] = nil
  end
end

local function run_one(job)
  local curves, reason = locate(job)
  if not curves then
    return conclude(job, "dropped", reason .. " while Bridge was listening. Nothing was changed. Run the action again.")
  end
  local first = #open_edits + 1
  local is_sound, outcome = user_error.guard(write_curves, job, curves)
  ticks.watch(nil)
  if is_sound then return conclude(job, "applied", job.reply.message, outcome) end
  take_back(first)
  if not user_error.text(outcome) then error(outcome, 0) end
  conclude(job, "restored", user_error.text(outcome))
end

--- Writes the replies of `jobs` ({target, reply, heard}) and gives each an outcome {status, message, results}.
function automation.run(project, jobs, text)
  local has_applied = false
  for _, job in ipairs(jobs) do
    run_one(job)
    has_applied = has_applied or job.outcome.status == "applied"
    ticks.wait()
  end
  if has_applied then
    reaper.Undo_BeginBlock2(project)
    reaper.Undo_EndBlock2(project, text .. " (automation)", UNDO_STATE_FX)
  end
  open_edits = {}
end

return automation
