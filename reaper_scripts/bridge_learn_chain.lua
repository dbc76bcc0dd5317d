-- @description Bridge: Learn this chain
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   Writes the FX of the selected track to a file, of which `reaper-bridge chain from-snapshot` makes a chain to train
--   a model for.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.learn_chain").run()
