-- @description Bridge: Match to reference
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   The plugins on the selected tracks are set so that the tracks come close to the reference: what was marked, else an
--   item that is selected on another track, else a track called "Reference", else a file. One undo step.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.automix").run({ reference = require("audio.reference").find })
