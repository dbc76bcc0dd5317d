--- Which models and styles there are: what the daemon has written into the spool about its models, and the styles that
-- lie in Bridge's folder. Reads only.
local fault = require("fault")
local json = require("json")
local version = require("version")

local offer = {}

local FILE = "offer.json"
local STYLE = "^(.+)%.safetensors$"
local MAX_STYLES = 500

local function read_models(spool)
  local is_sound, message = fault.guard(function()
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
function offer.styles(home)
  local separator, names = package.config:sub(1, 1), {}
  local folder = home .. separator .. "styles"
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
function offer.read(spool, home)
  return { models = spool and read_models(spool) or {}, styles = home and offer.styles(home) or {} }
end

return offer
