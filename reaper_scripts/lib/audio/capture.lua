--- Audio from REAPER into the spool, as it is before a track's FX: written to a WAV file in slices that never hold REAPER
-- up. Reads through one audio accessor, which is destroyed also where the user stops the script.
local cleanup = require("runtime.cleanup")
local json = require("exchange.json")
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")
local wav_writer = require("audio.wav_writer")

local capture = {}

local CHANNELS = 2
local CHUNK_FRAMES = 16384 -- REAPER accepts 65,536 at most; fewer keep a slice short
local MAX_RESTARTS = 5

--- Return the rate that REAPER works at: the project's own, else the audio device's.
function capture.sample_rate_hz(project)
  if reaper.GetSetProjectInfo(project, "PROJECT_SRATE_USE", 0, false) > 0 then
    return math.floor(reaper.GetSetProjectInfo(project, "PROJECT_SRATE", 0, false))
  end
  local is_open, text = reaper.GetAudioDeviceInfo("SRATE")
  return is_open and math.tointeger(tonumber(text)) or 48000
end

--- Return the audio of a request as a message. `taken`: {start_s, frames} of each stretch in the file.
function capture.message(id, sample_rate_hz, taken)
  return { file = id .. ".wav", sample_rate_hz = sample_rate_hz, channels = CHANNELS, excerpts = json.array(taken) }
end

--- Read one stretch into the writer. Returns its frames and whether any sample was not zero; nil where the track
-- changed meanwhile.
local function read_stretch(accessor, writer, stretch, buffer, sample_rate_hz)
  local frames = math.max(math.floor((stretch.end_s - stretch.start_s) * sample_rate_hz + 0.5), 1)
  local is_audible, done = false, 0
  while done < frames do
    ticks.breathe() -- before a read and not after it: nothing may change behind the last one
    if reaper.AudioAccessorStateChanged(accessor) then return nil end
    local count = math.min(CHUNK_FRAMES, frames - done)
    buffer.clear()
    local from_s = stretch.start_s + done / sample_rate_hz
    local status = reaper.GetAudioAccessorSamples(accessor, sample_rate_hz, CHANNELS, from_s, count, buffer)
    if status < 0 then user_error.raise("unreadable_audio") end
    local packed = wav_writer.pack(buffer.table(1, count * CHANNELS), count * CHANNELS)
    is_audible = is_audible or packed:find("[^\0]") ~= nil
    writer:write(packed)
    done = done + count
  end
  return frames, is_audible
end

--- Read all stretches; nil where the track changed meanwhile.
local function read_all(accessor, writer, stretches, sample_rate_hz)
  local buffer = reaper.new_array(CHUNK_FRAMES * CHANNELS)
  local taken, is_audible = {}, false
  for index, stretch in ipairs(stretches) do
    local frames, is_stretch_audible = read_stretch(accessor, writer, stretch, buffer, sample_rate_hz)
    if not frames then return nil end
    taken[index] = { start_s = stretch.start_s, frames = frames }
    is_audible = is_audible or is_stretch_audible
  end
  return taken, is_audible
end

--- Send the audio of `stretches` ({start_s, end_s} in seconds) as the file of `id`. `open` makes the accessor to read
-- through, `name` says whose it is. What changes while it is read is read again from the start. Returns the audio as a
-- message, and whether any of it can be heard.
function capture.send(spool, id, open, name, stretches, project)
  local accessor, writer, sample_rate_hz = open(), nil, capture.sample_rate_hz(project)
  local release = cleanup.open(function()
    reaper.DestroyAudioAccessor(accessor)
    if writer then writer:abandon() end
  end)
  for _ = 1, MAX_RESTARTS do
    writer = wav_writer.create(spool:path("audio", id .. ".wav") .. ".part", sample_rate_hz, CHANNELS)
    local taken, is_audible = read_all(accessor, writer, stretches, sample_rate_hz)
    if taken then
      writer:finish()
      writer = nil
      cleanup.close(release)
      if is_audible then spool:publish("audio", id .. ".wav") end
      return capture.message(id, sample_rate_hz, taken), is_audible
    end
    writer:abandon()
    reaper.AudioAccessorUpdate(accessor)
    ticks.wait()
  end
  cleanup.close(release)
  user_error.raise("audio_kept_changing", { track = name })
end

return capture
