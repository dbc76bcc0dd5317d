-- @description Bridge: Auto-mix track
-- @version 0.1.0
-- @author Bridge
-- @provides
--   [nomain] lib/*.lua
--   [nomain] lib/panel/*.lua
--   [main] bridge_add_missing_fx.lua
--   [main] bridge_amount_down.lua
--   [main] bridge_amount_set.lua
--   [main] bridge_amount_up.lua
--   [main] bridge_automix_add_fx.lua
--   [main] bridge_automix_levels.lua
--   [main] bridge_cancel.lua
--   [main] bridge_compare.lua
--   [main] bridge_learn_chain.lua
--   [main] bridge_mark_reference.lua
--   [main] bridge_master.lua
--   [main] bridge_match_reference.lua
--   [main] bridge_next_style.lua
--   [main] bridge_panel.lua
--   [main] bridge_reference_file.lua
--   [main] bridge_surface_automix.lua
--   [main] bridge_surface_live.lua
--   [main] bridge_write_automation.lua
-- @about
--   # Bridge: Auto-mix track
--   Sets the plugins that are already on the selected tracks by listening to them, in one undo step.
--   Needs Bridge's daemon on the same computer: `reaper-bridge daemon`. No REAPER extension is needed.

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib" .. package.config:sub(1, 1) .. "?.lua"

require("automix").run(folder, {})
