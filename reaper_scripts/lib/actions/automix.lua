--- The action: gather every track that is meant, let the daemon listen, write what it answers, and say what was done.
-- One coroutine from the first line to the last; `atexit` clears up also where the user stops it. What makes one action
-- different from another is in its options:
--   may_add_fx      add the FX that the model needs
--   only_missing    add them and do nothing else
--   levels          set levels between the tracks as well
--   automation      write envelope points over the time selection in the place of values
--   model, style    names, in the place of what the user has chosen for all actions
--   targets         function(project): which tracks; by default the selected ones
--   listen          function(target, ...): what is heard of a track, see `request.listen`
--   release         function(): what `listen` may have left, removed
--   reference       function(state): what to sound like, see `reference.find`
--   is_master_meant whether the master track may be set
local applied_state = require("live.applied_state")
local apply = require("write.apply")
local automation = require("write.automation")
local cancellation = require("runtime.cancellation")
local command_ids = require("exchange.command_ids")
local user_error = require("runtime.user_error")
local capture = require("audio.capture")
local mix_balance = require("exchange.mix_balance")
local missing_fx = require("write.missing_fx")
local receipt = require("exchange.receipt")
local reference = require("audio.reference")
local report = require("ui.report")
local exchange = require("exchange.exchange")
local messages = require("ui.messages")
local open_spool = require("exchange.spool").open
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")

local automix = {}

local function ready_jobs(state)
  local ready = {}
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == "apply" and not job.problem then
      ready[#ready + 1] = job
    else
      missing_fx.take_out(job.target)
    end
  end
  return ready
end

--- Writes what was answered. Up to here nothing was changed but for FX that were added, and the user may cancel.
local function apply_replies(state)
  local ready = ready_jobs(state)
  if #ready == 0 then return end
  state.tell("applying")
  ticks.cancel_by(nil)
  local text = #ready == 1 and ready[1].reply.undo_text or string.format("Bridge: Auto-mix %d tracks", #ready)
  local write = state.options.automation and automation.run or apply.run
  write(state.project, ready, text)
  for _, job in ipairs(ready) do
    receipt.write(state.spool, job.id, job.outcome.status, job.outcome.message, job.outcome.results)
    if job.outcome.status == "applied" and job.steps then applied_state.keep(state.spool, job, ready[1].id) end
  end
end

--- Adds what is missing in one undo step, and nothing else.
local function add_only(state)
  ticks.cancel_by(nil)
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == "add_fx" then return missing_fx.add_in_step(state.project, state.jobs) end
  end
end

local function prepare(state)
  state.project = reaper.EnumProjects(-1)
  state.spool = open_spool()
  exchange.demand_daemon(state.spool)
  state.spool:create()
  command_ids.tell(state.spool)
  local targets = (state.options.targets or tracks.selected)(state.project)
  for index, target in ipairs(targets) do state.jobs[index] = { target = target } end
  if state.options.levels then state.options.listen = mix_balance.listener(targets) end
  if state.options.reference then
    state.options.reference_audio = reference.send(state, state.options.reference(state))
  end
end

--- From the first line to the last. Levels are found between the replies and `apply_replies`: there every track's reply
-- is known, and none is written.
local function work(state)
  prepare(state)
  exchange.send(state)
  exchange.wait(state)
  if state.options.only_missing then
    add_only(state)
  else
    if state.options.may_add_fx then exchange.add_missing(state) end
    if state.options.levels then mix_balance.ask(state) end
    apply_replies(state)
  end
  for _, job in ipairs(state.jobs) do
    if not (job.outcome and job.outcome.status == "applied") then missing_fx.take_out(job.target) end
  end
end

--- Leaves nothing behind: neither files, nor an accessor, nor FX that were added for a job that did not end.
local function clear_up(state)
  capture.release()
  reference.release()
  apply.release()
  automation.release()
  if state.options.release then state.options.release() end
  state.tell("")
  for _, job in ipairs(state.jobs) do
    if not job.outcome then missing_fx.take_out(job.target) end
  end
  for _, id in ipairs(state.ids) do state.spool:sweep(id) end
  state.ids = {}
end

local function conclude(state, problem)
  clear_up(state)
  local done, problems = {}, {}
  if problem then
    problems[1] = user_error.text(problem) or "Bridge met a fault of its own and stopped. Please report this:\n" .. tostring(problem)
  else
    done, problems = report.lines(state.jobs, state.levels)
  end
  state.is_over = true
  state.finish(done, problems, state)
end

local function show(done, problems)
  if #done > 0 then messages.done(done) end
  if #problems > 0 then messages.problems(problems) end
end

--- Starts the work. `tell(text)` is called with each step, `finish(done, problems, state)` with the lines about all
-- jobs. Returns the state: `share` is how far it is (0..1), `cancel()` stops it before anything is written, `stop()` is
-- for `atexit`.
function automix.start(options, tell, finish)
  local state = { options = options, jobs = {}, ids = {}, share = 0.0, finish = finish }
  local is_cancelled = cancellation.watch()
  function state.tell(text)
    state.step = text
    tell(text)
  end
  function state.cancel() state.is_cancelled = true end
  function state.stop()
    if not state.is_over then clear_up(state) end
    state.is_over = true
  end
  ticks.cancel_by(function() return state.is_cancelled or is_cancelled() end)
  ticks.run(function() work(state) end, function(problem)
    ticks.cancel_by(nil)
    conclude(state, problem)
  end)
  return state
end

--- Runs the action by itself: progress in the help line, what was done in the console, problems in one box.
function automix.run(options)
  local state = automix.start(options, messages.progress, show)
  reaper.atexit(state.stop)
end

return automix
