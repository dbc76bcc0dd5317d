--- Which models and styles there are: what the daemon has written into the spool about its models, and the styles that
-- lie in Bridge's folder. Reads only.
local user_error = require("runtime.user_error")
local json = require("exchange.json")
local version = require("exchange.version")

local catalog = {}

local FILE = "offer.json"
local STYLE = "^(.+)%.safetensors$"
local MAX_STYLES = 500

local function read_models(spool)
  local is_sound, message = user_error.guard(function()
    local file = io.open(spool.root .. FILE, "rb")
    if not file then return nil end
    local text = file:read(1024 * 1024)
    file:close()
    return json.decode(text or "")
  end)
  if not is_sound or type(message) ~= "table" or message.schema ~= version.schema or not json.is_array(message.models) then return {} end
  local models = {}
  for _, model in ipairs(message.models) do
    if type(model) == "table" and type(model.name) == "string" then models[#models + 1] = model end
  end
  return models
end

--- The names of the styles, in the order of `bridge styles`.
function catalog.styles(spool)
  if not spool then return {} end
  local names, folder = {}, spool.home .. spool.separator .. "styles"
  reaper.EnumerateFiles(folder, -1) -- looks anew
  for index = 0, MAX_STYLES do
    local name = reaper.EnumerateFiles(folder, index)
    if not name then break end
    names[#names + 1] = name:match(STYLE)
  end
  table.sort(names)
  return names
end

--- {models = {{name, title}, ...}, styles = {name, ...}}.
function catalog.read(spool)
  return { models = spool and read_models(spool) or {}, styles = catalog.styles(spool) }
end

return catalog
