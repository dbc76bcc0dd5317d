-- @description Bridge: Match to reference
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Match to reference
--   The plugins on the selected tracks are set so that the tracks come close to the reference: what was marked, else an
--   item that is selected on another track, else a track called "Reference", else a file. One undo step.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("automix").run(folder, { reference = require("reference").find })
