-- @description Bridge: Write as automation
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   As "Bridge: Auto-mix track", as envelope points over the time selection. Models whose settings move in time write
--   curves. What the envelopes hold outside of the time selection stays. One undo step.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.automix").run({ automation = true })
