--- Levels between the tracks of one action: what is heard of all of them at the same time, and the levels that the
-- daemon finds once each track is answered. Sets nothing: a level is one more write in a track's reply.
local excerpts = require("audio.excerpts")
local user_error = require("runtime.user_error")
local capture = require("audio.capture")
local json = require("exchange.json")
local reply = require("exchange.reply")
local request = require("exchange.request")
local exchange = require("exchange.exchange")
local version = require("exchange.version")

local mix_balance = {}

local SOFTEST_DB = -140.0
local NAME = "the levels between the tracks"

--- The segments of all targets, as one list.
local function all_items(targets)
  local segments = {}
  for _, target in ipairs(targets) do
    for _, segment in ipairs(capture.items(target.track)) do segments[#segments + 1] = segment end
  end
  return segments
end

--- How each of `targets` is listened to: in the same stretches of time as all others, so that they can be added up.
-- See `request.listen`.
function mix_balance.listener(targets)
  return function(spool, target, _, id)
    local range = capture.range(target.project, target.track, target.name)
    local segments = all_items(targets)
    if range.source == "items" then
      for _, segment in ipairs(segments) do
        range.start_s, range.end_s = math.min(range.start_s, segment.start_s), math.max(range.end_s, segment.end_s)
      end
    end
    local stretches = excerpts.choose(excerpts.merge(segments, range.start_s, range.end_s), range.start_s, range.end_s)
    return range, request.send_audio(spool, target, id, stretches)
  end
end

--- Where the track's fader stands, in dB.
local function volume_db(target)
  local volume = reaper.GetMediaTrackInfo_Value(target.track, "D_VOL")
  return math.max(20 * math.log(math.max(volume, 1e-9), 10), SOFTEST_DB)
end

--- The tracks to set beside each other, in the words of the request; or nil and why there are none.
local function members(jobs)
  local found = json.array()
  for _, job in ipairs(jobs) do
    local status = job.reply and job.reply.status
    if job.problem or (status ~= "apply" and status ~= "unchanged") then
      return nil, job.target.name .. " could not be set, and without it the mix is another"
    end
    found[#found + 1] = { id = job.id, name = job.target.name, volume_db = volume_db(job.target) }
  end
  if #found < 2 then return nil, "they lie between tracks. Select several" end
  return found
end

--- Checks the answer to request `id` about `jobs`; see `reply.check`.
local function check(message, id, jobs)
  local is_known = {}
  for _, job in ipairs(jobs) do is_known[job.id] = true end
  local is_sound = message.id == id and type(message.message) == "string"
    and (message.status == "apply" or message.status == "unchanged" or message.status == "error")
  if message.tracks == nil then message.tracks = json.array() end
  if not is_sound or not json.is_array(message.tracks) then
    user_error.raise("The daemon's answer about levels is malformed. Nothing was changed. Run the action again.")
  end
  for _, answer in ipairs(message.tracks) do
    if type(answer) ~= "table" or not is_known[answer.id] then
      user_error.raise("The daemon's answer about levels names a track that was not asked for. Run the action again.")
    end
    reply.check(answer, answer.id)
  end
  return message
end

--- Asks for the levels of the jobs that were answered, and puts what comes in the place of their replies. Leaves what
-- it comes to in `state.levels`: {text, is_refused}.
function mix_balance.ask(state)
  local found, reason = members(state.jobs)
  if not found then
    state.levels = { is_refused = true, text = "The levels between the tracks stay: " .. reason .. "." }
    return
  end
  local asked = { id = state.spool.new_id(), target = { name = NAME } }
  asked.check = function(message, id) return check(message, id, state.jobs) end
  state.ids[#state.ids + 1] = asked.id
  state.spool:write("requests", asked.id .. ".json", json.encode({
    schema = version.schema, script_version = version.script, id = asked.id, action = "levels", tracks = found,
  }))
  exchange.wait({ jobs = { asked }, spool = state.spool, tell = state.tell })
  local answer = asked.reply
  state.levels = { is_refused = answer == nil or answer.status == "error", text = asked.problem or answer.message }
  for _, track in ipairs(answer and answer.tracks or {}) do
    for _, job in ipairs(state.jobs) do
      if job.id == track.id then job.reply = track end
    end
  end
end

return mix_balance
