--- What control surfaces ask of REAPER by way of the daemon, and the answers. Each request is one file with a name of its
-- own; who takes it removes it, so that it is done once. Does nothing of what is asked.
local json = require("exchange.json")
local user_error = require("runtime.user_error")
local version = require("exchange.version")

local script_calls = {}

local MAX_AGE_S = 120 -- what waited longer, while REAPER was busy or closed, surprises more than it helps
local FOLDER, NAME = "asks", "^(%x+%-%x+%-%x+%-%x+%-%x+)%.json$"

--- The request in a text; nil where it is none, or too old.
local function decode(text, id)
  local asked = json.decode(text)
  if type(asked) ~= "table" or asked.schema ~= version.schema or asked.id ~= id then return nil end
  if json.odd_field(asked, { kind = "string", number = "number", time_s = "number" }) then return nil end
  for _, name in ipairs({ "amount", "track", "style", "gesture" }) do
    if asked[name] == json.null then asked[name] = nil end
  end
  if asked.amount and json.odd_field(asked, { amount = "number" }) then return nil end
  if asked.track and not math.tointeger(asked.track) then return nil end
  if math.abs(os.time() - asked.time_s) > MAX_AGE_S then return nil end
  asked.text = text
  return asked
end

--- Take the requests of these kinds (a set) out of the spool, in the order in which they were made. A broken one is
-- dropped. Whoever ends before one is done puts it back.
function script_calls.take(spool, kinds)
  local taken = {}
  for _, name in ipairs(spool.list(spool:folder(FOLDER))) do
    local id = name:match(NAME)
    local is_sound, asked = user_error.guard(function()
      local text = id and spool:read(FOLDER, name)
      return text and decode(text, id)
    end)
    asked = is_sound and asked or nil
    local is_ours = not asked or kinds[asked.kind]
    if id and is_ours then spool:remove(FOLDER, name) end
    if asked and is_ours then taken[#taken + 1] = asked end
  end
  table.sort(taken, function(a, b) return a.number < b.number end)
  return taken
end

--- Put a request back that was taken and not done, for the next run.
function script_calls.put_back(spool, asked)
  spool:write(FOLDER, asked.id .. ".json", asked.text)
end

--- Answer under `id`; `fields` hold at least a status.
function script_calls.answer(spool, id, fields)
  fields.schema, fields.id = version.schema, id
  spool:write("answers", id .. ".json", json.encode(fields))
end

return script_calls
