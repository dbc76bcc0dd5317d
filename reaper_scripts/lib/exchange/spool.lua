--- The spool: one folder of messages between the scripts and the daemon. Every file is written as NAME.part and
-- renamed, so that nobody reads half of one. Knows paths, not what the messages say.
local bridge_folder = require("runtime.bridge_folder")
local user_error = require("runtime.user_error")

local spool = {}
spool.__index = spool

local FOLDERS = { "audio", "requests", "replies", "receipts", "progress", "applied", "asks", "answers" }
local MAX_MESSAGE_BYTES = 16 * 1024 * 1024

--- Find the spool in Bridge's folder (`home`), or nil where nothing tells where that is. Creates nothing.
function spool.find()
  local folder, separator = bridge_folder.find(), package.config:sub(1, 1)
  if not folder then return nil end
  local home = folder:gsub("[/\\]+$", "")
  return setmetatable({ home = home, root = home .. separator .. "spool" .. separator, separator = separator }, spool)
end

--- The same; raises a user error where there is no such folder.
function spool.open()
  return spool.find() or user_error.raise("no_bridge_folder")
end

--- Return the names of the files in a folder.
function spool.list(folder)
  local names = {}
  reaper.EnumerateFiles(folder, -1) -- look again
  repeat
    local name = reaper.EnumerateFiles(folder, #names)
    names[#names + 1] = name
  until not name
  return names
end

--- Return a new id for a message, which nobody else has: REAPER's GUID in lower case, without braces.
function spool.new_id()
  return reaper.genGuid(""):lower():match("%x[%x%-]+")
end

--- Create the folders.
function spool:create()
  for _, folder in ipairs(FOLDERS) do
    reaper.RecursiveCreateDirectory(self.root .. folder, 0)
  end
end

function spool:folder(folder)
  return self.root .. folder
end

function spool:path(folder, name)
  return self.root .. folder .. self.separator .. name
end

--- Move a finished NAME.part to NAME. Names are unique: on Windows a rename onto a file fails.
function spool:publish(folder, name)
  local path = self:path(folder, name)
  local is_done, problem = os.rename(path .. ".part", path)
  if not is_done then user_error.raise("not_renamed", { path = path, error = problem }) end
end

--- Write a whole file; raises a user error that names it where the disk is full or refuses.
function spool.write_file(path, text)
  local file, problem = io.open(path, "wb")
  if file then
    local is_written
    is_written, problem = file:write(text)
    local is_closed, close_problem = file:close()
    problem = not is_written and problem or not is_closed and close_problem or nil
  end
  if problem then
    os.remove(path)
    user_error.raise("not_written", { path = path, error = problem })
  end
end

--- Write a whole message; raises a user error where it is too long.
function spool:write(folder, name, text)
  if #text > MAX_MESSAGE_BYTES then
    user_error.raise("message_too_long", { bytes = #text, most = MAX_MESSAGE_BYTES })
  end
  spool.write_file(self:path(folder, name) .. ".part", text)
  self:publish(folder, name)
end

--- Write a whole message in the place of an older one. On Windows nothing can be renamed onto it.
function spool:replace(folder, name, text)
  self:remove(folder, name)
  self:write(folder, name, text)
end

--- Return the text of a message, or nil while it is not there. Raises a user error for one that is too long.
function spool:read(folder, name)
  local file = io.open(self:path(folder, name), "rb")
  if not file then return nil end
  local text = file:read(MAX_MESSAGE_BYTES + 1)
  file:close()
  if text and #text > MAX_MESSAGE_BYTES then
    user_error.raise("file_too_long", { path = self:path(folder, name) })
  end
  return text
end

function spool:remove(folder, name)
  os.remove(self:path(folder, name))
end

--- Remove everything of one job but its receipt, which the daemon takes.
function spool:sweep(id)
  for _, suffix in ipairs({ ".part", "" }) do
    self:remove("audio", id .. ".wav" .. suffix)
    self:remove("requests", id .. ".json" .. suffix)
  end
  self:remove("replies", id .. ".json")
  self:remove("members", id .. ".json")
  self:remove("progress", id .. ".json")
end

return spool
