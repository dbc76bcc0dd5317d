--- Whether new settings may stay: REAPER renders the track with its old settings and with the new ones, through everything that is
-- heard of it, and the daemon measures both. It is asked for by a reply's `verify`. Writes nothing to a track.
local cleanup = require("runtime.cleanup")
local daemon = require("exchange.daemon")
local json = require("exchange.json")
local missing_fx = require("write.missing_fx")
local reply = require("exchange.reply")
local ticks = require("runtime.ticks")
local track_render = require("audio.track_render")
local turns = require("live.turns")
local user_error = require("runtime.user_error")
local version = require("exchange.version")

local verification = {}

local LIMIT_S, PIECE_S = 48, 6 -- of what is rendered twice, and of one piece where there is more
local TICKS_BETWEEN_LOOKS = 10 -- at the heartbeat
local WHOLE_CHAIN = "" -- the tap behind the last FX

--- The stretches that were listened to; where they are long, even pieces of them.
local function stretches_of(audio)
  local whole, pieces, total_s = {}, {}, 0
  for index, excerpt in ipairs(audio.excerpts) do
    local length_s = excerpt.frames / audio.sample_rate_hz
    whole[index] = { start_s = excerpt.start_s, end_s = excerpt.start_s + length_s }
    total_s = total_s + length_s
    for from_s = 0, math.max(length_s - PIECE_S, 0), PIECE_S do
      pieces[#pieces + 1] = { start_s = excerpt.start_s + from_s, end_s = excerpt.start_s + math.min(from_s + PIECE_S, length_s) }
    end
  end
  if total_s <= LIMIT_S then return whole end
  local chosen, count = {}, math.min(LIMIT_S // PIECE_S, #pieces)
  for place = 1, count do chosen[place] = pieces[math.floor((place - 0.5) / count * #pieces) + 1] end
  return chosen
end

--- Have REAPER render the track as it is heard now. Returns the audio as a message.
local function render(state, job)
  local id, stretches = state.spool.new_id(), stretches_of(job.snapshot.audio)
  state.ids[#state.ids + 1] = id
  local audio, is_audible = track_render.send(state.spool, id, job.target, WHOLE_CHAIN, stretches, function(place, count)
    turns.keep()
    state.set_step("rendering", { track = job.target.name, place = place, count = count })
  end)
  if is_audible then return audio end
  user_error.raise("silent_render", { track = job.target.name, start_s = stretches[1].start_s, end_s = stretches[#stretches].end_s, source = job.snapshot.range.source })
end

--- Run `work` for a job. Returns why it failed, as a fact; slips and the user's cancelling pass on.
local function attempt(work)
  local is_sound, problem = user_error.guard(work)
  if is_sound then return nil end
  if not user_error.fact(problem) or ticks.is_cancelled(problem) then error(problem, 0) end
  return problem
end

--- Have REAPER render those of `jobs` that are to be verified as they are now, before anything is written. Returns those that can go
-- on; the others end with a problem.
function verification.begin(state, jobs)
  local going_on = {}
  for _, job in ipairs(jobs) do
    job.problem = job.reply.verify == true and attempt(function() job.sound_before = render(state, job) end) or nil
    if job.problem then
      cleanup.run()
      missing_fx.take_out(job)
    else
      going_on[#going_on + 1] = job
    end
  end
  return going_on
end

local function check(message, id)
  reply.ensure(message.id == id, "it answers another request")
  reply.ensure(message.status == "apply" or message.status == "unchanged" or message.status == "error", "it is none about what is heard")
  reply.ensure(message.status == "error" or (type(message.decision) == "table" and type(message.measures) == "table"), "it decides nothing")
  return message
end

--- Wait for the daemon's verdict, for as long as it shows signs of life.
local function wait(state, job, id)
  local looks, misses, is_gone = 0, 0, false
  while not is_gone do
    local message = daemon.reply(state.spool, id)
    if message then return check(message, id) end
    looks = looks + 1
    if looks % TICKS_BETWEEN_LOOKS == 0 then misses, is_gone = daemon.count_misses(state.spool, misses) end
    turns.keep()
    ticks.wait()
  end
  user_error.raise("daemon_stopped", { track = job.target.name })
end

--- Ask the daemon what it thinks of a job whose settings are written.
local function ask(state, job)
  local sound_after, id = render(state, job), state.spool.new_id()
  state.ids[#state.ids + 1] = id
  state.set_step("verifying", { track = job.target.name })
  state.spool:write("requests", id .. ".json", json.encode({
    schema = version.schema, script_version = version.script, id = id, action = "verify", answered = job.id,
    before = job.sound_before, after = sound_after,
  }))
  local verdict = wait(state, job, id)
  if verdict.status == "error" then user_error.raise("daemon_error", { track = job.target.name, text = tostring(verdict.error) }) end
  job.reply.verified = { decision = verdict.decision, measures = verdict.measures }
  if verdict.status == "unchanged" then
    job.is_refused_by_ear = true
    job.reply.status, job.reply.decision, job.reply.measures = "unchanged", verdict.decision, nil
    job.reply.changes = json.array()
  end
end

--- Verify those of `jobs` that are to be and whose settings are written: the others, and those that cannot be verified, keep what
-- they have or get a `refusal`. The user may cancel meanwhile.
function verification.finish(state, jobs)
  ticks.cancel_by(state.is_cancel_wanted)
  for _, job in ipairs(jobs) do
    local is_written = job.results and not (job.failure or job.loss or job.refusal)
    local problem = is_written and job.sound_before and attempt(function() ask(state, job) end)
    if problem then job.refusal = user_error.new("not_verified", { reason = problem }) end
  end
  ticks.cancel_by(nil)
end

return verification
