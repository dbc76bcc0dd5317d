--- The panel's life: opens the window where it was, draws when something is different, and leaves nothing behind.
local controller = require("ui.controller")
local paint = require("ui.paint")
local theme = require("ui.theme")
local view = require("ui.view")
local widgets = require("ui.widgets")

local panel = {}

local TITLE, WIDTH, HEIGHT = "Bridge", 420, 760 -- points
local TICKS_BETWEEN_LOOKS = 8 -- about four looks a second
local CLOSED = -1
local KEYS = { ["c"] = "compare", ["a"] = "automix", ["u"] = "undo" }
local GROW, SHRINK = { [43] = true, [61] = true }, { [45] = true }
local SMALLEST, LARGEST = 100, 200

local function kept(key, default)
  return math.tointeger(tonumber(reaper.GetExtState("Bridge", key))) or default
end

local function open_window()
  gfx.ext_retina = 1
  gfx.clear = -1 -- every frame covers the whole window
  gfx.init(TITLE, kept("panel_width", WIDTH), kept("panel_height", HEIGHT), kept("panel_dock", 0), kept("panel_x", 80), kept("panel_y", 80))
end

local function keep_window()
  local dock, x, y, width, height = gfx.dock(-1, 0, 0, 0, 0)
  local places = { panel_dock = dock, panel_x = x, panel_y = y, panel_width = width, panel_height = height }
  for key, value in pairs(places) do reaper.SetExtState("Bridge", key, string.format("%d", math.floor(value)), true) end
end

local function native_ground()
  local colour = reaper.GetThemeColor("col_main_bg2", 0)
  if colour < 0 then return nil end
  local r, g, b = reaper.ColorFromNative(colour)
  return r << 16 | g << 8 | b
end

local function resize(by)
  local size = math.min(math.max(kept("panel_size", SMALLEST) + by, SMALLEST), LARGEST)
  reaper.SetExtState("Bridge", "panel_size", tostring(size), true)
end

--- What a key does that no widget has taken.
local function use_key(self, key)
  local own = self.controller
  local name = key > 0 and key < 128 and KEYS[string.char(key):lower()]
  if key == widgets.KEY.escape then
    own:cancel()
  elseif name == "automix" and own.is_alive and #own.targets > 0 then
    own:run({})
  elseif name == "compare" and own.amount then
    own:compare(not own.is_compared)
  elseif name == "undo" then
    own:undo()
  elseif GROW[key] or SHRINK[key] then
    resize(GROW[key] and 25 or -25)
  end
end

local function appearance()
  return string.format("%d %d %d %s %s", gfx.w, gfx.h, kept("panel_size", 100), reaper.GetExtState("Bridge", "panel_theme"), tostring(native_ground()))
end

local function draw(self)
  local screen = math.max(gfx.ext_retina, 1)
  local colours = theme.choose(reaper.GetExtState("Bridge", "panel_theme"), native_ground())
  paint.begin(screen * kept("panel_size", 100) / 100, colours)
  widgets.begin()
  local bottom, is_scrolled = view.draw(self.controller, self.bottom or 0)
  local is_moved = bottom ~= self.bottom or is_scrolled
  self.bottom = bottom
  use_key(self, widgets.finish())
  gfx.update()
  return is_moved
end

local function is_different(self)
  return self.must_draw or self.controller.version ~= self.version or gfx.w ~= self.width or gfx.h ~= self.height
end

--- Look at what the controller knows of; also whether size or colours were changed.
local function look(self)
  self.controller:look()
  self.looked_at = self.turns
  local now = appearance()
  self.must_draw = self.must_draw or now ~= self.appearance
  self.appearance = now
end

--- One turn. Draws only where the user did something or something is different; looks in a turn that draws nothing, so
-- that neither holds REAPER up for long.
local function turn(self)
  local key = gfx.getchar()
  if key == CLOSED then return false end
  self.turns = self.turns + 1
  self.controller:turn()
  local is_used = widgets.look(key)
  self.controller:rest(gfx.mouse_cap & 1 == 1)
  local overdue = self.turns - self.looked_at
  local is_due = self.controller.must_look or overdue >= TICKS_BETWEEN_LOOKS
  if is_used or is_different(self) then
    self.version, self.width, self.height = self.controller.version, gfx.w, gfx.h
    local is_moved = draw(self)
    self.must_draw = is_moved or widgets.was_used() or self.controller.version ~= self.version
    is_due = overdue >= 3 * TICKS_BETWEEN_LOOKS -- while the mouse moves on and on
  end
  if is_due then look(self) end
  return true
end

--- Open the panel and keeps it until its window is closed.
function panel.run()
  if reaper.set_action_options then reaper.set_action_options(1) end -- run again: the panel closes, as its toolbar button says
  local _, _, section, command = reaper.get_action_context()
  local self = { controller = controller.new(), turns = 0, looked_at = 0, must_draw = true }
  open_window()
  reaper.SetToggleCommandState(section, command, 1)
  reaper.RefreshToolbar2(section, command)
  reaper.atexit(function()
    self.controller:release()
    keep_window()
    gfx.quit()
    reaper.SetToggleCommandState(section, command, 0)
    reaper.RefreshToolbar2(section, command)
  end)
  local function step()
    if turn(self) then reaper.defer(step) end
  end
  reaper.defer(step)
end

return panel
