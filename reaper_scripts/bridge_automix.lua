-- @description Bridge: Auto-mix track
-- @version 0.1.0
-- @author Bridge
-- @provides
--   lib/*.lua
--   [main] bridge_automix_add_fx.lua
-- @about
--   # Bridge: Auto-mix track
--   Sets the plugins that are already on the selected tracks by listening to them, in one undo step.
--   Needs Bridge's daemon on the same computer: `reaper-bridge daemon`. No REAPER extension is needed.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("automix").run(folder, {})
