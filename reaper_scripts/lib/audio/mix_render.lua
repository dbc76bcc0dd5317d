--- The mix as the master's FX receive it, or as it leaves them with values that are tried, which no script can read: REAPER
-- renders it.
local capture = require("audio.capture")
local cleanup = require("runtime.cleanup")
local excerpts = require("audio.excerpts")
local fx_info = require("track.fx_info")
local items = require("track.items")
local render = require("audio.render")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")
local wav_reader = require("audio.wav_reader")

local mix_render = {}

local MODEL = "mastering"
local BEFORE_FX = { I_FXEN = 0, D_VOL = 1, D_PAN = 0 } -- of the master while it renders: as its FX receive it
local BEHIND_FX = { D_VOL = 1, D_PAN = 0 } -- the same as it leaves them

--- Run `work` while the FX of a track have the values of `writes`; they are put back at once, also after an error.
local function with_written(track, writes, work)
  local values = {}
  local function place(write)
    local fx, parameter = fx_info.locate(track, write)
    if not fx then user_error.raise("target_gone") end
    return fx, parameter
  end
  for _, write in ipairs(writes) do
    place(write)
    values[write] = write.normalized
  end
  render.with_values(values, function(write)
    local fx, parameter = place(write)
    return reaper.TrackFX_GetParamNormalized(track, fx, parameter)
  end, function(write, value)
    local fx, parameter = place(write)
    reaper.TrackFX_SetParamNormalized(track, fx, parameter, value)
  end, work)
end

--- Listen to the mix; see `request.capture`. `trial`: what the FX are to be rendered with, see `runtime.job_state`; nil: the mix
-- before them.
function mix_render.capture(spool, target, _, id, _, trial)
  local project, rate_hz = target.project, capture.sample_rate_hz(target.project)
  local range = items.time_selection(project) or { start_s = 0.0, end_s = reaper.GetProjectLength(project), source = "project" }
  if range.end_s <= range.start_s then user_error.raise("no_mix") end
  range.cuts_items = range.source == "time selection"
  local name = spool.new_id()
  local rendered = spool:path("audio", name .. ".wav")
  local release = cleanup.open(function() os.remove(rendered) end)
  with_written(target.track, trial and trial.writes or {}, function()
    render.with_track_values(target.track, trial and BEHIND_FX or BEFORE_FX, function()
      rendered = render.run(project, spool, render.MIX, name, range.start_s, range.end_s, rate_hz)
    end)
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
