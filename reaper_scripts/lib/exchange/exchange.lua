--- One round with the daemon: gather and send every track, wait for what it answers, add what it finds missing and ask
-- again. Each job ends with a reply or with a problem; nothing is written to a track here but the FX that are added.
local daemon = require("exchange.daemon")
local user_error = require("runtime.user_error")
local missing_fx = require("write.missing_fx")
local reply = require("exchange.reply")
local request = require("exchange.request")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")

local exchange = {}

local TICKS_BETWEEN_LOOKS = 10 -- at heartbeat and progress; replies are looked for in every tick
local MISSES = 2 -- looks in a row without a heartbeat: one may fall into the moment in which it is renewed
local GATHERED, ANSWERED = 0.2, 0.95 -- shares of the whole

--- Runs `work` for one job; a fault ends this job alone, a slip in the scripts or the user's cancelling the whole action.
local function attempt(job, work)
  local is_sound, problem = user_error.guard(work)
  ticks.watch(nil)
  if is_sound then return end
  if not user_error.text(problem) or ticks.is_cancelled(problem) then error(problem, 0) end
  job.problem = user_error.text(problem)
  missing_fx.take_out(job.target)
end

--- Gathers and sends one track; the track is watched, so that one that goes away is never touched again.
local function send(state, job)
  attempt(job, function()
    tracks.check(job.target, state.options)
    ticks.watch(function()
      local loss = tracks.loss(job.target)
      if loss then user_error.raise("%s was skipped: %s while Bridge was listening. Nothing was changed on it.", job.target.name, loss) end
    end)
    state.tell("listening to " .. job.target.name)
    job.id, job.heard = request.send(state.spool, job.target, state.options, function(id) state.ids[#state.ids + 1] = id end)
    job.reply = nil
  end)
end

--- Gathers and sends every track.
function exchange.send(state)
  for index, job in ipairs(state.jobs) do
    state.share = GATHERED * (index - 1) / #state.jobs
    send(state, job)
  end
end

local function waiting(state)
  local jobs = {}
  for _, job in ipairs(state.jobs) do
    if job.id and not job.reply and not job.problem then jobs[#jobs + 1] = job end
  end
  return jobs
end

local function take_reply(state, job)
  attempt(job, function()
    local message = daemon.reply(state.spool, job.id)
    job.reply = message and (job.check or reply.check)(message, job.id)
  end)
end

local function show_progress(state, jobs)
  local fraction, step = daemon.progress(state.spool, jobs[1].id)
  if not fraction then return end
  local done = #state.jobs - #jobs
  state.share = GATHERED + (ANSWERED - GATHERED) * (done + fraction) / #state.jobs
  local place = #state.jobs > 1 and string.format(" (%d of %d)", done + 1, #state.jobs) or ""
  state.tell(string.format("%s%s: %s, %d%%", jobs[1].target.name, place, step, math.floor(fraction * 100)))
end

local function give_up(jobs)
  for _, job in ipairs(jobs) do
    job.problem = string.format("The daemon stopped while it worked on %s. Nothing was changed on it. Start it with: %s",
      job.target.name, daemon.START_COMMAND)
    missing_fx.take_out(job.target)
  end
end

--- Waits for every reply, however long the daemon needs, as long as it shows signs of life.
function exchange.wait(state)
  local looks, misses = 0, 0
  while true do
    for _, job in ipairs(waiting(state)) do take_reply(state, job) end
    local jobs = waiting(state)
    if #jobs == 0 then return end
    if looks % TICKS_BETWEEN_LOOKS == TICKS_BETWEEN_LOOKS - 1 then
      show_progress(state, jobs)
      misses = daemon.is_alive(state.spool) and 0 or misses + 1
      if misses == MISSES then return give_up(jobs) end
    end
    looks = looks + 1
    ticks.wait()
  end
end

--- Adds what the daemon found missing and asks again.
function exchange.add_missing(state)
  local has_added = false
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == "add_fx" and not job.problem then
      attempt(job, function()
        local loss = tracks.loss(job.target)
        if loss then user_error.raise("%s was skipped: %s while Bridge was listening.", job.target.name, loss) end
        missing_fx.add(job.target, job.reply.add_fx)
      end)
      ticks.wait() -- new FX settle before they are read
      if not job.problem then send(state, job) end
      has_added = true
    end
  end
  if has_added then exchange.wait(state) end
end

--- Raises a fault with the command that starts the daemon, where none serves this spool.
function exchange.demand_daemon(spool)
  for _ = 1, MISSES do
    if daemon.is_alive(spool) then return end
    ticks.wait()
  end
  user_error.raise("Bridge's daemon is not running. Start it in a terminal with: %s", daemon.START_COMMAND)
end

return exchange
