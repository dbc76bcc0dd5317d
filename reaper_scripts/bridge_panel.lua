-- @description Bridge: Panel
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Panel
--   A window that can be docked: the daemon, model, style and reference, amount, compare, and every change with its
--   reason. Works by mouse and by keyboard; needs no extension.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("panel.panel").run(folder)
