--- Which plugins the user prefers where FX are missing: the same list as `reaper-bridge prefer`, in Bridge's folder.
local json = require("exchange.json")
local spool = require("exchange.spool")
local user_error = require("runtime.user_error")

local preferences = {}

local FILE = "preferences.json"
local KINDS = { { "eq", "Equaliser" }, { "compressor", "Compressor" }, { "limiter", "Limiter (mastering)" } } -- as the daemon has them
local TITLE = "Bridge: preferred plugins"
local DIALOG = ",extrawidth=220,separator=\n"

local function path(own)
  return own.home .. own.separator .. FILE
end

--- The preferred names by kind; none where there is no file, or one that is no list.
local function read(own)
  local file = io.open(path(own), "rb")
  if not file then return {} end
  local text = file:read("a")
  file:close()
  local is_sound, kept = pcall(json.decode, text)
  return is_sound and type(kept) == "table" and not json.is_array(kept) and kept or {}
end

local function write(own, kept)
  local part = path(own) .. ".part"
  spool.write_file(part, json.encode(kept))
  os.remove(path(own)) -- on Windows nothing can be renamed onto it
  local is_done, problem = os.rename(part, path(own))
  if not is_done then user_error.raise("not_renamed", { path = path(own), error = problem }) end
end

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = line:match("^%s*(.-)%s*$") end
  return lines
end

--- Ask for the names, as the FX browser shows them; empty ones stand for REAPER's own. Returns whether the user has said so.
function preferences.edit(own)
  local kept, captions, values = read(own), {}, {}
  for place, kind in ipairs(KINDS) do
    captions[place], values[place] = kind[2], type(kept[kind[1]]) == "string" and kept[kind[1]] or ""
  end
  local is_given, text = reaper.GetUserInputs(TITLE, #KINDS, table.concat(captions, ",") .. DIALOG, table.concat(values, "\n"))
  if not is_given then return false end
  local lines = lines_of(text)
  for place, kind in ipairs(KINDS) do kept[kind[1]] = lines[place] ~= "" and lines[place] or nil end
  write(own, kept)
  return true
end

return preferences
