--- The sound of a track as one of its FX receives it, whatever it comes from: items, tracks in the folder, receives, instruments,
-- FX before that one. REAPER renders the track as a stem with that FX and all behind it bypassed. What is changed for a render is
-- put back in the same slice.
local capture = require("audio.capture")
local cleanup = require("runtime.cleanup")
local fx_chain = require("track.fx_chain")
local fx_info = require("track.fx_info")
local render = require("audio.render")
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")
local wav_reader = require("audio.wav_reader")
local wav_writer = require("audio.wav_writer")

local track_render = {}

local PREROLL_S = 1.0 -- rendered before each stretch and left out: FX that remember begin as if they had played before
local MOST_MISSING_S = 0.01 -- by which a render may be shorter than what was asked for
local AS_RENDERED = { B_MUTE = 0, D_VOL = 1, D_PAN = 0 } -- fader and pan: for a REAPER that knows no stems before the fader

--- The numbers of the FX that are on, from the one with `guid` on; those in containers among them.
local function active_from(target, guid)
  local track, numbers, is_reached = target.track, {}, false
  for _, one in ipairs(fx_chain.every(track)) do
    is_reached = is_reached or reaper.TrackFX_GetFXGUID(track, one.fx) == guid
    if is_reached and reaper.TrackFX_GetEnabled(track, one.fx) then
      local bypass = reaper.TrackFX_GetParamFromIdent(track, one.fx, ":bypass")
      if bypass >= 0 and fx_info.is_automated(track, one.fx, bypass) then
        user_error.raise("bypass_automated", { track = target.name, fx = select(2, reaper.TrackFX_GetFXName(track, one.fx)) })
      end
      numbers[#numbers + 1] = one.fx
    end
  end
  if not is_reached then user_error.raise("fx_gone_listening", { track = target.name }) end
  return numbers
end

--- Run `work` while the FX with these numbers are bypassed.
local function with_bypassed(track, numbers, work)
  for _, fx in ipairs(numbers) do reaper.TrackFX_SetEnabled(track, fx, false) end
  local is_sound, problem = user_error.guard(work)
  for _, fx in ipairs(numbers) do reaper.TrackFX_SetEnabled(track, fx, true) end
  if not is_sound then error(problem, 0) end
end

--- The tracks of which `read` says so.
local function tracks_that(project, read)
  local found = {}
  for index = 0, reaper.CountTracks(project) - 1 do
    local track = reaper.GetTrack(project, index)
    if read(track) then found[#found + 1] = track end
  end
  return found
end

--- Run `work` while this track alone is selected.
local function with_selection(target, work)
  local selected = {}
  for index = 0, reaper.CountSelectedTracks2(target.project, true) - 1 do
    selected[index + 1] = reaper.GetSelectedTrack2(target.project, index, true)
  end
  reaper.SetOnlyTrackSelected(target.track)
  local is_sound, problem = user_error.guard(work)
  reaper.SetTrackSelected(target.track, false)
  for _, track in ipairs(selected) do reaper.SetTrackSelected(track, true) end
  if not is_sound then error(problem, 0) end
end

--- Run `work` while no track is soloed: what is soloed is what a render holds.
local function without_solo(project, work)
  local soloed = tracks_that(project, function(track) return reaper.GetMediaTrackInfo_Value(track, "I_SOLO") ~= 0 end)
  local kept = {}
  for index, track in ipairs(soloed) do kept[index] = reaper.GetMediaTrackInfo_Value(track, "I_SOLO") end
  for _, track in ipairs(soloed) do reaper.SetMediaTrackInfo_Value(track, "I_SOLO", 0) end
  local is_sound, problem = user_error.guard(work)
  for index, track in ipairs(soloed) do reaper.SetMediaTrackInfo_Value(track, "I_SOLO", kept[index]) end
  if not is_sound then error(problem, 0) end
end

--- Have REAPER render a stretch of the track. Returns the file's path.
local function render_stem(spool, target, tap, name, from_s, to_s, rate_hz)
  local path
  local numbers = tap ~= "" and active_from(target, tap) or {}
  with_bypassed(target.track, numbers, function()
    with_selection(target, function()
      without_solo(target.project, function()
        render.with_track_values(target.track, AS_RENDERED, function()
          path = render.run(target.project, spool, render.STEM, name, from_s, to_s, rate_hz)
        end)
      end)
    end)
  end)
  return path
end

--- Render one stretch and append it to the file. Returns {start_s, frames}, and whether any of it can be heard.
local function append_stretch(spool, target, tap, stretch, writer, rate_hz)
  local name, path = spool.new_id(), nil
  local release = cleanup.open(function() os.remove(path or spool:path("audio", name .. ".wav")) end)
  local from_s = math.max(stretch.start_s - PREROLL_S, 0)
  path = render_stem(spool, target, tap, name, from_s, stretch.end_s, rate_hz)
  local taken, is_audible = wav_reader.append(path, writer, { stretch }, from_s, rate_hz)
  cleanup.close(release)
  if not taken then user_error.raise("no_track_render", { track = target.name }) end
  local frames, wanted_s = taken[1] and taken[1].frames or 0, stretch.end_s - stretch.start_s
  if frames / rate_hz < wanted_s - MOST_MISSING_S then
    user_error.raise("render_cut_short", { track = target.name, written_s = frames / rate_hz, wanted_s = wanted_s })
  end
  return taken[1], is_audible
end

--- Send the sound of the target as the FX with the GUID `tap` receives it ("": as it leaves the last FX) as the file of `id`, in
-- `stretches`. `show(place, count)` is called before each render, in a slice of its own: there the user can still cancel. Returns
-- the audio as a message, and whether any of it can be heard.
function track_render.send(spool, id, target, tap, stretches, show)
  local rate_hz = capture.sample_rate_hz(target.project)
  local writer = wav_writer.create(spool:path("audio", id .. ".wav") .. ".part", rate_hz, 2)
  local release = cleanup.open(function() writer:abandon() end)
  local taken, is_audible = {}, false
  for place, stretch in ipairs(stretches) do
    show(place, #stretches)
    ticks.wait()
    local row, is_stretch_audible = append_stretch(spool, target, tap, stretch, writer, rate_hz)
    taken[place], is_audible = row, is_audible or is_stretch_audible
  end
  ticks.wait()
  writer:finish()
  cleanup.forget(release)
  if is_audible then spool:publish("audio", id .. ".wav") end
  local message = capture.message(id, rate_hz, taken)
  message.tap = tap
  return message, is_audible
end

return track_render
