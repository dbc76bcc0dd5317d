-- @description Bridge: Panel
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   A window that can be docked: the daemon, model, style and reference, amount, compare, and every change with its
--   reason. Works by mouse and by keyboard; needs no extension.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("ui.panel").run()
