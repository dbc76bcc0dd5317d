--- Mastering: the FX of the master track are set by listening to the mix. What reaches those FX no script can read, so
-- REAPER renders it: the project's render settings are used for that and put back as they were.
local excerpts = require("audio.excerpts")
local user_error = require("runtime.user_error")
local capture = require("audio.capture")
local json = require("exchange.json")
local request = require("exchange.request")
local tracks = require("track.tracks")
local wav_reader = require("audio.wav_reader")

local mix_render = {}

local MODEL = "mastering"
local RENDER = 42230 -- File: Render project, using the most recent render settings, auto-close render dialog
local FLOAT_WAVE = "ZXZhdyAAAAA=" -- "evaw", 32 bits: floating point
local WHOLE_PROJECT, TIME_SELECTION = 1, 2
local NUMBERS = {
  RENDER_SETTINGS = 0, RENDER_CHANNELS = 2, RENDER_TAILFLAG = 0, RENDER_ADDTOPROJ = 0, RENDER_DITHER = 0, RENDER_NORMALIZE = 0,
}
local BEFORE_FX = { I_FXEN = 0, D_VOL = 1, D_PAN = 0 } -- of the master while it renders: as its FX hear it

--- Runs `work` while what `read` and `write` reach by name has `values`; puts back what was there, also after an error.
local function having(values, read, write, work)
  local saved = {}
  for name, value in pairs(values) do
    saved[name] = read(name)
    write(name, value)
  end
  local is_sound, problem = user_error.guard(work)
  for name, value in pairs(saved) do write(name, value) end
  if not is_sound then error(problem, 0) end
end

local function having_numbers(project, numbers, work)
  having(numbers, function(name) return reaper.GetSetProjectInfo(project, name, 0, false) end,
    function(name, value) reaper.GetSetProjectInfo(project, name, value, true) end, work)
end

local function having_texts(project, texts, work)
  having(texts, function(name) return select(2, reaper.GetSetProjectInfo_String(project, name, "", false)) end,
    function(name, text) reaper.GetSetProjectInfo_String(project, name, text, true) end, work)
end

local function before_fx(track, work)
  having(BEFORE_FX, function(name) return reaper.GetMediaTrackInfo_Value(track, name) end,
    function(name, value) reaper.SetMediaTrackInfo_Value(track, name, value) end, work)
end

--- Has REAPER render the mix as the master's FX hear it, to `folder`/`name`.wav.
local function render(target, folder, name, range, rate_hz)
  local numbers = { RENDER_SRATE = rate_hz, RENDER_BOUNDSFLAG = range.source == "time selection" and TIME_SELECTION or WHOLE_PROJECT }
  for key, value in pairs(NUMBERS) do numbers[key] = value end
  local texts = { RENDER_FILE = folder, RENDER_PATTERN = name, RENDER_FORMAT = FLOAT_WAVE }
  having_numbers(target.project, numbers, function()
    having_texts(target.project, texts, function()
      before_fx(target.track, function() reaper.Main_OnCommandEx(RENDER, 0, target.project) end)
    end)
  end)
end

local function range_of(project)
  local start_s, end_s = reaper.GetSet_LoopTimeRange2(project, false, false, 0, 0, false)
  if end_s > start_s then return { start_s = start_s, end_s = end_s, source = "time selection" } end
  return { start_s = 0.0, end_s = reaper.GetProjectLength(project), source = "items" }
end

local rendered -- the file, as long as it is there

--- Removes what was rendered. Also for `atexit`; harmless at any other time.
local function release()
  if rendered then os.remove(rendered) end
  rendered = nil
end

--- What the master's FX hear; see `request.listen`.
function mix_render.listen(spool, target, _, id)
  local range, rate_hz = range_of(target.project), capture.sample_rate_hz(target.project)
  if range.end_s <= range.start_s then user_error.raise("The project is empty: there is no mix to master.") end
  local name = spool.new_id()
  rendered = spool:path("audio", name .. ".wav")
  render(target, spool:folder("audio"), name, range, rate_hz)
  local stretches = excerpts.choose({ range }, range.start_s, range.end_s)
  local is_sound, taken, is_audible = user_error.guard(function()
    return wav_reader.copy(rendered, spool:path("audio", id .. ".wav") .. ".part", stretches, range.start_s, rate_hz)
  end)
  release()
  if not is_sound then error(taken, 0) end
  if not is_audible then user_error.raise("The mix is silent. Unmute what it is made of, or select a time range in which it plays.") end
  spool:publish("audio", id .. ".wav")
  return range, { file = id .. ".wav", sample_rate_hz = rate_hz, channels = capture.CHANNELS, excerpts = json.array(taken) }
end

--- What makes an action one that masters; see `automix`.
function mix_render.options()
  return { model = MODEL, targets = tracks.master, is_master_meant = true, listen = mix_render.listen, release = release }
end

return mix_render
