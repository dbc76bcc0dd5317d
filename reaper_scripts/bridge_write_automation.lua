-- @description Bridge: Write as automation
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Write as automation
--   As "Bridge: Auto-mix track", as envelope points over the time selection. Models whose settings move in time write
--   curves. What the envelopes hold outside of the time selection stays. One undo step.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("automix").run(folder, { automation = true })
