--- The state of an action and of its jobs: every field is declared here, and no other can be set or read.
local job_state = {}

local JOB = {
  target = "the track, see `track.tracks`; {name} alone for a request about several",
  id = "of the request; nil until it is sent",
  check = "function(message, id): checks the reply; nil: `exchange.reply.check`",
  must_render = "whether its items alone are not what its FX get: REAPER must render its sound",
  trial = "{message, writes}: what the FX are rendered with, and what goes back to the daemon with the render; nil: as they stand",
  tap = "GUID of the FX before which REAPER renders its sound; nil: its items are read",
  snapshot = "what the track was when it was listened to, see `track.track_changes`",
  sound_before = "the audio of the track as it was heard before anything was written, as a message; nil: it is not verified",
  is_refused_by_ear = "whether what is heard did not improve by what was written",
  reply = "the daemon's reply, checked; nil until there is one",
  problem = "why there is no reply that can be used, as a fact",
  added = "{guid, name, instead} of FX that were added for the job, and are not yet to stay; instead: see `exchange.reply`",
  places = "by the name of an FX to add, the GUID of the FX that it goes before: where something was that it takes the place of",
  notes = "what is said of them beside the outcome, as facts",
  steps = "what is written, in order, see `write.plan`",
  results = "what REAPER read back of each step, see `exchange.receipt`; nil where that could not be read",
  failure = "why writing failed, a fact or a text",
  refusal = "why a value is not as wanted, as a fact",
  loss = "why what was written could not be read back, as a fact",
  outcome = "{status = \"applied\", \"restored\" or \"dropped\", problem = a fact, results, added_fx = names}; nil until there is one",
}

local ACTION = {
  options = "what makes one action different from another, see `actions.automix`",
  project = "REAPER's project",
  spool = "see `exchange.spool`",
  jobs = "one for each track",
  ids = "of all requests, whose files are swept at the end",
  share = "how far the action is, 0..1",
  step = "what it does just now, as a fact",
  must_ask = "whether the user is asked before FX are added, see `actions.add_offer`",
  balance = "what the balance between tracks came to: {problem} or {reply}",
  is_over = "whether it has ended",
  is_cancelled = "whether the panel has asked it to stop",
  is_cancel_wanted = "function(): whether the user has asked it to stop",
  set_step = "function(kind, values): notes the step, and shows it; nil: none",
  finish = "function(state, problem): called once, at the end",
  cancel = "function(): stops it before anything is written",
  stop = "function(): ends it now, for `atexit`",
}

--- Return `object`, of which only the fields in `declared` can be set or read.
local function declare(declared, object)
  local function refuse(_, name) error("no such field: " .. tostring(name), 2) end
  return setmetatable(object, {
    __index = function(self, name) return not declared[name] and refuse(self, name) or nil end,
    __newindex = function(self, name, value)
      if not declared[name] then refuse(self, name) end
      rawset(self, name, value)
    end,
  })
end

--- Return the job of a target.
function job_state.job(target)
  return declare(JOB, { target = target, added = {}, places = {}, notes = {} })
end

--- Return the state of an action that begins.
function job_state.action(options, finish)
  return declare(ACTION, { options = options, finish = finish, jobs = {}, ids = {}, share = 0.0, is_over = false, is_cancelled = false })
end

return job_state
