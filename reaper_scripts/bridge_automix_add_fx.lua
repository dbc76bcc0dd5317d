-- @description Bridge: Auto-mix track, adding missing FX
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Auto-mix track, adding missing FX
--   As "Bridge: Auto-mix track"; FX that the model needs and the track lacks are added first. One undo step for all.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("automix").run(folder, { may_add_fx = true })
