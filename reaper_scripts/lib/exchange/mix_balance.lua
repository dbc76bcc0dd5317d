--- The balance between the tracks of one action: all of them are listened to at the same time, and once each is answered
-- the daemon is asked for the balance. Sets nothing: a gain is one more write in a track's reply.
local excerpts = require("audio.excerpts")
local automix_exchange = require("exchange.automix_exchange")
local items = require("track.items")
local json = require("exchange.json")
local reply = require("exchange.reply")
local request = require("exchange.request")
local job_state = require("runtime.job_state")
local source_items = require("track.source_items")
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")
local version = require("exchange.version")

local mix_balance = {}

local SOFTEST_DB = -140.0
local NAME = "the levels between the tracks"

--- Where the items of all targets sound, in rising order.
local function segments_together(targets)
  local together = {}
  for _, one in ipairs(targets) do
    if not tracks.gone(one) then
      local audible = items.audible((source_items.segments(one.project, one.track)))
      table.move(audible, 1, #audible, #together + 1, together)
    end
  end
  return excerpts.sorted(together, ticks.breathe)
end

--- Return how each of `targets` is listened to, see `request.capture`: in the same stretches of time as all others, so that
-- they can be added up.
function mix_balance.capturer(targets)
  local together
  return function(spool, target, _, id, tap)
    local segments, routing = request.segments(target, tap)
    local range = items.range(target, segments)
    together = together or segments_together(targets)
    if range.source == "items" then range.start_s, range.end_s = items.extent(together) end
    local merged = excerpts.merge(together, range.start_s, range.end_s, ticks.breathe)
    return request.capture_segments(spool, target, id, range, segments, routing, merged, tap)
  end
end

--- Where the track's fader stands, in dB.
local function volume_db(target)
  local volume = reaper.GetMediaTrackInfo_Value(target.track, "D_VOL")
  return math.max(20 * math.log(math.max(volume, 1e-9), 10), SOFTEST_DB)
end

--- The tracks of a request for the balance; or nil and why there are none, as a fact.
local function members(jobs)
  local found = json.array()
  for _, job in ipairs(jobs) do
    local status = job.reply and job.reply.status
    local is_judged = status == "apply" or (status == "unchanged" and job.reply.skipped ~= "not_rendered")
    if job.problem or not is_judged then
      return nil, user_error.new("incomplete_mix", { track = job.target.name })
    end
    found[#found + 1] = { id = job.id, name = job.target.name, volume_db = volume_db(job.target) }
  end
  if #found < 2 then return nil, user_error.new("single_track") end
  return found
end

--- Check the reply to request `id` about `jobs`; see `reply.check`.
local function check(message, id, jobs)
  local is_known, status = {}, message.status
  for _, job in ipairs(jobs) do is_known[job.id] = true end
  reply.ensure(message.id == id and (status == "apply" or status == "unchanged" or status == "error"), "it is none about the balance")
  message.tracks = message.tracks or json.array()
  reply.ensure(json.is_array(message.tracks), "tracks is no list")
  for _, track in ipairs(message.tracks) do
    reply.ensure(type(track) == "table" and is_known[track.id], "it names a track that was not asked for")
    reply.check(track, track.id)
  end
  return message
end

--- Ask for the balance of the jobs that were answered, and put what comes in the place of their replies. Leaves what it
-- comes to in `state.balance`: {problem} or {reply}.
function mix_balance.request(state)
  local found, reason = members(state.jobs)
  if not found then
    state.balance = { problem = user_error.new("balance_stays", { reason = reason }) }
    return
  end
  local job = job_state.job({ name = NAME })
  job.id = state.spool.new_id()
  job.check = function(message, id) return check(message, id, state.jobs) end
  state.ids[#state.ids + 1] = job.id
  state.spool:write("requests", job.id .. ".json", json.encode({
    schema = version.schema, script_version = version.script, id = job.id, action = "levels", tracks = found,
  }))
  automix_exchange.wait({ jobs = { job }, spool = state.spool, set_step = state.set_step })
  state.balance = { problem = job.problem, reply = job.reply }
  for _, track in ipairs(job.reply and job.reply.tracks or {}) do
    for _, answered in ipairs(state.jobs) do
      if answered.id == track.id then answered.reply = track end
    end
  end
end

return mix_balance
