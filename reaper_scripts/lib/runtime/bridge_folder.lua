--- Where daemon and scripts meet: the same folder that the daemon computes, without configuration.
-- Order: REAPER's ext state (for those who set it themselves), home.txt beside the actions, which the installer writes,
-- BRIDGE_HOME, the platform's default. The default covers scripts that came without the installer; on macOS it does not
-- know of XDG_DATA_HOME, which the daemon honours: there home.txt tells.
local bridge_folder = {}

local function first_line(path)
  local file = io.open(path, "r")
  if not file then return nil end
  local line = file:read("l")
  file:close()
  return line and line:match("^%s*(.-)%s*$")
end

local function given(text)
  return text and text ~= "" and text or nil
end

--- Windows hands environment variables over in its code page, while file names are UTF-8 in REAPER: for a user
-- name with an umlaut the folder is found beside REAPER's own.
local function windows_default()
  local folder = given(os.getenv("LOCALAPPDATA"))
  if folder and not folder:find("[\x80-\xFF]") then return folder .. "\\Bridge" end
  local profile = reaper.GetResourcePath():match("^(.*)[/\\]Roaming[/\\]")
  return profile and profile .. "\\Local\\Bridge"
end

local function platform_default()
  local system = reaper.GetOS()
  if system:find("^Win") then return windows_default() end
  local user = given(os.getenv("HOME"))
  if system:find("^OSX") or system:find("^macOS") then
    return user and user .. "/Library/Application Support/Bridge"
  end
  local data = given(os.getenv("XDG_DATA_HOME")) or user and user .. "/.local/share"
  return data and data .. "/Bridge"
end

--- The folder that the running action lies in; it ends in a separator.
function bridge_folder.scripts()
  return select(2, reaper.get_action_context()):match("^.*[/\\]")
end

--- Bridge's folder, or nil where nothing tells.
function bridge_folder.find()
  return given(reaper.GetExtState("Bridge", "home"))
    or given(first_line(bridge_folder.scripts() .. "home.txt"))
    or given(os.getenv("BRIDGE_HOME"))
    or platform_default()
end

return bridge_folder
