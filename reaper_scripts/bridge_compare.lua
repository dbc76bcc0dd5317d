-- @description Bridge: Compare before/after
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   The selected tracks as they were before Bridge, and back. What was touched since stays. One undo step each time.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.change_amount").compare()
