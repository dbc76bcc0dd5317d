-- @description Bridge: Cancel
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about Stops what Bridge is doing, as long as nothing was written.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("runtime.cancellation").run()
