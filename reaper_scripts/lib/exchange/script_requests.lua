--- What control surfaces ask of REAPER by way of the daemon, and the answers. Each ask is one file with a name of its
-- own; who takes it removes it, so that it is done once. Does nothing of what is asked.
local user_error = require("runtime.user_error")
local json = require("exchange.json")
local version = require("exchange.version")

local script_requests = {}

local MAX_AGE_S = 120 -- what waited longer, while REAPER was busy or closed, surprises more than it helps
local NAME = "^(%x+%-%x+%-%x+%-%x+%-%x+)%.json$"

local function decode(text, id)
  local ask = json.decode(text)
  if type(ask) ~= "table" or ask.schema ~= version.schema or ask.id ~= id or type(ask.kind) ~= "string" then return nil end
  if type(ask.number) ~= "number" or type(ask.time_s) ~= "number" then return nil end
  for _, name in ipairs({ "amount", "track", "style", "gesture" }) do
    if ask[name] == json.null then ask[name] = nil end
  end
  if ask.amount and (type(ask.amount) ~= "number" or ask.amount ~= ask.amount) then return nil end
  if ask.track and not math.tointeger(ask.track) then return nil end
  if math.abs(os.time() - ask.time_s) > MAX_AGE_S then return nil end
  ask.text = text
  return ask
end

local function names(spool)
  local folder, found = spool.root .. "asks", {}
  reaper.EnumerateFiles(folder, -1) -- look again
  while true do
    local name = reaper.EnumerateFiles(folder, #found)
    if not name then return found end
    found[#found + 1] = name
  end
end

--- Takes the asks of these kinds (a set) out of the spool, in the order in which they were asked. A broken one is
-- dropped.
function script_requests.take(spool, kinds)
  local taken = {}
  for _, name in ipairs(names(spool)) do
    local id = name:match(NAME)
    local is_sound, ask = user_error.guard(function()
      local text = id and spool:read("asks", name)
      return text and decode(text, id)
    end)
    local is_foreign = is_sound and ask and not kinds[ask.kind]
    if id and not is_foreign then spool:remove("asks", name) end
    if is_sound and ask and not is_foreign then taken[#taken + 1] = ask end -- whoever ends before it is done puts it back
  end
  table.sort(taken, function(a, b) return a.number < b.number end)
  return taken
end

--- Puts an ask back that was taken and not done, for the next run.
function script_requests.put_back(spool, ask)
  spool:write("asks", ask.id .. ".json", ask.text)
end

--- Answers under `id`; `fields` hold at least a status and a message.
function script_requests.answer(spool, id, fields)
  fields.schema, fields.id = version.schema, id
  spool:write("answers", id .. ".json", json.encode(fields))
end

return script_requests
