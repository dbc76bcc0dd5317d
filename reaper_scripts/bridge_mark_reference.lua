-- @description Bridge: Mark as reference
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Mark as reference
--   The selected item, else the selected track, is what "Bridge: Match to reference" comes close to in this project.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

local marking = require("marking")
marking.run(marking.mark_selected)
