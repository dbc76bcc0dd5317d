--- The action: gather every track that is meant, let the daemon listen, write what it answers, and say what was done.
-- One coroutine from the first line to the last; `atexit` clears up also where the user stops it. What makes one action
-- different from another is in its options:
--   may_add_fx      add the FX that the model needs, whatever the user has chosen (see `actions.add_offer`)
--   can_ask         whether somebody sits at the computer who can be asked about that
--   only_missing    add them and do nothing else
--   levels          set the balance between the tracks as well
--   ignore_unrendered judge although FX are active that the daemon cannot render
--   automation      write envelope points over the time selection in the place of values
--   model, style    names, in the place of what the user has chosen for all actions
--   targets         function(project): which tracks; by default the selected ones
--   capture         function(target, ...): how the sound of a track is captured, see `request.capture`
--   reference       function(state): what to sound like, see `reference.find`
--   is_master_meant whether the master track may be set
local add_offer = require("actions.add_offer")
local applied_state = require("live.applied_state")
local apply = require("write.apply")
local automation = require("write.automation")
local cancellation = require("runtime.cancellation")
local cleanup = require("runtime.cleanup")
local command_ids = require("exchange.command_ids")
local daemon = require("exchange.daemon")
local automix_exchange = require("exchange.automix_exchange")
local messages = require("ui.messages")
local missing_fx = require("write.missing_fx")
local mix_balance = require("exchange.mix_balance")
local receipt = require("exchange.receipt")
local reference = require("audio.reference")
local report = require("ui.report")
local spool = require("exchange.spool")
local job_state = require("runtime.job_state")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")
local turns = require("live.turns")
local user_error = require("runtime.user_error")
local verification = require("exchange.verification")

local automix = {}

--- The jobs whose replies have this status and can be used; the FX added for the others go again.
local function jobs_with(state, status)
  local found = {}
  for _, job in ipairs(state.jobs) do
    if job.reply and job.reply.status == status and not job.problem then
      found[#found + 1] = job
    else
      missing_fx.take_out(job)
    end
  end
  return found
end

--- Write what was answered. Up to here nothing was changed but for FX that were added, and the user may cancel.
local function apply_replies(state)
  local ready = verification.begin(state, jobs_with(state, "apply"))
  if #ready == 0 then return end
  state.set_step("applying")
  ticks.cancel_by(nil)
  local text = #ready == 1 and ready[1].reply.undo_text or string.format("Bridge: Auto-mix %d tracks", #ready)
  local turn = turns.take()
  local write = state.options.automation and automation.run or apply.run
  write(state.project, ready, text, function(jobs) verification.finish(state, jobs) end)
  for _, job in ipairs(ready) do
    receipt.write(state.spool, job)
    if job.outcome.status == "applied" and job.steps then applied_state.keep(state.spool, job, ready[1].id) end
  end
  turns.pass(turn)
end

local function prepare(state)
  state.project, state.spool = reaper.EnumProjects(-1), spool.open()
  daemon.ensure_running(state.spool)
  state.spool:create()
  command_ids.publish(state.spool)
  local options = state.options
  options.may_add_fx, state.must_ask = add_offer.decide(options)
  local targets = (options.targets or tracks.selected)(state.project)
  for index, target in ipairs(targets) do state.jobs[index] = job_state.job(target) end
  if options.levels then options.capture = mix_balance.capturer(targets) end
  if options.reference then options.reference_audio = reference.send(state, options.reference(state)) end
end

--- Ask the user, where nobody was asked yet, and add what is missing. Where that is not wanted, the tracks are sent once more,
-- for what can be set on them as they are.
local function add_missing(state)
  local lacking = automix_exchange.lacking(state)
  if #lacking == 0 then return end
  if not state.must_ask or add_offer.ask(lacking) then return automix_exchange.add_missing(state, lacking) end
  state.options.may_add_fx = false
  automix_exchange.send_again(state, lacking)
end

--- From the first line to the last. The balance is found between the replies and `apply_replies`: there every track's
-- reply is known, and none is written.
local function work(state)
  prepare(state)
  automix_exchange.send(state)
  automix_exchange.settle(state)
  if state.options.only_missing then
    ticks.cancel_by(nil)
    local lacking = jobs_with(state, "add_fx")
    return #lacking > 0 and missing_fx.add_only(state.project, lacking)
  end
  if state.options.may_add_fx then add_missing(state) end
  if state.options.levels then mix_balance.request(state) end
  apply_replies(state)
end

--- Leave nothing behind: neither files, nor an accessor, nor FX that were added for a job that did not end well.
local function clear_up(state)
  cleanup.run()
  state.set_step(nil)
  for _, job in ipairs(state.jobs) do
    if not (job.outcome and job.outcome.status == "applied") then missing_fx.take_out(job) end
  end
  for _, id in ipairs(state.ids) do state.spool:sweep(id) end
  state.ids, state.is_over = {}, true
end

--- Start the work. `show(fact)` is called with each step, nil at the end; `finish(state, problem)` once all is over. The
-- state that is returned tells how far it is; `cancel()` stops it before anything is written, `stop()` is for `atexit`.
function automix.start(options, show, finish)
  local state = job_state.action(options, finish)
  local is_cancelled = cancellation.watch()
  function state.set_step(kind, values)
    state.step = kind and user_error.new(kind, values)
    show(state.step)
  end
  function state.cancel() state.is_cancelled = true end
  function state.stop()
    if not state.is_over then clear_up(state) end
  end
  function state.is_cancel_wanted() return state.is_cancelled or is_cancelled() end
  ticks.cancel_by(state.is_cancel_wanted)
  ticks.run(function() work(state) end, function(problem)
    ticks.cancel_by(nil)
    clear_up(state)
    finish(state, problem)
  end)
  return state
end

--- Run the action by itself: progress in the help line, what was done in the console, problems in one box.
function automix.run(options)
  options.can_ask = true
  local state = automix.start(options, messages.progress, function(state, problem)
    messages.done(report.done(state, problem))
    messages.problems(report.problems(state, problem))
  end)
  reaper.atexit(state.stop)
end

return automix
