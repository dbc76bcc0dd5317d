--- Gathers one track and sends it: audio first, then the message that names it.
local capture = require("audio.capture")
local excerpts = require("audio.excerpts")
local user_error = require("runtime.user_error")
local json = require("exchange.json")
local snapshot = require("track.snapshot")
local version = require("exchange.version")

local request = {}

--- What the user has chosen for all actions, as the panel and the other actions store it, unless the action says
-- otherwise.
local function describe_options(options)
  local amount = tonumber(reaper.GetExtState("Bridge", "amount_percent"))
  local model, style = reaper.GetExtState("Bridge", "model"), reaper.GetExtState("Bridge", "style")
  return {
    model = options.model or (model ~= "" and model or nil),
    style = not options.reference_audio and (options.style or style ~= "" and style) or nil,
    reference = options.reference_audio,
    amount_percent = amount and math.min(math.max(amount, 0), 100) or 100,
    add_missing_fx = (options.may_add_fx or options.only_missing) == true,
    only_missing = options.only_missing or nil,
    automation = options.automation or nil,
    levels = options.levels or nil,
  }
end

local function describe_project(project)
  local _, path = reaper.EnumProjects(-1)
  return { path = path, change_count = reaper.GetProjectStateChangeCount(project) }
end

local function describe_track(target)
  return {
    guid = target.guid, index = target.index, name = target.name, muted = target.is_muted,
    is_folder = target.is_folder, automation_mode = target.automation_mode,
  }
end

--- Writes the audio and returns its description; raises a fault where there is nothing to hear.
function request.send_audio(spool, target, id, stretches)
  local name = id .. ".wav"
  local sample_rate_hz = capture.sample_rate_hz(target.project)
  local function open() return reaper.CreateTrackAudioAccessor(target.track) end
  local taken, is_audible = capture.write(open, target.name, stretches, sample_rate_hz, spool:path("audio", name) .. ".part")
  if not is_audible then
    user_error.raise("%s is silent from %.1f s to %.1f s. Select a time range in which it plays.", target.name,
      stretches[1].start_s, stretches[#stretches].end_s)
  end
  spool:publish("audio", name)
  return { file = name, sample_rate_hz = sample_rate_hz, channels = capture.CHANNELS, excerpts = json.array(taken) }
end

--- What is heard of a track: its items, before the FX. Returns range and audio in the words of a request. Settings that
-- move need all of a range and cannot do with excerpts of it.
function request.listen(spool, target, options, id)
  local range, segments = capture.range(target.project, target.track, target.name)
  if options.automation and range.end_s - range.start_s > excerpts.LIMIT_S then
    user_error.raise("Automation is written over %d s at most, and %s has %.0f s. Select a shorter time range.",
      excerpts.LIMIT_S, target.name, range.end_s - range.start_s)
  end
  return range, request.send_audio(spool, target, id, excerpts.choose(segments, range.start_s, range.end_s))
end

--- No sound, for what can be answered without.
function request.no_sound(_, target, _, id)
  return { start_s = 0.0, end_s = 0.0, source = "items" }, {
    file = id .. ".wav", sample_rate_hz = capture.sample_rate_hz(target.project), channels = capture.CHANNELS,
    excerpts = json.array(),
  }
end

--- The words of a request about a target, and what was heard of it (see `heard.change`).
function request.describe(spool, target, options, id)
  local project = describe_project(target.project)
  local listen = options.only_missing and request.no_sound or options.listen or request.listen
  local range, audio = listen(spool, target, options, id)
  local contents = capture.contents(target.track, range)
  local chain, kept = snapshot.take(target.project, target.track, options.automation)
  return {
    schema = version.schema, script_version = version.script, id = id, action = "automix",
    project = project, track = describe_track(target), range = range,
    audio = audio, fx = chain, options = describe_options(options),
  }, { change_count = project.change_count, range = range, contents = contents, chain = kept }
end

--- Sends the target and returns the id of the request and what was heard. `started` is called with the id before any
-- file is written.
function request.send(spool, target, options, started)
  local id = spool.new_id()
  started(id)
  local message, record = request.describe(spool, target, options, id)
  spool:write("requests", id .. ".json", json.encode(message))
  return id, record
end

return request
