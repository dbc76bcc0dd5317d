--- The record of the newest job of each track: what was set, from where to where, and what has been set since.
-- The panel shows it, and the amount moves by it. It lies in the spool, so that it outlives REAPER and the daemon.
-- Sets nothing on the track.
local user_error = require("runtime.user_error")
local json = require("exchange.json")
local fx_info = require("track.fx_info")
local version = require("exchange.version")

local applied_state = {}

local FOLDER = "applied"
local MAX_STATES = 32

local function file_name(guid)
  return guid:gsub("[{}]", "") .. ".json"
end

local function write_record(track, step, result)
  local write = step.write
  local _, fx_name = reaper.TrackFX_GetFXName(track, step.fx)
  local _, name = reaper.TrackFX_GetParamName(track, step.fx, step.parameter)
  return {
    fx_guid = write.fx_guid, fx_index = step.fx, fx_name = fx_name,
    ident = write.ident, index = step.parameter, name = name,
    control = write.control or "", unit = write.unit or "",
    before = step.before, start = type(write.start) == "number" and write.start or step.before, after = write.normalized,
    before_text = step.before_text, after_text = result.text,
    step = fx_info.step(track, step.fx, step.parameter),
    confidence = write.confidence or 1, is_switch = write.is_switch == true,
    band = not step.is_band_enabled and step.band or nil,
  }
end

--- The record of a job that was applied; `run` is the id of the first job of the same action.
local function record_of(job, run)
  local track, writes, values = job.target.track, json.array(), json.array()
  local before = json.array()
  for index, step in ipairs(job.steps) do
    local result = job.results[index]
    if step.fx and (result.status == "ok" or result.status == "differs") then
      writes[#writes + 1] = write_record(track, step, result)
      before[#before + 1], values[#values + 1] = step.before, result.read
    end
  end
  local _, path = reaper.EnumProjects(-1)
  local reply = job.reply
  return {
    schema = version.schema, id = job.id, run = run, time_s = os.time(), project = path,
    track = { guid = job.target.guid, index = job.target.index, name = job.target.name },
    decision = reply.decision or json.null, amount = 1.0, is_compared = false, model = reply.model or json.null,
    writes = writes, states = json.array({ { amount = 0.0, values = before }, { amount = 1.0, values = values } }),
    changes = reply.changes, left_alone = reply.left_alone, measures = reply.measures or json.null,
    verified = reply.verified and reply.verified.measures or json.null,
  }
end

local known = {} -- by GUID: the text that was read or written last and the record in it

--- A record of its own for whoever asks: some of them change it. Far quicker than to decode it again.
local function copy(value)
  if type(value) ~= "table" or value == json.null then return value end
  local made = {}
  for key, inner in pairs(value) do made[key] = copy(inner) end
  return setmetatable(made, getmetatable(value))
end

--- Write a record in the place of the track's older one. `pause`: see `json.encode`.
function applied_state.save(spool, record, pause)
  record.time_s = os.time()
  while #record.states > MAX_STATES do table.remove(record.states, 1) end
  local text = json.encode(record, pause)
  spool:replace(FOLDER, file_name(record.track.guid), text)
  if pause then pause() end -- a long record is copied in a slice of its own
  known[record.track.guid] = { text = text, record = copy(record) } -- read again, it need not be decoded
end

--- Keep what a job has set. `run` is the id of the first job of the same action.
function applied_state.keep(spool, job, run)
  applied_state.save(spool, record_of(job, run))
end

local WRITE_FIELDS = {
  fx_guid = "string", fx_name = "string", ident = "string", name = "string", index = "number", before = "number",
  start = "number", after = "number", step = "number", before_text = "string", after_text = "string",
}

local function is_sound_write(write)
  if type(write) ~= "table" or not math.tointeger(write.index) then return false end
  if json.odd_field(write, WRITE_FIELDS) then return false end
  local band = write.band
  return band == nil or type(band) == "table" and math.tointeger(band.band_type) ~= nil and math.tointeger(band.band_index) ~= nil
end

local function is_sound_state(state, count)
  if type(state) ~= "table" or type(state.amount) ~= "number" or not json.is_array(state.values) then return false end
  for place = 1, count do
    if type(state.values[place]) ~= "number" then return false end
  end
  return true
end

--- Brings a record of Bridge 0.1.0 up to date: its reasons were sentences, and go; what it set can be moved on.
local function migrate(record)
  if type(record) ~= "table" or record.schema ~= 1 then return end
  record.schema, record.left_alone, record.message = version.schema, json.array(), nil
  for _, list in ipairs({ record.writes, record.changes }) do
    for _, entry in ipairs(type(list) == "table" and list or {}) do
      if type(entry) == "table" then entry.reason = nil end
    end
  end
end

--- The record in a text, or nil where anything of it is not as `record_of` makes it.
local function decode(text)
  local record = json.decode(text)
  migrate(record)
  if type(record) ~= "table" or record.schema ~= version.schema or type(record.track) ~= "table" then return nil end
  if not json.is_array(record.writes) or not json.is_array(record.states) then return nil end
  if type(record.amount) ~= "number" or type(record.time_s) ~= "number" then return nil end
  for _, write in ipairs(record.writes) do
    if not is_sound_write(write) then return nil end
  end
  for _, state in ipairs(record.states) do
    if not is_sound_state(state, #record.writes) then return nil end
  end
  if record.gesture == json.null then record.gesture = nil end
  return record
end

--- Return the record of a track as it lies in the spool; nil where there is none.
function applied_state.read_text(spool, guid)
  return spool:read(FOLDER, file_name(guid))
end

--- Return the record of the track with this GUID, or nil where Bridge has set nothing there, or the record is broken.
function applied_state.read(spool, guid)
  local is_sound, record = user_error.guard(function()
    local text = applied_state.read_text(spool, guid)
    if not text then return nil end
    if not known[guid] or known[guid].text ~= text then known[guid] = { text = text, record = decode(text) } end
    return known[guid].record
  end)
  if not is_sound or not record or record.track.guid ~= guid then return nil end
  return copy(record)
end

return applied_state
