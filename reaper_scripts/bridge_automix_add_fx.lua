-- @description Bridge: Auto-mix track, adding missing FX
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   As "Bridge: Auto-mix track"; FX that the model needs and the track lacks are added first. One undo step for all.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.automix").run({ may_add_fx = true })
