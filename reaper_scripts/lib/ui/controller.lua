--- What the panel knows and does: the daemon, the selected tracks, what Bridge has set on them, the job that runs, the
-- amount on the move. Draws nothing. `look` is called a few times a second and tells whether anything is different.
local applied_state = require("live.applied_state")
local automix = require("actions.automix")
local daemon = require("exchange.daemon")
local describe = require("ui.describe")
local user_error = require("runtime.user_error")
local learn_chain = require("actions.learn_chain")
local amount_control = require("live.amount_control")
local catalog = require("exchange.catalog")
local reference = require("audio.reference")
local spool = require("exchange.spool")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")

local controller = {}
controller.__index = controller

local MAX_NAMES = 3
local REST_S = 0.6 -- after the last key: then a movement by keyboard is over
local MISSES = 2

--- What a panel that opens knows.
function controller.new()
  local self = setmetatable({ spool = spool.find(), misses = 0, names = {}, left_alone = {}, version = 0 }, controller)
  self:look()
  return self
end

local function changed(self) self.version = self.version + 1 end

--- Says something to the user. `kind`: "good", "fair" or "bad".
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
  local is_sound, is_alive = user_error.guard(function() return self.spool ~= nil and daemon.is_alive(self.spool) end)
  self.fault = not is_sound and user_error.text(is_alive) or nil
  self.misses = is_sound and is_alive and 0 or self.misses + 1
  return self.misses < MISSES and self.spool ~= nil
end

local function look_at_tracks(self)
  local targets, names = tracks.chosen(self.project), {}
  for index, target in ipairs(targets) do
    if index <= MAX_NAMES then names[index] = target.name end
  end
  if #targets > MAX_NAMES then names[#names + 1] = string.format("and %d more", #targets - MAX_NAMES) end
  self.targets = targets
  return table.concat(names, ", ")
end

--- What Bridge has set last on the first of the tracks that have a record. The file is read anew, and decoded only
-- where it says something else.
local function look_at_record(self)
  local target = self.targets[1]
  if not target or not self.spool then return nil end
  local text = self.spool:read("applied", target.guid:gsub("[{}]", "") .. ".json")
  if text ~= self.record_text or target.guid ~= self.record_guid then
    self.record_text, self.record_guid = text, target.guid
    self.record = text and applied_state.read(self.spool, target.guid) or nil
    self.count = nil
  end
end

local function look_at_amount(self)
  local count = reaper.GetProjectStateChangeCount(self.project)
  if self.moving or count == self.count then return end
  self.count = count
  if not self.record then
    self.amount, self.is_compared = nil, false
  else
    self.amount, self.is_compared = amount_control.standing(self.spool, self.targets[1])
  end
end

