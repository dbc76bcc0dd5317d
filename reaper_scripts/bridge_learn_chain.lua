-- @description Bridge: Learn this chain
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Learn this chain
--   Writes the FX of the selected track to a file, of which `reaper-bridge chain from-snapshot` makes a chain to train
--   a model for.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("learning").run(folder)
