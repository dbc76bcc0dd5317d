--- Writes replies as envelope points over the range that was listened to, in one undo step: curves as they are, settings
-- that stand still as a stretch of one value. What the envelopes hold outside of the range stays.
--
-- Points are written in slices, sorted at the end of each, so that REAPER never plays half of a line; the undo step is
-- made last. Values are raw envelope values. A point stands later by the latency of the FX before its own: there the
-- sound arrives later, and REAPER reads envelopes by the time at which the chain begins.
local cleanup = require("runtime.cleanup")
local envelopes = require("write.envelopes")
local fx_info = require("track.fx_info")
local plan = require("write.plan")
local receipt = require("exchange.receipt")
local ticks = require("runtime.ticks")
local track_changes = require("track.track_changes")
local tracks = require("track.tracks")
local undo_step = require("write.undo_step")
local user_error = require("runtime.user_error")

local automation = {}

local LINEAR, SQUARE = 0, 1

--- The writes and curves of a reply as {write, shape, points}: a write is one value over the whole range.
local function curves_of(reply, range)
  local curves = {}
  for _, write in ipairs(reply.writes) do
    local points = { { range.start_s, write.normalized }, { range.end_s, write.normalized } }
    curves[#curves + 1] = { write = write, shape = write.is_switch and SQUARE or LINEAR, points = points }
  end
  for _, curve in ipairs(reply.curves) do
    local last = curve.points[#curve.points]
    local write = { fx_guid = curve.fx_guid, ident = curve.ident, index = curve.index, normalized = last[2] }
    curves[#curves + 1] = { write = write, shape = LINEAR, points = curve.points }
  end
  return curves
end

--- Find where each curve of a job goes; nil and the reason, as a fact, where one of them cannot be written.
local function locate(job)
  local loss, track, writes = tracks.loss(job.target) or tracks.barred(job.target, true), job.target.track, {}
  if loss then return nil, loss end
  local curves = curves_of(job.reply, job.snapshot.range)
  for index, curve in ipairs(curves) do
    local step = plan.resolve(track, curve.write)
    if not step then return nil, user_error.new("target_gone") end
    if not step.is_band_enabled then
      return nil, user_error.new("band_is_off", fx_info.names(track, step.fx, step.parameter))
    end
    curve.fx, curve.parameter, writes[index] = step.fx, step.parameter, curve.write
  end
  local reason = track_changes.find(job.target, job.snapshot, plan.written(writes))
  if reason then return nil, reason end
  return curves
end

local function conclude(job, status, problem, results)
  job.outcome = { status = status, problem = problem, results = results or {} }
end

--- Look at the start of each slice whether what is written to is still there.
local function watch(job, edits)
  ticks.watch(function()
    local gone = tracks.gone(job.target)
    if gone then user_error.raise("skipped_writing", { track = job.target.name, reason = gone }) end
    for _, edit in ipairs(edits) do envelopes.check(edit) end
  end)
end

--- Write the curves of one job; a user error tells why one could not be written. `edits` gets the envelopes that were opened.
local function write_curves(job, curves, edits)
  local results = {}
  watch(job, edits)
  for index, curve in ipairs(curves) do
    local edit = envelopes.open(job.target, curve.fx, curve.parameter)
    edits[#edits + 1] = edit
    envelopes.replace(edit, job.snapshot.range, curve.points, curve.shape)
    local worst, read = envelopes.compare(edit, curve.points)
    if worst > envelopes.NEAR then user_error.raise("points_not_kept", { track = job.target.name }) end
    results[index] = receipt.result(curve.write, "ok", read, "")
  end
  return results
end

--- Write one job and conclude it. Returns what takes it back, until it is in an undo step; nil where nothing is written.
local function run_one(job)
  track_changes.read_items(job.target, job.snapshot)
  local curves, reason = locate(job)
  if not curves then return conclude(job, "dropped", user_error.new("changed_meanwhile", { reason = reason })) end
  local edits = {}
  local release = cleanup.open(function()
    for index = #edits, 1, -1 do envelopes.restore(edits[index]) end
  end)
  local is_sound, outcome = user_error.guard(write_curves, job, curves, edits)
  ticks.watch(nil)
  if is_sound then
    conclude(job, "applied", nil, outcome)
    return release
  end
  cleanup.close(release)
  if not user_error.fact(outcome) then error(outcome, 0) end
  conclude(job, "restored", outcome)
end

--- Write the replies of `jobs` and give each an outcome.
function automation.run(project, jobs, text)
  local releases = {}
  for _, job in ipairs(jobs) do
    releases[#releases + 1] = run_one(job)
    ticks.wait()
  end
  if #releases > 0 then undo_step.make(project, text .. " (automation)") end
  for _, release in ipairs(releases) do cleanup.forget(release) end
end

return automation
