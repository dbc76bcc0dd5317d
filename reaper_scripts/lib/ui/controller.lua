--- What the panel knows and does: the daemon, the selected tracks, what Bridge has set on them, the job that runs, the
-- amount that moves. Draws nothing. `look` is called a few times a second; `version` grows where anything is different.
local add_offer = require("actions.add_offer")
local amount_control = require("live.amount_control")
local applied_state = require("live.applied_state")
local automix = require("actions.automix")
local cleanup = require("runtime.cleanup")
local daemon = require("exchange.daemon")
local describe = require("ui.describe")
local learn_chain = require("actions.learn_chain")
local reference = require("audio.reference")
local report = require("ui.report")
local spool = require("exchange.spool")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")
local turns = require("live.turns")
local user_error = require("runtime.user_error")

local controller = {}
controller.__index = controller

local MAX_NAMES = 3
local REST_S = 0.6 -- after the last key: then a gesture by keyboard is over

--- Return the controller of a panel that opens. Its fields:
--   spool         see `exchange.spool`; nil where Bridge's folder was not found
--   project       that in front
--   targets       the selected tracks, `track_text` their names
--   model, style, reference_text   what the user has chosen; "" for none
--   adds_fx       whether missing FX are added
--   is_alive      whether the daemon runs; `fault` says why its heartbeat cannot be read, `misses` how often it was missed
--   record        of the first target (see `live.applied_state`), `record_text` and `record_guid` where it is from
--   amount, is_compared            where the first target stands; `count` of the project's changes when it was looked at
--   left_alone    what the newest reply has left as it is, by the track's GUID
--   left_out      the tracks with a problem in the newest action on several, see `report.left_out`
--   state         of the action that runs (see `runtime.job_state`)
--   gesture       that moves the amount (see `live.amount_gesture`), `moved_at_s` when it did so last
--   is_settling   whether something waits for REAPER
--   message       {kind = "good", "fair" or "bad", text}
--   must_look     whether to look at once; `seen` what there was to see
function controller.new()
  local self = setmetatable({ spool = spool.find(), misses = 0, left_alone = {}, left_out = {}, version = 0 }, controller)
  self:look()
  return self
end

local function changed(self) self.version = self.version + 1 end

--- Say something to the user. `kind`: "good", "fair" or "bad".
function controller:say(kind, text)
  self.message = { kind = kind, text = text }
  changed(self)
end

function controller:forget_message()
  self.message = nil
  changed(self)
end

---------------------------------------------------------------------------------------------- looking

local function look_at_daemon(self)
  if not self.spool then return false end
  local is_sound, misses = user_error.guard(daemon.count_misses, self.spool, self.misses)
  self.fault = not is_sound and describe.problem(misses) or nil
  self.misses = is_sound and misses or self.misses + 1
  return self.misses < daemon.MISSES
end

local function look_at_tracks(self)
  local targets, names = tracks.chosen(self.project), {}
  for index, target in ipairs(targets) do
    if index <= MAX_NAMES then names[index] = target.name end
  end
  if #targets > MAX_NAMES then names[#names + 1] = string.format("and %d more", #targets - MAX_NAMES) end
  self.targets, self.track_text = targets, table.concat(names, ", ")
end

--- What Bridge has set last on the first of the tracks. The file is read anew, and decoded only where it says something else.
local function look_at_record(self)
  local target = self.targets[1]
  if not target or not self.spool then return end
  local text = applied_state.read_text(self.spool, target.guid)
  if text ~= self.record_text or target.guid ~= self.record_guid then
    self.record_text, self.record_guid = text, target.guid
    self.record = text and applied_state.read(self.spool, target.guid) or nil
    self.count = nil
  end
end

local function look_at_amount(self)
  local count = reaper.GetProjectStateChangeCount(self.project)
  if self.gesture or count == self.count then return end
  self.count = count
  self.amount, self.is_compared = nil, false
  if self.record then self.amount, self.is_compared = amount_control.amount_of(self.spool, self.targets[1]) end
end

