-- @description Bridge: Master the mix
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about Sets the FX on the master track by listening to the mix, which REAPER renders for it. One undo step.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.automix").run(require("audio.mix_render").options())
