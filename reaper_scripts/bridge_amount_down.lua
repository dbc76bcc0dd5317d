-- @description Bridge: Amount down
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about Ten percent less of what Bridge has set. What was touched since stays. One undo step.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.change_amount").down()
