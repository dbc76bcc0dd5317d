-- @description Bridge: Auto-mix track, ignoring what cannot be rendered
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   As "Bridge: Auto-mix track", also where FX are active that Bridge cannot render: settings are judged as if these were
--   not there, and what is heard may be something else. Listen.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.automix").run({ ignore_unrendered = true })
