-- @description Bridge: Auto-mix tracks and set levels between them
-- @version 0.1.0
-- @author Bridge
-- @noindex
-- @about
--   # Bridge: Auto-mix tracks and set levels between them
--   As "Bridge: Auto-mix track" on several selected tracks; then drums, bass, vocals and others get the loudness beside
--   each other that they have in real mixes, by the output gain of their FX. One undo step for all.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("automix").run(folder, { levels = true })
