--- The action: gather every selected track, let the daemon listen, write what it answers, and say what was done.
-- One coroutine from the first line to the last; `atexit` clears up also where the user stops it.
local applied = require("applied")
local apply = require("apply")
local daemon = require("daemon")
local fault = require("fault")
local gather = require("gather")
local home = require("home")
local missing = require("missing")
local receipt = require("receipt")
local reply = require("reply")
local request = require("request")
local say = require("say")
local spool_at = require("spool").at
local ticks = require("ticks")
local tracks = require("tracks")

local automix = {}

local TICKS_BETWEEN_LOOKS = 10 -- at heartbeat and progress; replies are looked for in every tick
local MISSES = 2 -- looks in a row without a heartbeat: one may fall into the moment in which it is renewed

--- Runs `work` for one job; a fault ends this job alone, a slip in the scripts the whole action.
local function attempt(job, work)
  local is_sound, problem = fault.guard(work)
  ticks.watch(nil)
  if is_sound then return end
  if not fault.text(problem) then error(problem, 0) end
  job.problem = fault.text(problem)
  missing.take_out(job.target)
end

--- Gathers and sends one track; the track is watched, so that one that goes away is never touched again.
local function send(state, job)
  attempt(job, function()
    tracks.check(job.target, state.may_add_fx)
    ticks.watch(function()
      local loss = tracks.loss(job.target)
      if loss then fault.raise("%s was skipped: %s while Bridge was listening. Nothing was changed on it.", job.target.name, loss) end
    end)
    job.id, job.heard = request.send(state.spool, job.target, state.may_add_fx, function(id) state.ids[#state.ids + 1] = id end)
    job.reply = nil
  end)
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
    job.reply = message and reply.check(message, job.id)
  end)
end

local function show_progress(state, jobs)
  local fraction, step = daemon.progress(state.spool, jobs[1].id)
  if fraction then say.progress(string.format("%s: %s, %d%%", jobs[1].target.name, step, math.floor(fraction * 100))) end
end

local function give_up(jobs)
  for _, job in ipairs(jobs) do
    job.problem = string.format("The daemon stopped while it worked on %s. Nothing was changed on it. Start it with: %s",
      job.target.name, daemon.START_COMMAND)
    missing.take_out(job.target)
  end
end

--- Waits for every reply, however long the daemon needs, as long as it shows signs of life.
local function wait_for_replies(state)
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
local function add_missing(state)
  local has_added = false
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == "add_fx" and not job.problem then
      attempt(job, function()
        local loss = tracks.loss(job.target)
        if loss then fault.raise("%s was skipped: %s while Bridge was listening.", job.target.name, loss) end
        missing.add(job.target, job.reply.add_fx)
      end)
      ticks.wait() -- new FX settle before they are read
      if not job.problem then send(state, job) end
      has_added = true
    end
  end
  if has_added then wait_for_replies(state) end
end

local function apply_replies(state)
  local ready = {}
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == "apply" and not job.problem then
      ready[#ready + 1] = job
    else
      missing.take_out(job.target)
    end
  end
  if #ready == 0 then return end
  say.progress("applying")
  local text = #ready == 1 and ready[1].reply.undo_text or string.format("Bridge: Auto-mix %d tracks", #ready)
  apply.run(state.project, ready, text)
  for _, job in ipairs(ready) do
    receipt.write(state.spool, job.id, job.outcome.status, job.outcome.message, job.outcome.results)
    if job.outcome.status == "applied" then applied.keep(state.spool, job, ready[1].id) end
  end
end

--- What to tell about a job: lines for the console, or one for the box.
local function report(job, done, problems)
  local name, status = job.target.name, job.reply and job.reply.status
  if job.problem then
    problems[#problems + 1] = job.problem
  elseif status == "error" then
    problems[#problems + 1] = name .. ": " .. job.reply.message
  elseif status == "add_fx" then
    problems[#problems + 1] = string.format("%s lacks %s. Add them, or run \"Bridge: Auto-mix track, adding missing FX\".",
      name, table.concat(job.reply.add_fx, ", "))
  elseif job.outcome and job.outcome.status ~= "applied" then
    problems[#problems + 1] = name .. ": " .. job.outcome.message
  else
    for _, line in ipairs(say.describe(name, job.reply)) do done[#done + 1] = line end
    for _, line in ipairs(say.warnings(job)) do done[#done + 1] = line end
  end
end

local function tell(state)
  local done, problems = {}, {}
  for _, job in ipairs(state.jobs) do
    if not (job.outcome and job.outcome.status == "applied") then missing.take_out(job.target) end
    report(job, done, problems)
  end
  if #done > 0 then say.done(done) end
  if #problems > 0 then say.problems(problems) end
end

--- Raises a fault with the command that starts the daemon, where none serves this spool.
local function demand_daemon(spool)
  for _ = 1, MISSES do
    if daemon.is_alive(spool) then return end
    ticks.wait()
  end
  fault.raise("Bridge's daemon is not running. Start it in a terminal with: %s", daemon.START_COMMAND)
end

local function work(state)
  state.project = reaper.EnumProjects(-1)
  local folder = home.find(state.scripts_folder)
  if not folder then fault.raise("Bridge's folder could not be found. Run `reaper-bridge install`.") end
  local spool = spool_at(folder)
  demand_daemon(spool)
  spool:create()
  state.spool = spool
  for index, target in ipairs(tracks.selected(state.project)) do state.jobs[index] = { target = target } end
  for _, job in ipairs(state.jobs) do send(state, job) end
  wait_for_replies(state)
  if state.may_add_fx then add_missing(state) end
  apply_replies(state)
  tell(state)
end

--- Leaves nothing behind: neither files, nor an accessor, nor FX that were added for a job that did not end.
local function clear_up(state)
  gather.release()
  apply.release()
  say.progress("")
  for _, job in ipairs(state.jobs) do
    if not job.outcome then missing.take_out(job.target) end
  end
  for _, id in ipairs(state.ids) do state.spool:sweep(id) end
  state.ids, state.jobs = {}, {}
end

--- Runs the action. `scripts_folder` ends in a separator; `may_add_fx`: add the FX that the model needs.
function automix.run(scripts_folder, may_add_fx)
  local state = { scripts_folder = scripts_folder, may_add_fx = may_add_fx, jobs = {}, ids = {} }
  reaper.atexit(function() clear_up(state) end)
  ticks.run(function() work(state) end, function(problem)
    clear_up(state)
    if problem then
      say.problems({ fault.text(problem) or "Bridge met a fault of its own and stopped. Please report this:\n" .. tostring(problem) })
    end
  end)
end

return automix
