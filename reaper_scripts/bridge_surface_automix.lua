-- @description Bridge: Auto-mix for a control surface
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about Started by Bridge's daemon when a control surface asks for an auto-mix. By hand it does nothing.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.surface_automix").run()
