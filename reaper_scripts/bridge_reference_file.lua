-- @description Bridge: Choose reference file
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about A file is what "Bridge: Match to reference" comes close to in this project.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.mark_reference").run_file()
