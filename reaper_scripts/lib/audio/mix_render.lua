--- The mix as the master's FX receive it, which no script can read: REAPER renders it. The project's render settings are
-- used for that and put back as they were.
local capture = require("audio.capture")
local cleanup = require("runtime.cleanup")
local excerpts = require("audio.excerpts")
local items = require("track.items")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")
local wav_reader = require("audio.wav_reader")

local mix_render = {}

local MODEL = "mastering"
local RENDER = 42230 -- File: Render project, using the most recent render settings, auto-close render dialog
local FLOAT_WAVE = "ZXZhdyAAAAA=" -- "evaw", 32 bits: floating point
local WHOLE_PROJECT, TIME_SELECTION = 1, 2
local NUMBERS = {
  RENDER_SETTINGS = 0, RENDER_CHANNELS = 2, RENDER_TAILFLAG = 0, RENDER_ADDTOPROJ = 0, RENDER_DITHER = 0, RENDER_NORMALIZE = 0,
}
local BEFORE_FX = { I_FXEN = 0, D_VOL = 1, D_PAN = 0 } -- of the master while it renders: as its FX receive it

--- Run `work` while what `read` and `write` reach by name has `values`; put back what was there, also after an error.
local function with_values(values, read, write, work)
  local saved = {}
  for name, value in pairs(values) do
    saved[name] = read(name)
    write(name, value)
  end
  local is_sound, problem = user_error.guard(work)
  for name, value in pairs(saved) do write(name, value) end
  if not is_sound then error(problem, 0) end
end

--- Have REAPER render the mix, to `folder`/`name`.wav.
local function render(target, folder, name, range, rate_hz)
  local project, track = target.project, target.track
  local numbers = { RENDER_SRATE = rate_hz, RENDER_BOUNDSFLAG = range.source == "time selection" and TIME_SELECTION or WHOLE_PROJECT }
  for key, value in pairs(NUMBERS) do numbers[key] = value end
  local texts = { RENDER_FILE = folder, RENDER_PATTERN = name, RENDER_FORMAT = FLOAT_WAVE }
  local function number(key) return reaper.GetSetProjectInfo(project, key, 0, false) end
  local function set_number(key, value) reaper.GetSetProjectInfo(project, key, value, true) end
  local function text(key) return select(2, reaper.GetSetProjectInfo_String(project, key, "", false)) end
  local function set_text(key, value) reaper.GetSetProjectInfo_String(project, key, value, true) end
  local function of_track(key) return reaper.GetMediaTrackInfo_Value(track, key) end
  local function set_of_track(key, value) reaper.SetMediaTrackInfo_Value(track, key, value) end
  with_values(numbers, number, set_number, function()
    with_values(texts, text, set_text, function()
      with_values(BEFORE_FX, of_track, set_of_track, function() reaper.Main_OnCommandEx(RENDER, 0, project) end)
    end)
  end)
end

--- Listen to the mix; see `request.capture`.
function mix_render.capture(spool, target, _, id)
  local project, rate_hz = target.project, capture.sample_rate_hz(target.project)
  local range = items.time_selection(project) or { start_s = 0.0, end_s = reaper.GetProjectLength(project), source = "project" }
  if range.end_s <= range.start_s then user_error.raise("no_mix") end
  range.cuts_items = range.source == "time selection"
  local name = spool.new_id()
  local rendered = spool:path("audio", name .. ".wav")
  local release = cleanup.open(function() os.remove(rendered) end)
  render(target, spool:folder("audio"), name, range, rate_hz)
  local stretches = excerpts.choose({ range }, range.start_s, range.end_s)
  local taken, is_audible = wav_reader.copy(rendered, spool:path("audio", id .. ".wav") .. ".part", stretches, range.start_s, rate_hz)
  cleanup.close(release)
  if not is_audible then user_error.raise("silent_mix") end
  spool:publish("audio", id .. ".wav")
  return range, capture.message(id, rate_hz, taken)
end

--- The options of an action that masters; see `actions.automix`.
function mix_render.options()
  return { model = MODEL, targets = tracks.master, is_master_meant = true, capture = mix_render.capture }
end

return mix_render
