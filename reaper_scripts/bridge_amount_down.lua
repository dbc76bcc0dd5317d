-- @description Bridge: Amount down
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Amount down
--   Ten percent less of what Bridge has set. What was touched since stays. One undo step.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("adjust").down(folder)
