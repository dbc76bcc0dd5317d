--- The mix as the master's FX receive it, which no script can read: REAPER renders it.
local capture = require("audio.capture")
local cleanup = require("runtime.cleanup")
local excerpts = require("audio.excerpts")
local items = require("track.items")
local render = require("audio.render")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")
local wav_reader = require("audio.wav_reader")

local mix_render = {}

local MODEL = "mastering"
local BEFORE_FX = { I_FXEN = 0, D_VOL = 1, D_PAN = 0 } -- of the master while it renders: as its FX receive it

--- Listen to the mix; see `request.capture`.
function mix_render.capture(spool, target, _, id)
  local project, rate_hz = target.project, capture.sample_rate_hz(target.project)
  local range = items.time_selection(project) or { start_s = 0.0, end_s = reaper.GetProjectLength(project), source = "project" }
  if range.end_s <= range.start_s then user_error.raise("no_mix") end
  range.cuts_items = range.source == "time selection"
  local name = spool.new_id()
  local rendered = spool:path("audio", name .. ".wav")
  local release = cleanup.open(function() os.remove(rendered) end)
  render.with_track_values(target.track, BEFORE_FX, function()
    rendered = render.run(project, spool, render.MIX, name, range.start_s, range.end_s, rate_hz)
  end)
  local stretches = excerpts.choose({ range }, range.start_s, range.end_s)
  local taken, is_audible = wav_reader.copy(rendered, spool:path("audio", id .. ".wav") .. ".part", stretches, range.start_s, rate_hz)
  cleanup.close(release)
  if not taken then user_error.raise("no_render") end
  if not is_audible then user_error.raise("silent_mix") end
  spool:publish("audio", id .. ".wav")
  return range, capture.message(id, rate_hz, taken)
end

--- The options of an action that masters; see `actions.automix`.
function mix_render.options()
  return { model = MODEL, targets = tracks.master, is_master_meant = true, capture = mix_render.capture }
end

return mix_render
