--- One exchange with the daemon: gather and send every track, wait for the replies, add FX that the daemon finds missing
-- and ask again. Each job ends with a reply or with a problem; nothing is written to a track here but the FX that are added.
local cleanup = require("runtime.cleanup")
local daemon = require("exchange.daemon")
local missing_fx = require("write.missing_fx")
local reply = require("exchange.reply")
local render = require("audio.render")
local request = require("exchange.request")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")

local automix_exchange = {}

local TICKS_BETWEEN_LOOKS = 10 -- at heartbeat and progress; replies are looked for in every tick
local MOST_TRIALS = 12 -- of levels, before a daemon is taken to have lost its way
local GATHERED, ANSWERED = 0.2, 0.95 -- shares of the whole

--- End a job with a problem, given as a fact.
local function give_up(job, problem)
  job.problem = problem
  missing_fx.take_out(job)
end

--- Run `work` for one job; a user error ends this job alone, a slip in the scripts or the user's cancelling the whole action.
local function attempt(job, work)
  local is_sound, problem = user_error.guard(work)
  ticks.watch(nil)
  if is_sound then return end
  cleanup.run()
  if not user_error.fact(problem) or ticks.is_cancelled(problem) then error(problem, 0) end
  give_up(job, problem)
end

--- Gather and send one track; the track is watched, so that one that goes away is never touched again.
local function send(state, job)
  attempt(job, function()
    job.must_render = tracks.check(job.target, state.options, render.is_allowed())
    ticks.watch(function()
      local loss = tracks.loss(job.target)
      if loss then user_error.raise("skipped_listening", { track = job.target.name, reason = loss }) end
    end)
    state.set_step("listening", { track = job.target.name })
    request.send(state.spool, job, state.options, function(id) state.ids[#state.ids + 1] = id end, function(place, count)
      state.set_step("rendering", { track = job.target.name, place = place, count = count })
    end)
    job.reply = nil
  end)
end

--- Gather and send every track.
function automix_exchange.send(state)
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
  local count, place = #state.jobs, #state.jobs - #jobs + 1
  state.share = GATHERED + (ANSWERED - GATHERED) * (place - 1 + fraction) / count
  state.set_step(count > 1 and "working_of_several" or "working", {
    track = jobs[1].target.name, place = place, count = count, step = step, percent = math.floor(fraction * 100),
  })
end

--- Wait for every reply, however long the daemon needs, as long as it shows signs of life.
function automix_exchange.wait(state)
  local looks, misses, is_gone = 0, 0, false
  while true do
    for _, job in ipairs(waiting(state)) do take_reply(state, job) end
    local jobs = waiting(state)
    if #jobs == 0 then return end
    looks = looks + 1
    if looks % TICKS_BETWEEN_LOOKS == 0 then
      show_progress(state, jobs)
      misses, is_gone = daemon.count_misses(state.spool, misses)
    end
    if is_gone then
      for _, job in ipairs(jobs) do give_up(job, user_error.new("daemon_stopped", { track = job.target.name })) end
      return
    end
    ticks.wait()
  end
end

--- Have REAPER render what the daemon asks for, before the FX that it names.
local function render_asked(state)
  local has_sent = false
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == "render" and not job.problem then
      job.tap = job.reply.tap
      send(state, job)
      has_sent = true
    end
  end
  return has_sent
end

--- Have REAPER render with the values that the daemon wants to try; they are put back at once.
local function try_asked(state)
  local has_sent = false
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == "try" and not job.problem then
      job.trial = { message = job.reply.trial, writes = job.reply.writes }
      send(state, job)
      has_sent = true
    end
  end
  return has_sent
end

--- Wait for every reply; where one asks for a render or a trial, for the reply to that.
function automix_exchange.settle(state)
  automix_exchange.wait(state)
  if render_asked(state) then automix_exchange.wait(state) end
  for _ = 1, MOST_TRIALS do
    if not try_asked(state) then return end
    automix_exchange.wait(state)
  end
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == "try" then give_up(job, user_error.new("malformed_reply", { text = "it tries without end" })) end
  end
end

--- Send the tracks of `jobs` once more, and wait for the replies.
function automix_exchange.send_again(state, jobs)
  for _, job in ipairs(jobs) do
    job.tap, job.trial = nil, nil -- the chain is another
    if not job.problem then send(state, job) end
  end
  automix_exchange.settle(state)
end

--- Return the jobs whose tracks lack FX.
function automix_exchange.lacking(state)
  local lacking = {}
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == "add_fx" and not job.problem then lacking[#lacking + 1] = job end
  end
  return lacking
end

local function add_and_send(state, jobs)
  for _, job in ipairs(jobs) do
    attempt(job, function() missing_fx.add(job) end)
  end
  ticks.wait() -- new FX settle before they are read
  automix_exchange.send_again(state, jobs)
end

--- Add the FX that the tracks of `jobs` lack and ask again; once more where what the user prefers turns out to be nothing that
-- the daemon can set, and REAPER's own takes its place.
function automix_exchange.add_missing(state, jobs)
  add_and_send(state, jobs)
  local unusable = {}
  for _, job in ipairs(automix_exchange.lacking(state)) do
    if missing_fx.take_out_unusable(job) then unusable[#unusable + 1] = job end
  end
  if #unusable > 0 then add_and_send(state, unusable) end
end

return automix_exchange
