--- Checks a reply before anything of it is believed: its id, its status, and every write.
local user_error = require("runtime.user_error")
local json = require("exchange.json")
local ticks = require("runtime.ticks")

local reply = {}

local STATUSES = { apply = true, unchanged = true, add_fx = true, error = true }
local WRITE_FIELDS = {
  fx_guid = "string", ident = "string", index = "number", before = "number", normalized = "number", tolerance = "number",
}

local function demand(condition, what)
  if not condition then
    user_error.raise("The daemon's reply is malformed: %s. Nothing was changed. Run the action again, and report this if it stays.", what)
  end
end

local function check_list(message, name)
  if message[name] == nil then message[name] = json.array() end
  demand(json.is_array(message[name]), name .. " is no list")
  return message[name]
end

local function check_write(write)
  demand(type(write) == "table", "a write is no object")
  for name, kind in pairs(WRITE_FIELDS) do
    demand(type(write[name]) == kind and (kind ~= "number" or json.is_finite(write[name])), "a write without a sound " .. name)
  end
  demand(write.normalized >= 0 and write.normalized <= 1, "a write outside 0..1")
  demand(math.tointeger(write.index) and write.index >= 0, "a write with a broken index")
  write.index = math.tointeger(write.index)
  if write.eq_band == json.null then write.eq_band = nil end
  local band = write.eq_band
  demand(band == nil or type(band) == "table" and math.tointeger(band.band_type) and math.tointeger(band.band_index), "a write with a broken band")
end

--- A curve: straight lines between points of {project time in seconds, normalized}, in rising order.
local function check_curve(curve)
  demand(type(curve) == "table" and json.is_array(curve.points) and #curve.points > 0, "a curve without points")
  for _, name in ipairs({ "fx_guid", "ident" }) do demand(type(curve[name]) == "string", "a curve without a sound " .. name) end
  demand(math.tointeger(curve.index) and curve.index >= 0, "a curve with a broken index")
  curve.index = math.tointeger(curve.index)
  local last_s = -math.huge
  for _, point in ipairs(curve.points) do
    demand(json.is_array(point) and #point == 2 and type(point[1]) == "number" and type(point[2]) == "number", "a broken point")
    demand(json.is_finite(point[1]) and point[1] > last_s and point[2] >= 0 and point[2] <= 1, "a point out of order, or outside 0..1")
    last_s = point[1]
    ticks.breathe()
  end
end

--- Returns `message` where it answers request `id` and is sound; raises a fault otherwise.
function reply.check(message, id)
  demand(message.id == id, "it answers another request")
  demand(STATUSES[message.status], "its status is " .. tostring(message.status))
  demand(type(message.message) == "string", "it has no message")
  for _, write in ipairs(check_list(message, "writes")) do check_write(write) end
  for _, curve in ipairs(check_list(message, "curves")) do check_curve(curve) end
  for _, name in ipairs(check_list(message, "add_fx")) do demand(type(name) == "string", "an FX without a name") end
  for _, name in ipairs({ "changes", "left_alone" }) do
    for _, entry in ipairs(check_list(message, name)) do demand(type(entry) == "table", "a broken entry of " .. name) end
  end
  demand(message.status ~= "apply" or #message.writes + #message.curves > 0, "it applies nothing")
  demand(message.status ~= "add_fx" or #message.add_fx > 0, "it adds nothing")
  if type(message.undo_text) ~= "string" or message.undo_text == "" then message.undo_text = "Bridge: Auto-mix track" end
  return message
end

return reply
