-- @description Bridge: Move the amount for a control surface
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about Started by Bridge's daemon when a fader moves or a button is pressed. By hand it does nothing.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.surface_live").run()
