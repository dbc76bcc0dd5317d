--- REAPER's own render, for what no script can read: the mix, or a track whatever feeds it. The project's render settings are
-- used for that and put back as they were, whatever happens. A render is modal: nothing else runs meanwhile.
local user_error = require("runtime.user_error")

local render = {}

render.MIX = 0
render.STEM = 2 | 8192 -- the selected tracks, as they are before their faders

local RENDER = 42230 -- File: Render project, using the most recent render settings, auto-close render dialog
local FLOAT_WAVE = "ZXZhdyAAAAA=" -- "evaw", 32 bits: floating point
local NUMBERS = {
  RENDER_BOUNDSFLAG = 0, RENDER_CHANNELS = 2, RENDER_TAILFLAG = 0, RENDER_ADDTOPROJ = 0, RENDER_DITHER = 0, RENDER_NORMALIZE = 0,
}
local RECORDS = 4 -- of GetPlayStateEx

--- Return whether the user lets Bridge have REAPER render tracks.
function render.is_allowed()
  return reaper.GetExtState("Bridge", "render") ~= "never"
end

--- Return when the user wants settings verified by renders: "off", "needed" (where Bridge cannot render all that is heard) or "always".
function render.verifies()
  local choice = reaper.GetExtState("Bridge", "verify")
  if choice == "off" or not render.is_allowed() then return "off" end
  return choice == "always" and "always" or "needed"
end

--- Run `work` while what `read` and `write` reach by name has `values`; put back what was there, also after an error.
function render.with_values(values, read, write, work)
  local saved = {}
  for name, value in pairs(values) do
    saved[name] = read(name)
    write(name, value)
  end
  local is_sound, problem = user_error.guard(work)
  for name, value in pairs(saved) do write(name, value) end
  if not is_sound then error(problem, 0) end
end

--- Run `work` while a track has `values`, by their names in REAPER.
function render.with_track_values(track, values, work)
  local function read(name) return reaper.GetMediaTrackInfo_Value(track, name) end
  local function write(name, value) reaper.SetMediaTrackInfo_Value(track, name, value) end
  render.with_values(values, read, write, work)
end

--- The file that REAPER is about to write: it may put a number behind the name.
local function target_path(project, name, expected)
  local _, targets = reaper.GetSetProjectInfo_String(project, "RENDER_TARGETS", "", false)
  local first = targets:match("^[^;]+")
  return first and first:find(name, 1, true) and first or expected
end

--- Have REAPER render `what` (`render.MIX` or `render.STEM`) from `start_s` to `end_s` into a float WAV of two channels, called
-- `name`, in the spool's folder of audio. Returns its path; there is no file where the render was cancelled or failed.
function render.run(project, spool, what, name, start_s, end_s, rate_hz)
  if reaper.GetPlayStateEx(project) & RECORDS ~= 0 then user_error.raise("recording") end
  local path = spool:path("audio", name .. ".wav")
  local numbers = { RENDER_SETTINGS = what, RENDER_SRATE = rate_hz, RENDER_STARTPOS = start_s, RENDER_ENDPOS = end_s }
  for key, value in pairs(NUMBERS) do numbers[key] = value end
  local texts = { RENDER_FILE = spool:folder("audio"), RENDER_PATTERN = name, RENDER_FORMAT = FLOAT_WAVE, RENDER_FORMAT2 = "" }
  local function number(key) return reaper.GetSetProjectInfo(project, key, 0, false) end
  local function set_number(key, value) reaper.GetSetProjectInfo(project, key, value, true) end
  local function text(key) return select(2, reaper.GetSetProjectInfo_String(project, key, "", false)) end
  local function set_text(key, value) reaper.GetSetProjectInfo_String(project, key, value, true) end
  render.with_values(numbers, number, set_number, function()
    render.with_values(texts, text, set_text, function()
      path = target_path(project, name, path)
      reaper.Main_OnCommandEx(RENDER, 0, project)
    end)
  end)
  return path
end

return render
