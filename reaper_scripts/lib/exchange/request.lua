--- Listens to one track and sends it: audio first, then the message that names it.
local capture = require("audio.capture")
local excerpts = require("audio.excerpts")
local items = require("track.items")
local json = require("exchange.json")
local render = require("audio.render")
local snapshot = require("track.snapshot")
local sound_sources = require("track.sound_sources")
local source_items = require("track.source_items")
local ticks = require("runtime.ticks")
local track_render = require("audio.track_render")
local user_error = require("runtime.user_error")
local version = require("exchange.version")

local request = {}

--- The options of a request: those of the action, else what the user has chosen for all actions in the panel. `asks_for_tap`: the
-- daemon shall say before which FX REAPER is to render the track. `trial`: see `runtime.job_state`.
local function options_message(options, asks_for_tap, trial)
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
    ignore_unrendered = options.ignore_unrendered or nil,
    may_render = not options.is_master_meant and render.is_allowed() or nil,
    asks_for_tap = asks_for_tap or nil,
    verify = (options.is_master_meant or options.automation or options.levels) and "off" or render.verifies(),
    trial = trial and trial.message,
  }
end

--- Return where what is heard of the target lies, see `items.segments`, and how it comes together: of its own items, or where
-- REAPER renders it (`tap`, see `request.send`) of all that feed it.
function request.segments(target, tap)
  if tap then return source_items.segments(target.project, target.track) end
  return items.segments(target.project, target.track), ""
end

--- Listen to what of `range` holds sound, `merged`, through the stretches that stand for it. Returns range, audio and contents,
-- see `request.capture`; raises a user error where all is silent.
function request.capture_segments(spool, target, id, range, segments, routing, merged, tap)
  local stretches = excerpts.choose(merged, range.start_s, range.end_s)
  local contents = items.contents(segments, range, ticks.breathe) .. routing
  range.cuts_items = items.are_cut(segments, stretches)
  local audio, is_audible
  if tap then
    audio, is_audible = track_render.send(spool, id, target, tap.fx_guid, stretches, tap.show)
  else
    local function open() return reaper.CreateTrackAudioAccessor(target.track) end
    audio, is_audible = capture.send(spool, id, open, target.name, stretches, target.project)
  end
  if is_audible then return range, audio, contents end
  local silence = { track = target.name, start_s = stretches[1].start_s, end_s = stretches[#stretches].end_s, source = range.source }
  if tap then user_error.raise("silent_render", silence) end
  if sound_sources.has_midi(target.track) then user_error.raise("midi_track", { track = target.name }) end
  user_error.raise("silent", silence)
end

--- Listen to a track: its items before the FX, or what REAPER renders of it (`tap`). Returns range and audio as messages, and what
-- lay in the range (see `items.contents`). Automation needs all of a range, and cannot do with excerpts of it.
function request.capture(spool, target, options, id, tap)
  local segments, routing = request.segments(target, tap)
  local range, merged = items.range(target, segments)
  local length_s = range.end_s - range.start_s
  if options.automation and length_s > excerpts.LIMIT_S then
    user_error.raise("too_long", { track = target.name, most_s = excerpts.LIMIT_S, length_s = length_s })
  end
  return request.capture_segments(spool, target, id, range, segments, routing, merged, tap)
end

--- No sound, for what can be answered without.
function request.capture_nothing(_, target, _, id)
  return { start_s = 0.0, end_s = 0.0, source = "items" }, capture.message(id, capture.sample_rate_hz(target.project), {})
end

--- Return the request for a target as a message, and what the track was when it was made (see `track.track_changes`). For `tap` and
-- `asks_for_tap` see `request.send`.
function request.describe(spool, target, options, id, tap, asks_for_tap, trial)
  local project, track = target.project, target.track
  local is_bare = options.may_add_fx and reaper.TrackFX_GetCount(track) == 0 -- it is listened to once it has FX
  local has_sound = not (options.only_missing or is_bare or asks_for_tap)
  local capture_sound = has_sound and (options.capture or request.capture) or request.capture_nothing
  local range, audio, contents = capture_sound(spool, target, options, id, tap, trial)
  local change_count = reaper.GetProjectStateChangeCount(project) -- what is read from here on
  local sound = sound_sources.describe(track)
  local chain, kept = snapshot.take(project, track, options.automation)
  return {
    schema = version.schema, script_version = version.script, id = id, action = "automix",
    project = { path = select(2, reaper.EnumProjects(-1)), change_count = change_count },
    track = {
      guid = target.guid, index = target.index, name = target.name, muted = target.is_muted, is_folder = target.is_folder,
      automation_mode = target.automation_mode, channels = sound.channels, side_receives = sound.side_receives,
    },
    range = range, audio = audio, fx = chain, options = options_message(options, asks_for_tap, trial),
  }, { change_count = change_count, range = range, audio = audio, contents = contents, are_sources_meant = tap ~= nil, chain = kept }
end

--- Send the target of a job: sets its `id` and `snapshot`. `started` is called with the id before any file is written. Where REAPER
-- is to render its sound, `show(place, count)` is called before each of its renders; where it must and the job has no `tap` yet, the
-- request asks for one.
function request.send(spool, job, options, started, show)
  job.id = spool.new_id()
  started(job.id)
  local tap = job.tap and { fx_guid = job.tap, show = show } or nil
  local message
  message, job.snapshot = request.describe(spool, job.target, options, job.id, tap, job.must_render and not tap, job.trial)
  spool:write("requests", job.id .. ".json", json.encode(message))
end

return request
