-- @description Bridge: Set amount
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about How much of what Bridge has set: where the knob stands that runs the action, or what is typed. One undo step.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.change_amount").set()
