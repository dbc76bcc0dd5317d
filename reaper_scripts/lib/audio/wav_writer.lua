--- A float32 WAV file, written as it comes: interleaved samples in, header patched at the end.
-- Holds one chunk at a time; the caller renames the finished file.
local user_error = require("runtime.user_error")

local wav_writer = {}
wav_writer.__index = wav_writer

local HEADER_BYTES = 56
local VALUES_PER_PACK = 128
local PACK = "<" .. ("f"):rep(VALUES_PER_PACK)

local function header(sample_rate_hz, channels, frames)
  local data_bytes = frames * channels * 4
  return string.pack("<c4I4c4", "RIFF", HEADER_BYTES - 8 + data_bytes, "WAVE")
    .. string.pack("<c4I4I2I2I4I4I2I2", "fmt ", 16, 3, channels, sample_rate_hz, sample_rate_hz * channels * 4, channels * 4, 32)
    .. string.pack("<c4I4I4", "fact", 4, frames)
    .. string.pack("<c4I4", "data", data_bytes)
end

--- Little-endian float32 of `values[1..count]`.
function wav_writer.pack(values, count)
  local parts, whole = {}, count - count % VALUES_PER_PACK
  for first = 1, whole, VALUES_PER_PACK do
    parts[#parts + 1] = string.pack(PACK, table.unpack(values, first, first + VALUES_PER_PACK - 1))
  end
  if count > whole then
    parts[#parts + 1] = string.pack("<" .. ("f"):rep(count - whole), table.unpack(values, whole + 1, count))
  end
  return table.concat(parts)
end

local function check(self, is_done, problem)
  if is_done then return end
  self:abandon()
  user_error.raise("not_written", { path = self.path, error = problem })
end

--- Open `path` for writing; raises a user error that names it where that fails.
function wav_writer.create(path, sample_rate_hz, channels)
  local self = setmetatable({ path = path, sample_rate_hz = sample_rate_hz, channels = channels, frames = 0 }, wav_writer)
  local problem
  self.file, problem = io.open(path, "wb")
  check(self, self.file, problem)
  check(self, self.file:write(header(sample_rate_hz, channels, 0)))
  return self
end

--- Append bytes of `wav.pack`.
function wav_writer:write(packed)
  check(self, self.file:write(packed))
  self.frames = self.frames + #packed // (4 * self.channels)
end

--- Complete the header and closes the file.
function wav_writer:finish()
  check(self, self.file:seek("set", 0))
  check(self, self.file:write(header(self.sample_rate_hz, self.channels, self.frames)))
  local file = self.file
  self.file = nil
  check(self, file:close())
end

--- Close and removes what was written so far.
function wav_writer:abandon()
  if self.file then self.file:close() end
  self.file = nil
  os.remove(self.path)
end

return wav_writer
