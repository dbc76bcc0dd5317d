--- Whose turn it is to move what Bridge has set. Actions, panel and control surfaces are scripts that run beside each
-- other; each takes a number, and begins when the ones before it have ended. So what was asked first takes effect first.
--
--   local number = turns.take()     -- waits for those before it: inside `ticks.run`
--   turns.keep()                    -- in every tick in which it goes on
--   if turns.is_wanted(number) then ... end    -- another one waits: come to an end
--   turns.pass(number)             -- or `cleanup.run`, where the script ends in the middle of it
local cleanup = require("runtime.cleanup")
local ticks = require("runtime.ticks")

local turns = {}

local SECTION = "Bridge"
local TAKEN, PASSED, SIGN = "turns_taken", "turns_passed", "turns_sign" -- numbers given out, numbers done, signs of life
local LEFT = "turns_left" -- numbers of those who gave up waiting
local PATIENCE = 60 -- ticks without a sign of life: then the script whose turn it was is gone

local releases = {} -- of the turns that this script has, by their numbers

local function read(name) return tonumber(reaper.GetExtState(SECTION, name)) or 0 end

local function write(name, value) reaper.SetExtState(SECTION, name, tostring(value), false) end

--- The number behind which everybody is done: those who gave up waiting are passed over.
local function last_passed(number)
  local left = reaper.GetExtState(SECTION, LEFT)
  while left:find(string.format(";%d;", number + 1), 1, true) do number = number + 1 end
  return number
end

--- Return whether nobody has a turn or waits for one: then `take` does not wait.
function turns.is_free() return read(PASSED) >= read(TAKEN) end

--- Give a sign of life.
function turns.keep() write(SIGN, read(SIGN) + 1) end

--- Take a turn, once all that were asked for before it are over. Returns its number.
function turns.take()
  local number = math.max(read(TAKEN), read(PASSED)) + 1
  write(TAKEN, number)
  releases[number] = cleanup.open(function() turns.pass(number) end)
  local sign, patience = nil, PATIENCE
  while read(PASSED) < number - 1 do
    ticks.wait()
    patience = sign == read(SIGN) and patience - 1 or PATIENCE
    if patience == 0 then
      write(PASSED, last_passed(read(PASSED) + 1))
      turns.keep()
    end
    sign = read(SIGN)
  end
  turns.keep()
  return number
end

--- Return whether somebody waits for this turn to end.
function turns.is_wanted(number) return read(TAKEN) > number end

--- End a turn, or give up waiting for it; harmless where it has ended already.
function turns.pass(number)
  local passed = read(PASSED)
  if passed == number - 1 then
    write(PASSED, last_passed(number))
    if turns.is_free() then reaper.DeleteExtState(SECTION, LEFT, false) end
  elseif passed < number then
    reaper.SetExtState(SECTION, LEFT, reaper.GetExtState(SECTION, LEFT) .. string.format(";%d;", number), false)
  end
  cleanup.forget(releases[number])
  releases[number] = nil
end

return turns
