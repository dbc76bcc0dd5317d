--- Gathers one track and sends it: audio first, then the message that names it.
local gather = require("gather")
local excerpts = require("excerpts")
local fault = require("fault")
local json = require("json")
local say = require("say")
local snapshot = require("snapshot")
local version = require("version")

local request = {}

--- An id that nobody else has: REAPER's GUID in lower case.
local function new_id()
  return reaper.genGuid(""):lower():match("^{?(%x+%-%x+%-%x+%-%x+%-%x+)}?$")
end

--- What the user has chosen for all actions, as the panel and the other actions store it.
local function options(may_add_fx)
  local amount = tonumber(reaper.GetExtState("Bridge", "amount_percent"))
  local model, style = reaper.GetExtState("Bridge", "model"), reaper.GetExtState("Bridge", "style")
  return {
    model = model ~= "" and model or nil,
    style = style ~= "" and style or nil,
    amount_percent = amount and math.min(math.max(amount, 0), 100) or 100,
    add_missing_fx = may_add_fx,
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
local function send_audio(spool, target, id, stretches)
  local name = id .. ".wav"
  local sample_rate_hz = gather.sample_rate_hz(target.project)
  local taken, is_audible = gather.write(target.track, target.name, stretches, sample_rate_hz, spool:path("audio", name) .. ".part")
  if not is_audible then
    fault.raise("%s is silent from %.1f s to %.1f s. Select a time range in which it plays.", target.name,
      stretches[1].start_s, stretches[#stretches].end_s)
  end
  spool:publish("audio", name)
  return { file = name, sample_rate_hz = sample_rate_hz, channels = gather.CHANNELS, excerpts = json.array(taken) }
end

--- Sends the target and returns the id of the request and what was heard (see `heard.change`). `started` is called with the id before any file is written.
function request.send(spool, target, may_add_fx, started)
  local range, segments = gather.range(target.project, target.track, target.name)
  local id = new_id()
  started(id)
  say.progress("listening to " .. target.name)
  local project = describe_project(target.project)
  local audio = send_audio(spool, target, id, excerpts.choose(segments, range.start_s, range.end_s))
  local contents = gather.contents(target.track, range)
  local chain, kept = snapshot.take(target.project, target.track)
  spool:write("requests", id .. ".json", json.encode({
    schema = version.schema, script_version = version.script, id = id, action = "automix",
    project = project, track = describe_track(target), range = range,
    audio = audio, fx = chain, options = options(may_add_fx),
  }))
  return id, { change_count = project.change_count, range = range, contents = contents, chain = kept }
end

return request
