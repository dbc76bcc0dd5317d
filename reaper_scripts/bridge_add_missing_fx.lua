-- @description Bridge: Add missing FX
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about Adds the FX that the model needs and the selected tracks lack, and sets nothing. One undo step.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.automix").run({ only_missing = true })
