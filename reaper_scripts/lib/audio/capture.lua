--- A track's audio before its FX, written to a WAV file in slices that never hold REAPER up.
-- Reads through one audio accessor, which is destroyed also where the user stops the script.
local excerpts = require("audio.excerpts")
local user_error = require("runtime.user_error")
local ticks = require("runtime.ticks")
local wav_writer = require("audio.wav_writer")

local capture = {}

local CHANNELS = 2
local CHUNK_FRAMES = 16384 -- REAPER accepts 65,536 at most; fewer keep a slice short
local MAX_RESTARTS = 5

local open_accessor, open_writer

--- Releases what a read that was broken off has left. Also for `atexit`; harmless at any other time.
function capture.release()
  if open_accessor then reaper.DestroyAudioAccessor(open_accessor) end
  if open_writer then open_writer:abandon() end
  open_accessor, open_writer = nil, nil
end

--- Where the track's items lie, as {start_s, end_s}.
function capture.items(track)
  local segments = {}
  for index = 0, reaper.CountTrackMediaItems(track) - 1 do
    local item = reaper.GetTrackMediaItem(track, index)
    local start_s = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
    segments[index + 1] = { start_s = start_s, end_s = start_s + reaper.GetMediaItemInfo_Value(item, "D_LENGTH") }
  end
  return segments
end

--- What lies on the track within the range, as one text to compare: which items, where, how long.
function capture.contents(track, range)
  local items = {}
  for index = 0, reaper.CountTrackMediaItems(track) - 1 do
    local item = reaper.GetTrackMediaItem(track, index)
    local _, guid = reaper.GetSetMediaItemInfo_String(item, "GUID", "", false)
    local start_s = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
    local length_s = reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
    if range.source == "items" or (start_s < range.end_s and start_s + length_s > range.start_s) then
      items[#items + 1] = string.format("%s %.17g %.17g", guid, start_s, length_s)
    end
  end
  return table.concat(items, " ")
end

--- The rate that REAPER works at: the project's own, else the audio device's.
function capture.sample_rate_hz(project)
  if reaper.GetSetProjectInfo(project, "PROJECT_SRATE_USE", 0, false) > 0 then
    return math.floor(reaper.GetSetProjectInfo(project, "PROJECT_SRATE", 0, false))
  end
  local is_open, text = reaper.GetAudioDeviceInfo("SRATE")
  return is_open and math.tointeger(tonumber(text)) or 48000
end

--- The stretch to listen to: the time selection, else the extent of the track's items. Raises a fault where it is
-- empty. Returns the range and the parts of it that hold items.
function capture.range(project, track, name)
  local segments = capture.items(track)
  if #segments == 0 then
    user_error.raise("%s has no items: there is nothing to listen to. Select a track with audio on it.", name)
  end
  local start_s, end_s = reaper.GetSet_LoopTimeRange2(project, false, false, 0, 0, false)
  local source = "time selection"
  if end_s <= start_s then
    start_s, end_s, source = math.huge, 0, "items"
    for _, segment in ipairs(segments) do
      start_s, end_s = math.min(start_s, segment.start_s), math.max(end_s, segment.end_s)
    end
  end
  segments = excerpts.merge(segments, start_s, end_s)
  if #segments == 0 then
    user_error.raise("%s has no items in the time selection. Move the selection onto them or remove it.", name)
  end
  return { start_s = start_s, end_s = end_s, source = source }, segments
end

--- Reads one stretch into the writer. Returns its frames and whether any sample was not zero; nil where the track
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
    if status < 0 then user_error.raise("REAPER could not read the track's audio. Check that its media is online.") end
    local packed = wav_writer.pack(buffer.table(1, count * CHANNELS), count * CHANNELS)
    is_audible = is_audible or packed:find("[^\0]") ~= nil
    writer:write(packed)
    done = done + count
  end
  return frames, is_audible
end

--- Reads all stretches; nil where the track changed meanwhile.
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

--- Writes the stretches to `path` and returns {frames, start_s} of each, and whether anything was to be heard.
-- `open` makes the accessor to read through. What changes while it is read is read again from the start.
function capture.write(open, name, stretches, sample_rate_hz, path)
  capture.release()
  open_accessor = open()
  for _ = 1, MAX_RESTARTS do
    open_writer = wav_writer.create(path, sample_rate_hz, CHANNELS)
    local taken, is_audible = read_all(open_accessor, open_writer, stretches, sample_rate_hz)
    if taken then
      open_writer:finish()
      open_writer = nil
      capture.release()
      return taken, is_audible
    end
    open_writer:abandon()
    reaper.AudioAccessorUpdate(open_accessor)
    ticks.wait()
  end
  capture.release()
  user_error.raise("%s kept changing while Bridge listened. Stop recording or editing it, and run the action again.", name)
end

capture.CHANNELS = CHANNELS

return capture