--- Everything that can be seen, as one text to compare.
local function summary(self)
  return table.concat({
    tostring(self.is_alive), tostring(self.fault), self.track_text, self.model, self.style, self.reference_text,
    tostring(self.record_text and #self.record_text), tostring(self.record and self.record.time_s), tostring(self.amount),
    tostring(self.is_compared), tostring(self.job and self.job.step), tostring(self.job and self.job.share),
  }, "\n")
end

--- The project in front, now: one that was closed since the last look must not be touched. Call it in every tick.
function controller:turn()
  self.project = reaper.EnumProjects(-1)
end

--- Looks at everything. `version` grows where something is different.
function controller:look()
  self.must_look = false
  self:turn()
  self.is_alive = look_at_daemon(self)
  self.track_text = look_at_tracks(self)
  self.model, self.style = reaper.GetExtState("Bridge", "model"), reaper.GetExtState("Bridge", "style")
  self.reference_text = reference.describe(self.project) or ""
  look_at_record(self)
  look_at_amount(self)
  local now = summary(self)
  if now ~= self.seen then changed(self) end
  self.seen = now
end

--- Names that the daemon offers: models and styles.
function controller:offered()
  return catalog.read(self.spool)
end

--- The names of what was left alone: of the newest answer, also where that changed nothing.
function controller:left()
  local guid = self.targets[1] and self.targets[1].guid
  return guid and self.left_alone[guid] or self.record and self.record.left_alone or {}
end

---------------------------------------------------------------------------------------------- jobs

function controller:is_busy()
  return self.job ~= nil or self.is_settling or false
end

--- Runs what waits for REAPER; a fault is told.
local function settle(self, work)
  self.is_settling = true
  ticks.run(work, function(problem)
    self.is_settling, self.count = false, nil
    if problem then self:say("bad", user_error.text(problem) or "Bridge met a fault of its own: " .. tostring(problem)) end
    self.must_look = true
    changed(self)
  end)
end

local function keep_answers(self, state)
  for _, job in ipairs(state.jobs) do
    if job.reply then self.left_alone[job.target.guid] = job.reply.left_alone end
  end
end

--- What a finished action comes to, in one line.
local function conclusion(state, done, problems)
  if #problems > 0 then return #done > 0 and "fair" or "bad", table.concat(problems, " ") end
  local set, first = 0, nil
  for _, job in ipairs(state.jobs) do
    first = first or job.outcome and job.outcome.message or job.reply and job.reply.message
    if job.outcome and job.outcome.status == "applied" then set = set + 1 end
  end
  if #state.jobs == 1 then return set == 1 and "good" or "fair", first end
  local levels = state.levels and " " .. state.levels.text or ""
  return set > 0 and "good" or "fair", string.format("%d of %d tracks were set.%s", set, #state.jobs, levels)
end

--- Starts an action on the selected tracks; for `options` see `automix`.
function controller:run(options)
  if self:is_busy() or self.moving then return end
  self.message = nil
  self.job = automix.start(options, function() changed(self) end, function(done, problems, state)
    self.job = nil
    keep_answers(self, state)
    self:say(conclusion(state, done, problems))
    self.must_look = true
  end)
  changed(self)
end

--- Exports the chain of the first selected track.
function controller:learn()
  if self:is_busy() or self.moving or #self.targets == 0 or tracks.gone(self.targets[1]) then return end
  settle(self, function() self:say("good", learn_chain.export(self.spool, self.targets[1])) end)
end

function controller:cancel()
  if self.job then self.job.cancel() end
end

---------------------------------------------------------------------------------------------- amount and compare

local function tell_outcome(self, outcome)
  if #outcome.refused > 0 then return self:say("fair", "REAPER shows another value for " .. outcome.refused[1] .. ".") end
  if #outcome.left == 0 then return end
  local item = outcome.left[1]
  local more = #outcome.left > 1 and string.format(" So do %d more.", #outcome.left - 1) or ""
  self:say("fair", string.format("%s stays as it is: %s.%s", item.what, describe.reason(item), more))
end

--- Moves the amount, at once; `is_over`: the movement ends here.
function controller:move(amount, is_over)
  if self:is_busy() then return end
  if amount and not self.moving then
    local reason
    self.moving, reason = amount_control.begin(self.spool, self.project, amount_control.targets(self.spool, self.project))
    if not self.moving then return self:say("bad", reason) end
  end
  if amount and amount ~= self.amount then
    self.moving:set(amount)
    self.amount, self.is_compared = amount, false
    self.moved_at_s = reaper.time_precise()
    changed(self)
  end
  if is_over then self:end_move() end
end

--- Ends the movement: one undo step, read back.
function controller:end_move()
  local moving = self.moving
  if not moving then return end
  self.moving = nil
  settle(self, function() tell_outcome(self, moving:finish()) end)
end

--- Ends a movement that has come to rest, or whose track is gone. Call it in every tick.
function controller:rest(is_held)
  if not self.moving then return end
  local loss = self.moving:loss()
  if loss or (not is_held and reaper.time_precise() - self.moved_at_s > REST_S) then self:end_move() end
end

--- The track as it was, or back at the amount.
function controller:compare(is_on)
  if self:is_busy() or self.moving then return end
  settle(self, function()
    local outcome, reason = amount_control.compare(self.spool, self.project, amount_control.targets(self.spool, self.project), is_on)
    if outcome then tell_outcome(self, outcome) else self:say("bad", reason) end
  end)
end

function controller:undo()
  if self:is_busy() or self.moving then return end
  local text, reason = amount_control.undo(self.project)
  if text then self:say("good", "Undone: " .. text) else self:say("fair", reason) end
  self.count = nil
end

--- The script ends: nothing may be left on the way.
function controller:release()
  if self.moving then self.moving:release() end
  if self.job then self.job.stop() end
end

return controller
