--- What surrounds a script in the stand-in: the `reaper` table, arrays, the queue of `defer`, and strictness.
-- `call(name, count, ...)` is the stand-in's side of every API function: it returns true and the results, or false
-- and a message. `known` holds the names of the API, `load_gfx` makes the `gfx` table, whose calls `draw` carries out.
-- Returns the functions that the stand-in drives a script with.
local call, known, context, load_gfx, draw = ...

local reaper = {}
local queue, exits = {}, {}

local function finish(is_done, ...)
  if not is_done then error((...), 2) end
  return ...
end

---------------------------------------------------------------------------------------------- arrays

local MAX_ARRAY = 4194304
local VALUES_PER_UNPACK = 128
local UNPACK = "<" .. ("d"):rep(VALUES_PER_UNPACK)
local storages = setmetatable({}, { __mode = "k" })

local function misuse(...) return finish(call("?misuse", 1, string.format(...))) end

local function span(storage, offset, size, what)
  offset = offset or 1
  size = size or storage.size - offset + 1
  if offset < 1 or size < 0 or offset + size - 1 > storage.size then misuse("reaper.array.%s outside its %d values", what, storage.size) end
  return offset, size
end

--- Copies little-endian doubles into `values`.
local function unpack_into(values, bytes)
  local count = #bytes // 8
  for first = 1, count, VALUES_PER_UNPACK do
    local some = first + VALUES_PER_UNPACK - 1 <= count and { string.unpack(UNPACK, bytes, (first - 1) * 8 + 1) }
      or { string.unpack("<" .. ("d"):rep(count - first + 1), bytes, (first - 1) * 8 + 1) }
    table.move(some, 1, #some - 1, first, values)
  end
  return values
end

--- The values one by one. What REAPER fills in C costs much here, and mostly no more than a table of it is used:
-- so zeros (`is_clear`) and what was read last (`bytes`) only become values when they are.
local function values_of(storage)
  if storage.is_clear then
    for index = 1, storage.allocated do storage.values[index] = 0.0 end
  end
  if storage.bytes then unpack_into(storage.values, storage.bytes) end
  storage.is_clear, storage.bytes = false, nil
  return storage.values
end

local function array_methods(storage)
  local methods = {}
  function methods.clear(value, offset, size)
    offset, size = span(storage, offset, size, "clear")
    if offset == 1 and size == storage.allocated and (value or 0.0) == 0.0 then
      storage.is_clear, storage.bytes = true, nil
      return
    end
    local values = values_of(storage)
    for index = offset, offset + size - 1 do values[index] = value or 0.0 end
  end
  function methods.table(offset, size)
    offset, size = span(storage, offset, size, "table")
    if storage.bytes and offset == 1 and size * 8 == #storage.bytes then return unpack_into({}, storage.bytes) end
    return table.move(values_of(storage), offset, offset + size - 1, 1, {})
  end
  function methods.get_alloc() return storage.allocated end
  function methods.resize(size)
    if size > storage.allocated then misuse("reaper.array.resize beyond its %d values", storage.allocated) end
    storage.size = size
  end
  return methods
end

local Array = { __name = "reaper.array" }

function Array.__index(array, key)
  local storage = storages[array]
  if type(key) ~= "number" then
    return storage.methods[key] or misuse("reaper.array.%s is not simulated", tostring(key))
  end
  span(storage, key, 1, "[" .. key .. "]")
  return values_of(storage)[key]
end

function Array.__newindex(array, key, value)
  span(storages[array], key, 1, "[" .. tostring(key) .. "]")
  values_of(storages[array])[key] = value + 0.0
end

function Array.__len(array) return storages[array].size end

function reaper.new_array(size)
  if math.type(size) ~= "integer" or size < 1 or size > MAX_ARRAY then misuse("reaper.new_array takes a size of 1..%d", MAX_ARRAY) end
  local storage = { size = size, allocated = size, values = {}, is_clear = true }
  storage.methods = array_methods(storage)
  local array = setmetatable({}, Array)
  storages[array] = storage
  return array
end

--- The array holds what was read; the rest of it keeps what it held, as in REAPER.
local function fill(storage, bytes)
  if not storage.is_clear then values_of(storage) end
  storage.bytes = bytes
end

---------------------------------------------------------------------------------- Lua's own functions

local function defer(work)
  if type(work) ~= "function" then misuse("reaper.defer takes a function, not a %s", type(work)) end
  queue[#queue + 1] = work
  return true
end

reaper.defer, reaper.runloop = defer, defer

function reaper.atexit(work)
  if type(work) ~= "function" then misuse("reaper.atexit takes a function, not a %s", type(work)) end
  exits[#exits + 1] = work
  return true
end

function reaper.get_action_context() return true, context.path, 0, context.command, -1, -1, -1, "" end

local options = 0

function reaper.set_action_options(flags)
  if math.type(flags) ~= "integer" then misuse("reaper.set_action_options takes an integer, not %s", tostring(flags)) end
  options = flags
end

--------------------------------------------------------------------------------------------- the API

function reaper.GetAudioAccessorSamples(...)
  local arguments = table.pack(...)
  local storage = storages[arguments[6]]
  arguments[6] = storage and storage.size
  local status, bytes = finish(call("GetAudioAccessorSamples", arguments.n, table.unpack(arguments, 1, arguments.n)))
  if bytes then fill(storage, bytes) end
  return status
end

setmetatable(reaper, {
  __index = function(_, name)
    if not known[name] then misuse("reaper.%s does not exist in REAPER's API", tostring(name)) end
    local function bound(...) return finish(call(name, select("#", ...), ...)) end
    rawset(reaper, name, bound)
    return bound
  end,
})

local gfx, look = load_gfx(function(...) return finish(draw(...)) end, misuse)

_G.reaper = reaper
_G.gfx = gfx
_G.python = nil
setmetatable(_G, {
  __index = function(_, name) misuse("the global variable %s is read and does not exist", tostring(name)) end,
  __newindex = function(_, name) misuse("the global variable %s is written: scripts keep to local ones", tostring(name)) end,
})

local driver = {}

--- Runs the script's file. Returns true, or false and the problem.
function driver.run(source, chunk_name)
  local chunk, problem = load(source, chunk_name, "t")
  if not chunk then return false, problem end
  return xpcall(chunk, debug.traceback)
end

--- One tick: runs what was deferred before it. Returns true, or false and the problem.
function driver.tick()
  local due = queue
  queue = {}
  for _, work in ipairs(due) do
    local is_sound, problem = xpcall(work, debug.traceback)
    if not is_sound then queue = {} return false, problem end
  end
  return true
end

driver.look = look

function driver.is_waiting() return #queue > 0 end

--- What the script wants when it is run again while it runs: the flags of `set_action_options`.
function driver.options() return options end

--- Ends the script: drops what it has deferred and runs what it gave to `atexit`, last first.
function driver.exit()
  queue = {}
  local is_sound, problem = true, nil
  for index = #exits, 1, -1 do
    local is_done, what = xpcall(exits[index], debug.traceback)
    if not is_done then is_sound, problem = false, what end
  end
  exits = {}
  return is_sound, problem
end

return driver
