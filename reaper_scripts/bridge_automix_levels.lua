-- @description Bridge: Auto-mix tracks and set levels between them
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   As "Bridge: Auto-mix track" on several selected tracks; then drums, bass, vocals and others get the loudness beside
--   each other that they have in real mixes, by the output gain of their FX. One undo step for all.

package.path = select(2, reaper.get_action_context()):match("^.*[/\\]") .. "lib/?.lua"
require("actions.automix").run({ levels = true })
