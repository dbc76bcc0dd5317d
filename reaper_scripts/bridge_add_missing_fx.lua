-- @description Bridge: Add missing FX
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Add missing FX
--   Adds the FX that the model needs and the selected tracks lack, and sets nothing. One undo step.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("automix").run(folder, { only_missing = true })
