-- @description Bridge: Compare before/after
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Compare before/after
--   The selected tracks as they were before Bridge, and back. What was touched since stays. One undo step each time.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("adjust").compare(folder)
