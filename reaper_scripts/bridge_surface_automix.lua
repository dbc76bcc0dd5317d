-- @description Bridge: Auto-mix for a control surface
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Auto-mix for a control surface
--   Started by Bridge's daemon when a control surface asks for an auto-mix. By hand it does nothing.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("asked").run(folder)
