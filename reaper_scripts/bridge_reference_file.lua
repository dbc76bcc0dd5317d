-- @description Bridge: Choose reference file
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Choose reference file
--   A file is what "Bridge: Match to reference" comes close to in this project.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

local marking = require("marking")
marking.run(marking.choose_file)
