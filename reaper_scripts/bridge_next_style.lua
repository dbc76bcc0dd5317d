-- @description Bridge: Auto-mix again with the next style
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about Styles follow each other as `reaper-bridge styles` lists them; then none; then the first again.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.next_style").run()
