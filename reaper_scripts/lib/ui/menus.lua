--- The panel's menus: what they list and what happens when something is chosen.
local daemon = require("exchange.daemon")
local describe = require("ui.describe")
local mix_render = require("audio.mix_render")
local next_style = require("actions.next_style")
local preferences = require("actions.preferences")
local reference = require("audio.reference")
local render = require("audio.render")
local user_error = require("runtime.user_error")

local menus = {}

local THEMES = { { "Colours as in REAPER", "" }, { "Dark colours", "dark" }, { "Light colours", "light" } }
local SIZES = { 100, 125, 150, 175, 200 }

--- A text that a menu shows as it is: the signs that mean something there are left out.
local function plain(text)
  return (text:gsub("|", "/"):gsub("^[#!<>]+", ""))
end

--- Open a menu of {label, work, is_checked}; "" is a line between.
local function open(controller, entries)
  local texts, works = {}, {}
  for _, entry in ipairs(entries) do
    if entry == "" then
      texts[#texts + 1] = ""
    else
      texts[#texts + 1] = (entry[3] and "!" or "") .. plain(entry[1])
      works[#works + 1] = entry[2]
    end
  end
  gfx.x, gfx.y = gfx.mouse_x, gfx.mouse_y
  local work = works[gfx.showmenu(table.concat(texts, "|"))]
  if work then work() end
  controller:look()
end

--- An entry that keeps `value` under `key` among the user's choices; `now` is what is kept there.
local function choice(label, key, value, now)
  return { label, function() reaper.SetExtState("Bridge", key, value, true) end, now == value }
end

--- An entry that turns what is kept under `key` from `on` to `off`, and back.
local function toggle(label, key, on, off)
  local is_on = reaper.GetExtState("Bridge", key) ~= off
  return { label, function() reaper.SetExtState("Bridge", key, is_on and off or on, true) end, is_on }
end

local function open_names(controller, key, none, names)
  local entries = { choice(none, key, "", controller[key]) }
  for _, name in ipairs(names) do entries[#entries + 1] = choice(name, key, name, controller[key]) end
  open(controller, entries)
end

function menus.models(controller)
  open_names(controller, "model", "default", controller.spool and daemon.models(controller.spool) or {})
end

function menus.styles(controller)
  open_names(controller, "style", "none", next_style.names(controller.spool))
end

function menus.reference(controller)
  open(controller, {
    { "Mark the selected item or track", function() controller:mark(reference.mark_selected) end },
    { "Choose a file...", function() controller:mark(reference.mark_file) end },
    "",
    { "Forget it", function() reference.forget(controller.project) end },
  })
end

function menus.match(controller)
  controller:run({ reference = reference.find })
end

function menus.next_style(controller)
  local is_sound, name = user_error.guard(next_style.choose, controller.spool)
  if not is_sound then return controller:say("fair", describe.problem(name)) end
  controller:run({ style = name })
  controller:look()
end

function menus.more(controller)
  local verify = render.verifies()
  local function action(label, options) return { label, function() controller:run(options) end } end
  local entries = {
    action("Auto-mix, adding missing FX", { may_add_fx = true }),
    action("Auto-mix, ignoring what cannot be rendered", { ignore_unrendered = true }),
    action("Auto-mix, with levels between the tracks", { levels = true }),
    action("Add missing FX only", { only_missing = true }),
    action("Write as automation", { automation = true }),
    action("Master the mix", mix_render.options()),
    { "Learn this chain", function() controller:learn() end },
    { "Preferred plugins...", function() controller:prefer(preferences.edit) end },
    "",
    toggle("REAPER may render what no script can read", "render", "", "never"),
    choice("Verify by a render: never", "verify", "off", verify),
    choice("Verify by a render: where needed", "verify", "needed", verify),
    choice("Verify by a render: always", "verify", "always", verify),
    "",
  }
  local theme, size = reaper.GetExtState("Bridge", "panel_theme"), tonumber(reaper.GetExtState("Bridge", "panel_size")) or 100
  for _, one in ipairs(THEMES) do entries[#entries + 1] = choice(one[1], "panel_theme", one[2], theme) end
  entries[#entries + 1] = ""
  for _, one in ipairs(SIZES) do
    entries[#entries + 1] = choice(string.format("Size %d %%", one), "panel_size", tostring(one), string.format("%.0f", size))
  end
  entries[#entries + 1] = ""
  local is_docked = gfx.dock(-1) & 1 == 1
  entries[#entries + 1] = { "Docked", function() gfx.dock(is_docked and 0 or 1) end, is_docked }
  open(controller, entries)
end

return menus
