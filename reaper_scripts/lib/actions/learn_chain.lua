--- "Learn this chain": the FX of a track with all that they display, written to a file of which the command line makes a
-- chain that a model can be trained for (`reaper-bridge chain from-snapshot`).
local json = require("exchange.json")
local messages = require("ui.messages")
local request = require("exchange.request")
local open_spool = require("exchange.spool").open
local ticks = require("runtime.ticks")
local tracks = require("track.tracks")
local user_error = require("runtime.user_error")

local learn_chain = {}

local FOLDER = "snapshots"

--- A file's name from a track's: letters and digits of every script stay, signs that mean something to a disk go.
local function file_name(track_name)
  local plain = track_name:gsub('[%c/\\:*?"<>|.]', " "):gsub("^%s+", ""):gsub("%s+$", "")
  return string.format("%s %s.json", plain == "" and "track" or plain:sub(1, 60), os.date("%Y-%m-%d %H-%M-%S"))
end

--- Write the snapshot of a target into Bridge's folder; returns what to tell the user. Waits: inside `ticks.run`.
function learn_chain.export(spool, target)
  if reaper.TrackFX_GetCount(target.track) == 0 then user_error.raise("nothing_to_learn", { track = target.name }) end
  local message = request.describe(spool, target, { capture = request.capture_nothing }, spool.new_id())
  local folder = spool.home .. spool.separator .. FOLDER
  reaper.RecursiveCreateDirectory(folder, 0)
  local path = folder .. spool.separator .. file_name(target.name)
  spool.write_file(path, json.encode(message))
  return string.format("The chain of %s lies in %s. In a terminal: reaper-bridge chain from-snapshot \"%s\" -o my-chain.toml",
    target.name, path, path)
end

--- The action, for the first selected track.
function learn_chain.run()
  ticks.run(function()
    local target = tracks.selected(reaper.EnumProjects(-1))[1]
    messages.done({ "Bridge: " .. learn_chain.export(open_spool(), target) })
  end, messages.problem)
end

return learn_chain
