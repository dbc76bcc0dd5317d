-- @description Bridge: Set amount
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Set amount
--   How much of what Bridge has set: where the knob stands that runs the action, or what is typed. One undo step.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("adjust").set(folder)
