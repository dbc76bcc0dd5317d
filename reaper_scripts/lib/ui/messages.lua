--- What the user reads: one box for what went wrong, lines in REAPER's console for what was done, and the help line
-- for progress.
local user_error = require("runtime.user_error")
local describe = require("ui.describe")
local json = require("exchange.json")

local messages = {}

local TITLE = "Bridge"
local QUIET = "!SHOW:" -- REAPER then adds to the console without taking the focus

--- Adds lines to the console.
function messages.done(lines)
  reaper.ShowConsoleMsg(QUIET .. table.concat(lines, "\n") .. "\n")
end

--- One box with every problem of the action, one line each.
function messages.problems(lines)
  reaper.ShowMessageBox(table.concat(lines, "\n"), TITLE, 0)
end

--- What ended an action, as `ticks.run` gives it; nothing where it went well.
function messages.fault(problem)
  if not problem then return end
  messages.problems({ user_error.text(problem) or "Bridge met a fault of its own and stopped. Please report this:\n" .. tostring(problem) })
end

--- A passing line in REAPER's help area; "" removes it.
function messages.progress(text)
  reaper.Help_Set(text == "" and "" or TITLE .. ": " .. text, true)
end

local function text_of(value)
  return type(value) == "string" and value or ""
end

--- `text` with its unit, where it does not name one itself.
local function with_unit(text, unit)
  if unit == "" or text:find("%a") then return text end
  return text .. " " .. unit
end

local function describe_change(change)
  local unit = text_of(change.unit)
  local before = type(change.before) == "number" and with_unit(string.format("%.4g", change.before), unit) or "off"
  return string.format("  %s %s: %s (was %s)", text_of(change.slot), text_of(change.control), with_unit(text_of(change.text), unit), before)
end

local function describe_measures(measures)
  if type(measures) ~= "table" or type(measures.before) ~= "table" or type(measures.after) ~= "table" then return nil end
  local before, after = measures.before.distance_db, measures.after.distance_db
  if type(before) ~= "number" or type(after) ~= "number" then return nil end
  return string.format("  tonal distance: %.2f dB before, %.2f dB after", before, after)
end

--- The lines that tell what a reply did to the track called `name`.
function messages.describe(name, reply)
  local lines = { string.format("Bridge: %s: %s", name, reply.message) }
  for index, change in ipairs(reply.changes) do
    lines[#lines + 1] = describe_change(change)
    local next_one, reason = reply.changes[index + 1], text_of(change.reason)
    local is_shared = next_one and next_one.slot == change.slot and next_one.reason == change.reason
    if reason ~= "" and not is_shared then lines[#lines + 1] = "    " .. reason end
  end
  for _, item in ipairs(describe.left_alone(reply.left_alone)) do
    lines[#lines + 1] = string.format("  left as it is: %s (%s)", item.what, item.why)
  end
  if reply.measures ~= json.null then lines[#lines + 1] = describe_measures(reply.measures) end
  return lines
end

--- What the user should know of an applied job beside its changes: rounded values.
function messages.warnings(job)
  local lines = {}
  for _, result in ipairs(job.outcome and job.outcome.results or {}) do
    if result.status == "differs" then
      lines[#lines + 1] = string.format("  rounded by the plugin: %s shows %s", result.ident, result.text)
    end
  end
  return lines
end

return messages
