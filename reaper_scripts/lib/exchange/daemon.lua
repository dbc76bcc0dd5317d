--- The daemon as the scripts see it: whether it runs, how far a job is, its replies, and which models it offers.
local json = require("exchange.json")
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")
local version = require("exchange.version")

local daemon = {}

local STALE_AFTER_S = 5
daemon.MISSES = 2 -- looks in a row without a heartbeat: one may fall into the moment in which it is renewed

--- Read a message of the daemon's, of any schema version; nil while it is not there. `pause`: see `json.decode`.
local function read_any(spool, folder, file, pause)
  local text = spool:read(folder, file)
  if not text then return nil end
  local is_sound, message = pcall(json.decode, text, pause)
  if not is_sound and user_error.fact(message) then error(message, 0) end -- it came while the text was decoded
  if not is_sound or type(message) ~= "table" or message.schema == nil then
    user_error.raise("unreadable_message", { file = file, error = is_sound and "it names no schema" or message })
  end
  return message
end

--- Raise a user error for a message of another schema version; returns all others, and nil.
local function check(message, file)
  if message and message.schema ~= version.schema then
    user_error.raise("other_schema", { file = file, schema = message.schema, own = version.schema })
  end
  return message
end

--- Read and check a message; see `read_any`.
local function read(spool, folder, file, pause)
  return check(read_any(spool, folder, file, pause), file)
end

--- Return whether a daemon serves this spool: its heartbeat is younger than five seconds. An older one says nothing, not
-- even that its daemon was of another release.
function daemon.is_alive(spool)
  local heartbeat = read_any(spool, ".", "heartbeat.json")
  local time_s = heartbeat and heartbeat.time_s
  if type(time_s) ~= "number" then return check(heartbeat, "heartbeat.json") and false end
  if math.abs(os.time() - time_s) > STALE_AFTER_S + 1 then return false end -- os.time() has whole seconds
  return check(heartbeat, "heartbeat.json") ~= nil
end

--- Look at the heartbeat once more. Returns how many looks in a row have missed it, and whether the daemon is gone.
function daemon.count_misses(spool, misses)
  misses = daemon.is_alive(spool) and 0 or misses + 1
  return misses, misses >= daemon.MISSES
end

--- Raise a user error with the command that starts the daemon, where none serves this spool. Waits.
function daemon.ensure_running(spool)
  for _ = 1, daemon.MISSES do
    if daemon.is_alive(spool) then return end
    ticks.wait()
  end
  user_error.raise("no_daemon")
end

--- Return how far a job is (0..1) and its step, or nil. A broken progress file is none: the job goes on all the same.
function daemon.progress(spool, id)
  local is_sound, message = user_error.guard(read, spool, "progress", id .. ".json")
  if not is_sound or not message or message.id ~= id or type(message.fraction) ~= "number" or type(message.step) ~= "string" then return nil end
  return math.min(math.max(message.fraction, 0), 1), message.step
end

--- Return the reply to a request of ours, or nil while there is none. Takes slices for a long one.
function daemon.reply(spool, id)
  return read(spool, "replies", id .. ".json", ticks.breathe)
end

--- Return the names of the models that the daemon offers; none where it has not said so.
function daemon.models(spool)
  local is_sound, message = user_error.guard(read, spool, ".", "offer.json")
  local names = {}
  for _, model in ipairs(is_sound and message and json.is_array(message.models) and message.models or {}) do
    if type(model) == "table" and type(model.name) == "string" then names[#names + 1] = model.name end
  end
  return names
end

return daemon
