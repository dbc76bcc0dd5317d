-- @description Bridge: Auto-mix again with the next style
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Auto-mix again with the next style
--   Styles follow each other as `reaper-bridge styles` lists them; then none; then the first again.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("next_style").run(folder)
