-- @description Bridge: Master the mix
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Master the mix
--   Sets the FX on the master track by listening to the mix, which REAPER renders for it. One undo step.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("automix").run(folder, require("mastering").options())
