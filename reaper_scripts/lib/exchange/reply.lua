--- Checks a reply before anything of it is believed: its id, its status, and every write.
local json = require("exchange.json")
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")

local reply = {}

local STATUSES = { apply = true, unchanged = true, add_fx = true, render = true, ["try"] = true, error = true }
local WRITE_FIELDS = {
  fx_guid = "string", ident = "string", index = "number", before = "number", normalized = "number", tolerance = "number",
}

--- Raise a user error that says what of the reply is malformed, unless `condition`.
function reply.ensure(condition, text)
  if not condition then user_error.raise("malformed_reply", { text = text }) end
end

local ensure = reply.ensure

local function check_list(message, name)
  if message[name] == nil then message[name] = json.array() end
  ensure(json.is_array(message[name]), name .. " is no list")
  return message[name]
end

local function check_place(entry, what)
  ensure(math.tointeger(entry.index) and entry.index >= 0, what .. " with a broken index")
  entry.index = math.tointeger(entry.index)
end

local function check_write(write)
  ensure(type(write) == "table", "a write is no object")
  local odd = json.odd_field(write, WRITE_FIELDS)
  ensure(not odd, "a write without a sound " .. tostring(odd))
  ensure(write.normalized >= 0 and write.normalized <= 1, "a write outside 0..1")
  check_place(write, "a write")
  if write.eq_band == json.null then write.eq_band = nil end
  local band = write.eq_band
  ensure(band == nil or type(band) == "table" and math.tointeger(band.band_type) and math.tointeger(band.band_index), "a write with a broken band")
end

--- Check a curve: straight lines between points of {project time in seconds, normalized}, in rising order.
local function check_curve(curve)
  ensure(type(curve) == "table" and json.is_array(curve.points) and #curve.points > 0, "a curve without points")
  local odd = json.odd_field(curve, { fx_guid = "string", ident = "string" })
  ensure(not odd, "a curve without a sound " .. tostring(odd))
  check_place(curve, "a curve")
  local last_s = -math.huge
  for _, point in ipairs(curve.points) do
    ensure(json.is_array(point) and #point == 2 and not json.odd_field(point, { "number", "number" }), "a broken point")
    ensure(point[1] > last_s and point[2] >= 0 and point[2] <= 1, "a point out of order, or outside 0..1")
    last_s = point[1]
    ticks.breathe()
  end
end

--- Check the FX to add: their names, and for each REAPER's own that may take its place, "" where none does.
local function check_added(message)
  for _, list in ipairs({ "add_fx", "add_instead" }) do
    for _, name in ipairs(check_list(message, list)) do ensure(type(name) == "string", "an FX without a name") end
  end
  for index, name in ipairs(message.add_instead) do message.add_instead[index] = name ~= "" and name end
  ensure(#message.add_instead == 0 or #message.add_instead == #message.add_fx, "other FX than it adds")
  if message.add_before == "" or message.add_before == json.null then message.add_before = nil end
end

--- Return `message` where it answers request `id` and is sound; raises a user error otherwise.
function reply.check(message, id)
  ensure(message.id == id, "it answers another request")
  ensure(STATUSES[message.status], "its status is " .. tostring(message.status))
  for _, write in ipairs(check_list(message, "writes")) do check_write(write) end
  for _, curve in ipairs(check_list(message, "curves")) do check_curve(curve) end
  check_added(message)
  for _, list in ipairs({ "unrendered", "computed" }) do
    for _, name in ipairs(message[list] and check_list(message, list) or {}) do ensure(type(name) == "string", "an FX without a name") end
  end
  for _, name in ipairs({ "changes", "left_alone" }) do
    for _, entry in ipairs(check_list(message, name)) do ensure(type(entry) == "table", "a broken entry of " .. name) end
  end
  ensure(message.status ~= "apply" or #message.writes + #message.curves > 0, "it applies nothing")
  ensure(message.status ~= "try" or (type(message.trial) == "table" and #message.writes > 0), "it tries nothing")
  ensure(message.status ~= "render" or (type(message.tap) == "string" and message.tap ~= ""), "it names no FX to render before")
  ensure(message.status ~= "add_fx" or #message.add_fx > 0, "it adds nothing")
  if type(message.undo_text) ~= "string" or message.undo_text == "" then message.undo_text = "Bridge: Auto-mix track" end
  return message
end

return reply