--- Everything that can be seen, as one text to compare.
local function summary(self)
  local state = self.state or {}
  return table.concat({
    self.track_text, self.model, self.style, self.reference_text, tostring(self.is_alive), tostring(self.fault),
    tostring(self.record_text and #self.record_text), tostring(self.record and self.record.time_s), tostring(self.amount),
    tostring(self.is_compared), tostring(state.step), tostring(state.share), tostring(self.adds_fx),
  }, "\n")
end

--- Take the project in front, now: one that was closed since the last look must not be touched. Call it in every tick.
function controller:turn()
  self.project = reaper.EnumProjects(-1)
end

--- Look at everything.
function controller:look()
  self.must_look = false
  self:turn()
  self.is_alive = look_at_daemon(self)
  look_at_tracks(self)
  self.model, self.style = reaper.GetExtState("Bridge", "model"), reaper.GetExtState("Bridge", "style")
  self.reference_text = reference.name(self.project) or ""
  self.adds_fx = add_offer.remembered() or false
  look_at_record(self)
  look_at_amount(self)
  local now = summary(self)
  if now ~= self.seen then changed(self) end
  self.seen = now
end

--- Return what was left alone: of the newest reply, also where that changed nothing.
function controller:left()
  local guid = self.targets[1] and self.targets[1].guid
  return guid and self.left_alone[guid] or self.record and self.record.left_alone or {}
end

---------------------------------------------------------------------------------------------- actions

--- Return whether something runs that nothing else may be started beside.
function controller:is_busy()
  return self.state ~= nil or self.is_settling or false
end

local function is_free(self)
  return not self:is_busy() and not self.gesture
end

--- Run what waits for REAPER; a problem is shown.
local function settle(self, work)
  self.is_settling = true
  ticks.run(work, function(problem)
    self.is_settling, self.count, self.must_look = false, nil, true
    if problem then self:say("bad", describe.problem(problem)) end
    changed(self)
  end)
end

--- What an action that is over comes to: the kind of message and one line.
local function conclusion(state, problem)
  local problems, set = report.problems(state, problem), 0
  for _, job in ipairs(state.jobs) do
    if job.outcome and job.outcome.status == "applied" then set = set + 1 end
  end
  if #problems > 0 then return #report.done(state, problem) > 0 and "fair" or "bad", table.concat(problems, " ") end
  local kind, notes = set > 0 and "good" or "fair", table.concat(report.notes(state), " ")
  if #state.jobs == 1 then return kind, report.summary(state.jobs[1]) .. (notes ~= "" and " " .. notes or "") end
  local balance = report.balance(state)
  return kind, string.format("%d of %d tracks were set.%s", set, #state.jobs, balance and " " .. balance or "")
end

--- Start an action on the selected tracks; for `options` see `actions.automix`.
function controller:run(options)
  if not is_free(self) then return end
  self.message, options.can_ask = nil, true
  self.state = automix.start(options, function() changed(self) end, function(state, problem)
    self.state, self.must_look = nil, true
    for _, job in ipairs(state.jobs) do
      if job.reply then self.left_alone[job.target.guid] = job.reply.left_alone end
    end
    self.left_out = not problem and #state.jobs > 1 and report.left_out(state) or {}
    self:say(conclusion(state, problem))
  end)
  changed(self)
end

--- Export the chain of the first selected track.
function controller:learn()
  if not is_free(self) or #self.targets == 0 or tracks.gone(self.targets[1]) then return end
  settle(self, function() self:say("good", learn_chain.export(self.spool, self.targets[1])) end)
end

--- Choose whether missing FX are added.
function controller:choose_adding(is_wanted)
  add_offer.remember(is_wanted)
  self.adds_fx = is_wanted
  changed(self)
end

--- Have the user say which plugins are preferred, by `edit`, of `actions.preferences`.
function controller:prefer(edit)
  if not self.spool then return end
  local is_sound, outcome = user_error.guard(edit, self.spool)
  if not is_sound then return self:say("bad", describe.problem(outcome)) end
  if outcome then self:say("good", "Preferred plugins are kept.") end
end

function controller:cancel()
  if self.state then self.state.cancel() end
end

--- Choose the reference by `mark`, of `audio.reference`.
function controller:mark(mark)
  local is_sound, problem = user_error.guard(mark, self.project)
  if not is_sound then return self:say("fair", describe.problem(problem)) end
  self:say("good", "The reference is " .. (reference.name(self.project) or "marked") .. ".")
end

---------------------------------------------------------------------------------------------- amount and compare

local function show_outcome(self, outcome)
  local _, notes = describe.outcome(outcome)
  if #notes == 0 then return end
  self:say("fair", notes[1] .. (#notes > 1 and string.format(", and %d more.", #notes - 1) or "."))
end

--- Set an amount once it is our turn: another script moves something just now.
local function move_later(self, amount)
  settle(self, function()
    local gesture, problem = amount_control.begin(self.spool)
    if not gesture then error(problem, 0) end
    gesture:set(amount)
    show_outcome(self, gesture:finish())
  end)
end

--- Move the amount, at once; `is_over`: the gesture ends here.
function controller:move(amount, is_over)
  if self:is_busy() then return end
  if amount and not self.gesture then
    if not turns.is_free() then return move_later(self, amount) end
    local problem
    self.gesture, problem = amount_control.begin(self.spool)
    if not self.gesture then return self:say("bad", describe.fact(problem)) end
  end
  if amount and amount ~= self.amount then
    self.gesture:set(amount)
    self.amount, self.is_compared = amount, false
    self.moved_at_s = reaper.time_precise()
    changed(self)
  end
  if is_over then self:end_move() end
end

--- End the gesture: one undo step, read back.
function controller:end_move()
  local gesture = self.gesture
  if not gesture then return end
  self.gesture = nil
  settle(self, function() show_outcome(self, gesture:finish()) end)
end

--- End a gesture that has come to rest, or whose track is gone. Call it in every tick.
function controller:rest(is_held)
  if not self.gesture then return end
  if self.gesture:loss() or (not is_held and reaper.time_precise() - self.moved_at_s > REST_S) then self:end_move() end
end

--- Show the tracks as they were, or back at the amount.
function controller:compare(is_on)
  if not is_free(self) then return end
  settle(self, function()
    local outcome, problem = amount_control.compare(self.spool, is_on)
    if not outcome then error(problem, 0) end
    show_outcome(self, outcome)
  end)
end

function controller:undo()
  if not is_free(self) then return end
  settle(self, function()
    local text, problem = amount_control.undo(self.project)
    if text then self:say("good", "Undone: " .. text) else self:say("fair", describe.fact(problem)) end
  end)
end

--- The script ends: nothing may be left on the way.
function controller:release()
  if self.gesture then self.gesture:release() end
  if self.state then self.state.stop() end
  cleanup.run()
end

return controller
