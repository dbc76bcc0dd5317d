--- A float32 WAV file that REAPER has rendered: stretches of it copied into one of the spool's, byte for byte.
local user_error = require("runtime.user_error")
local ticks = require("runtime.ticks")
local wav_writer = require("audio.wav_writer")

local wav_reader = {}

local FLOAT, EXTENSIBLE, BITS, CHANNELS = 3, 0xFFFE, 32, 2
local BYTES_PER_FRAME = 4 * CHANNELS
local CHUNK_BYTES = 32768 * BYTES_PER_FRAME
local MAX_CHUNKS = 64

local function refuse(path, what)
  user_error.raise("unusable_render", { path = path, text = what })
end

--- Where the samples lie: position and length in bytes.
local function find_samples(file, path, rate_hz)
  local head = file:read(12) or ""
  if head:sub(1, 4) ~= "RIFF" or head:sub(9) ~= "WAVE" then refuse(path, "is no WAV file") end
  local has_form = false
  for _ = 1, MAX_CHUNKS do
    local chunk = file:read(8)
    if not chunk or #chunk < 8 then break end
    local name, length = string.unpack("<c4I4", chunk)
    if name == "data" and has_form then return file:seek("cur"), length end
    if name == "fmt " then
      local tag, channels, rate, _, _, bits = string.unpack("<I2I2I4I4I2I2", file:read(16))
      if (tag ~= FLOAT and tag ~= EXTENSIBLE) or bits ~= BITS or channels ~= CHANNELS or rate ~= rate_hz then
        refuse(path, string.format("has %d channels of %d bits at %d Hz, not %d of %d at %d", channels, bits, rate, CHANNELS, BITS, rate_hz))
      end
      has_form, length = true, length - 16
    end
    file:seek("cur", length + length % 2)
  end
  refuse(path, "holds no samples")
end

--- Copy `frames` frames; returns how many there were and whether any sample was not zero.
local function copy_stretch(file, writer, frames)
  local is_audible, left = false, frames * BYTES_PER_FRAME
  while left > 0 do
    ticks.breathe()
    local bytes = file:read(math.min(CHUNK_BYTES, left))
    if not bytes then break end
    is_audible = is_audible or bytes:find("[^\0]") ~= nil
    writer:write(bytes)
    left = left - #bytes
  end
  return frames - left // BYTES_PER_FRAME, is_audible
end

local function copy_all(file, path, writer, stretches, origin_s, rate_hz)
  local first, bytes = find_samples(file, path, rate_hz)
  local all, taken, is_audible = bytes // BYTES_PER_FRAME, {}, false
  for _, stretch in ipairs(stretches) do
    local from = math.floor((stretch.start_s - origin_s) * rate_hz + 0.5)
    local frames = math.min(math.floor((stretch.end_s - stretch.start_s) * rate_hz + 0.5), all - from)
    file:seek("set", first + from * BYTES_PER_FRAME)
    local count, is_stretch_audible = copy_stretch(file, writer, math.max(frames, 0))
    if count > 0 then taken[#taken + 1] = { start_s = stretch.start_s, frames = count } end
    is_audible = is_audible or is_stretch_audible
  end
  return taken, is_audible
end

--- Append `stretches` of the file at `source`, which begins at project time `origin_s`, to what `writer` writes. Returns
-- {start_s, frames} of each, and whether any of it can be heard; nil where there is no such file. Raises a user error where the
-- file is not as expected.
function wav_reader.append(source, writer, stretches, origin_s, rate_hz)
  local file = io.open(source, "rb")
  if not file then return nil end
  local is_sound, taken, is_audible = user_error.guard(copy_all, file, source, writer, stretches, origin_s, rate_hz)
  file:close()
  if not is_sound then error(taken, 0) end
  return taken, is_audible
end

--- Copy `stretches` of the file at `source` into a new one at `target`; see `wav_reader.append`.
function wav_reader.copy(source, target, stretches, origin_s, rate_hz)
  local writer = wav_writer.create(target, rate_hz, CHANNELS)
  local is_sound, taken, is_audible = user_error.guard(wav_reader.append, source, writer, stretches, origin_s, rate_hz)
  if is_sound and taken then
    writer:finish()
    return taken, is_audible
  end
  writer:abandon()
  if not is_sound then error(taken, 0) end
  return nil
end

return wav_reader
