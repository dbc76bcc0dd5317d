-- @description Bridge: Cancel
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Cancel
--   Stops what Bridge is doing, as long as nothing was written.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("cancelling").ask()
reaper.defer(function() end) -- a script that never defers gets an undo point of its own
