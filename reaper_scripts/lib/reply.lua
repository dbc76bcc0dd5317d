--- Checks a reply before anything of it is believed: its id, its status, and every write.
local fault = require("fault")
local json = require("json")

local reply = {}

local STATUSES = { apply = true, unchanged = true, add_fx = true, error = true }
local WRITE_FIELDS = {
  fx_guid = "string", ident = "string", index = "number", before = "number", normalized = "number", tolerance = "number",
}

local function demand(condition, what)
  if not condition then
    fault.raise("The daemon's reply is malformed: %s. Nothing was changed. Run the action again, and report this if it stays.", what)
  end
end

local function is_finite(number)
  return number == number and math.abs(number) < math.huge
end

local function check_list(message, name)
  if message[name] == nil then message[name] = json.array() end
  demand(json.is_array(message[name]), name .. " is no list")
  return message[name]
end

local function check_write(write)
  demand(type(write) == "table", "a write is no object")
  for name, kind in pairs(WRITE_FIELDS) do
    demand(type(write[name]) == kind and (kind ~= "number" or is_finite(write[name])), "a write without a sound " .. name)
  end
  demand(write.normalized >= 0 and write.normalized <= 1, "a write outside 0..1")
  demand(math.tointeger(write.index) and write.index >= 0, "a write with a broken index")
  write.index = math.tointeger(write.index)
  if write.eq_band == json.null then write.eq_band = nil end
  local band = write.eq_band
  demand(band == nil or type(band) == "table" and math.tointeger(band.band_type) and math.tointeger(band.band_index), "a write with a broken band")
end

--- Returns `message` where it answers request `id` and is sound; raises a fault otherwise.
function reply.check(message, id)
  demand(message.id == id, "it answers another request")
  demand(STATUSES[message.status], "its status is " .. tostring(message.status))
  demand(type(message.message) == "string", "it has no message")
  for _, write in ipairs(check_list(message, "writes")) do check_write(write) end
  for _, name in ipairs(check_list(message, "add_fx")) do demand(type(name) == "string", "an FX without a name") end
  for _, name in ipairs({ "changes", "left_alone" }) do
    for _, entry in ipairs(check_list(message, name)) do demand(type(entry) == "table", "a broken entry of " .. name) end
  end
  demand(message.status ~= "apply" or #message.writes > 0, "it applies nothing")
  demand(message.status ~= "add_fx" or #message.add_fx > 0, "it adds nothing")
  if type(message.undo_text) ~= "string" or message.undo_text == "" then message.undo_text = "Bridge: Auto-mix track" end
  return message
end

return reply
