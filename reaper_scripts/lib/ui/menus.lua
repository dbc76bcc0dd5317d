--- The panel's menus: what they list and what happens when something is chosen.
local mark_reference = require("actions.mark_reference")
local mix_render = require("audio.mix_render")
local next_style = require("actions.next_style")
local reference = require("audio.reference")

local menus = {}

local THEMES = { { "Colours as in REAPER", "" }, { "Dark colours", "dark" }, { "Light colours", "light" } }
local SIZES = { 100, 125, 150, 175, 200 }

--- A text that a menu shows as it is: the signs that mean something there are left out.
local function plain(text)
  return (text:gsub("|", "/"):gsub("^[#!<>]+", ""))
end

--- Opens a menu of {label, work, is_checked}; "" is a line between.
local function open(entries)
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
end

local function keep(key, value)
  reaper.SetExtState("Bridge", key, value, true)
end

function menus.models(desk)
  local entries = { { "default", function() keep("model", "") end, desk.model == "" } }
  for _, model in ipairs(desk:offered().models) do
    entries[#entries + 1] = { model.name, function() keep("model", model.name) end, desk.model == model.name }
  end
  open(entries)
  desk:look()
end

function menus.styles(desk)
  local entries = { { "none", function() keep("style", "") end, desk.style == "" } }
  for _, name in ipairs(desk:offered().styles) do
    entries[#entries + 1] = { name, function() keep("style", name) end, desk.style == name }
  end
  open(entries)
  desk:look()
end

function menus.reference(desk)
  open({
    { "Mark the selected item or track", function() desk:say(mark_reference.mark_selected(desk.project)) end },
    { "Choose a file...", function() desk:say(mark_reference.choose_file(desk.project)) end },
    "",
    { "Forget it", function() reference.mark(desk.project, "") end },
  })
  desk:look()
end

function menus.match(desk)
  desk:run({ reference = reference.find })
end

function menus.next_style(desk)
  local name, problem = next_style.choose(desk.spool)
  if problem then return desk:say("fair", problem) end
  desk:run({ style = name })
  desk:look()
end

local function sizes(entries)
  for _, size in ipairs(SIZES) do
    local is_on = (tonumber(reaper.GetExtState("Bridge", "panel_size")) or 100) == size
    entries[#entries + 1] = { string.format("Size %d %%", size), function() keep("panel_size", tostring(size)) end, is_on }
  end
end

function menus.more(desk)
  local entries = {
    { "Auto-mix, adding missing FX", function() desk:run({ may_add_fx = true }) end },
    { "Auto-mix, with levels between the tracks", function() desk:run({ levels = true }) end },
    { "Add missing FX only", function() desk:run({ only_missing = true }) end },
    { "Write as automation", function() desk:run({ automation = true }) end },
    { "Master the mix", function() desk:run(mix_render.options()) end },
    { "Learn this chain", function() desk:learn() end },
    "",
  }
  for _, theme in ipairs(THEMES) do
    entries[#entries + 1] = { theme[1], function() keep("panel_theme", theme[2]) end, reaper.GetExtState("Bridge", "panel_theme") == theme[2] }
  end
  entries[#entries + 1] = ""
  sizes(entries)
  entries[#entries + 1] = ""
  local is_docked = gfx.dock(-1) & 1 == 1
  entries[#entries + 1] = { "Docked", function() gfx.dock(is_docked and 0 or 1) end, is_docked }
  open(entries)
  desk:look()
end

return menus
