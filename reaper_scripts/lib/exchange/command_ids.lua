--- By which named ids REAPER knows the scripts that the daemon starts. A script's id is made of the place where it lies:
-- `reaper-bridge install` puts scripts where the daemon expects them. Those that lie elsewhere (a ReaPack repository of
-- another name, a copy by hand) are entered in the action list, where they are not yet, and the daemon is told.
local bridge_folder = require("runtime.bridge_folder")
local json = require("exchange.json")
local version = require("exchange.version")

local command_ids = {}

local FILE = "commands.json"
local STARTED = { "bridge_surface_automix.lua", "bridge_surface_live.lua" }
local MAIN_SECTION = 0
local INSTALLED = "home.txt" -- only the installer leaves one beside the scripts

local function find(path)
  local number = reaper.file_exists(path) and reaper.AddRemoveReaScript(true, MAIN_SECTION, path, true) or 0
  local name = number > 0 and reaper.ReverseNamedCommandLookup(number)
  return name and "_" .. name or nil
end

--- Tell the daemon, once while REAPER runs.
function command_ids.publish(spool)
  local scripts_folder = bridge_folder.scripts()
  if reaper.file_exists(scripts_folder .. INSTALLED) then return end
  local published = scripts_folder .. " " .. spool.root
  if reaper.GetExtState("Bridge", "commands_told") == published then return end
  local found = {}
  for _, script in ipairs(STARTED) do found[script] = find(scripts_folder .. script) end
  spool:replace(".", FILE, json.encode({ schema = version.schema, commands = found }))
  reaper.SetExtState("Bridge", "commands_told", published, false)
end

return command_ids
