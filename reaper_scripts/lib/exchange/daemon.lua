--- The daemon as the scripts see it: whether it lives, how far a job is, and its replies.
local user_error = require("runtime.user_error")
local json = require("exchange.json")
local ticks = require("runtime.ticks")
local version = require("exchange.version")

local daemon = {}

daemon.START_COMMAND = "reaper-bridge daemon"

local STALE_AFTER_S = 5
local RELEASE_ADVICE = "Install scripts and daemon of the same release (`reaper-bridge install`)."

local function decode(text, name, pause)
  local is_sound, message = pcall(json.decode, text, pause)
  if not is_sound and user_error.text(message) then error(message, 0) end -- it came while the text was decoded
  if not is_sound then user_error.raise("%s is not a message of Bridge (%s). Run the action again.", name, message) end
  if type(message) ~= "table" or message.schema == nil then
    user_error.raise("%s is not a message of Bridge. Run the action again.", name)
  end
  if message.schema ~= version.schema then
    user_error.raise("%s has schema version %s; these scripts speak version %d. %s", name, tostring(message.schema), version.schema, RELEASE_ADVICE)
  end
  return message
end

--- The age of the daemon's last sign of life in seconds; nil where there is none.
local function heartbeat_age_s(spool)
  local file = io.open(spool.root .. "heartbeat.json", "rb")
  if not file then return nil end
  local text = file:read(65536)
  file:close()
  local time_s = decode(text or "", "The daemon's heartbeat").time_s
  return type(time_s) == "number" and os.time() - time_s or nil
end

--- Whether a daemon serves this spool: its heartbeat is younger than five seconds.
function daemon.is_alive(spool)
  local age_s = heartbeat_age_s(spool)
  return age_s ~= nil and math.abs(age_s) <= STALE_AFTER_S + 1 -- os.time() has whole seconds
end

--- How far the job is: fraction (0..1) and step, or nil. A broken progress file is none: the job goes on all the same.
function daemon.progress(spool, id)
  local is_sound, message = user_error.guard(function()
    local text = spool:read("progress", id .. ".json")
    return text and decode(text, "A progress file")
  end)
  if not is_sound or not message or message.id ~= id or type(message.fraction) ~= "number" or type(message.step) ~= "string" then return nil end
  return math.min(math.max(message.fraction, 0), 1), message.step
end

--- The decoded reply to a request of ours, or nil while there is none. Takes slices for a long one.
function daemon.reply(spool, id)
  local text = spool:read("replies", id .. ".json")
  return text and decode(text, "The daemon's reply", ticks.breathe)
end

return daemon
