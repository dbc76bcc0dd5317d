-- @description Bridge: Move the amount for a control surface
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Move the amount for a control surface
--   Started by Bridge's daemon when a fader moves or a button is pressed. By hand it does nothing.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("surface").run(folder)
