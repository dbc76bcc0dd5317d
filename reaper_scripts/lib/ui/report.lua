--- What is said of an action when it is over: lines on what was done, lines on what went wrong.
local change_text = require("ui.change_text")
local describe = require("ui.describe")
local problem_groups = require("ui.problem_groups")
local user_error = require("runtime.user_error")

local report = {}

--- What went wrong with a job, as a fact; nil where it went well.
local function problem_of(job)
  local name, reply, outcome = job.target.name, job.reply, job.outcome
  if job.problem then return job.problem end
  if reply.status == "error" then return user_error.new("daemon_error", { track = name, text = describe.reply(reply) }) end
  if outcome and outcome.problem then return user_error.new("daemon_error", { track = name, text = describe.fact(outcome.problem) }) end
  if not outcome and reply.status == "add_fx" then
    return user_error.new("lacks_fx", { track = name, fx = table.concat(reply.add_fx, ", ") })
  end
  return nil
end

--- The problems of all jobs, as facts.
local function facts_of(state)
  local facts = {}
  for _, job in ipairs(state.jobs) do
    facts[#facts + 1] = problem_of(job)
  end
  return facts
end

--- Return one line on what was done in a job that went well.
function report.summary(job)
  local added = job.outcome and job.outcome.added_fx
  return added and "added " .. table.concat(added, ", ") or describe.reply(job.reply)
end

local function add_changes(lines, changes)
  for index, change in ipairs(changes) do
    lines[#lines + 1] = string.format("  %s: %s (was %s)", change_text.name(change), change_text.after(change), change_text.before(change))
    local why, next_one = describe.explanation(change.explanation), changes[index + 1]
    if why ~= "" and not (next_one and change_text.is_repeated(change, next_one)) then lines[#lines + 1] = "    " .. why end
  end
end

local function add_done(lines, job)
  lines[#lines + 1] = string.format("Bridge: %s: %s", job.target.name, report.summary(job))
  if job.outcome and job.outcome.added_fx then return end
  if job.target.is_muted and job.outcome then lines[#lines + 1] = "  " .. describe.fact({ kind = "set_while_muted" }) end
  add_changes(lines, job.reply.changes)
  for _, item in ipairs(describe.left_alone(job.reply.left_alone)) do
    lines[#lines + 1] = string.format("  left as it is: %s (%s)", item.what, item.why)
  end
  local measures = change_text.measures(job.reply.measures)
  if measures then lines[#lines + 1] = "  " .. measures end
  local verified = job.reply.verified and change_text.verified(job.reply.verified.measures)
  if verified then lines[#lines + 1] = "  " .. verified end
  for _, result in ipairs(job.outcome and job.outcome.results or {}) do
    if result.status == "differs" then
      lines[#lines + 1] = string.format("  rounded by the plugin: %s shows %s", result.ident, result.text)
    end
  end
end

--- Return what is said beside what was done: one line each, also where it holds for many tracks.
function report.notes(state)
  local lines, seen = {}, {}
  for _, job in ipairs(state.jobs) do
    for _, note in ipairs(job.notes) do
      local line = describe.fact(note)
      if not seen[line] then lines[#lines + 1] = line end
      seen[line] = true
    end
  end
  return lines
end

--- What the balance between tracks came to: one line and whether it is a problem; nil where none was asked for.
function report.balance(state)
  local balance = state.balance
  if not balance then return nil end
  if balance.problem then return describe.fact(balance.problem), true end
  return describe.balance(balance.reply), balance.reply.status == "error"
end

--- Return the lines on what was done, for the console; where there are many problems, those of every track as well. `problem`:
-- what ended the action.
function report.done(state, problem)
  local lines = {}
  if problem then return lines end
  local facts = facts_of(state)
  for _, job in ipairs(state.jobs) do
    if not problem_of(job) then add_done(lines, job) end
  end
  for _, fact in ipairs(problem_groups.are_needed(facts) and facts or {}) do lines[#lines + 1] = "Bridge: " .. describe.fact(fact) end
  for _, line in ipairs(report.notes(state)) do lines[#lines + 1] = "Bridge: " .. line end
  local balance, is_refused = report.balance(state)
  if balance and not is_refused then lines[#lines + 1] = "Bridge: " .. balance end
  return lines
end

--- Return the lines on what went wrong: of many tracks in groups. `problem`: what ended the action.
function report.problems(state, problem)
  if problem then return { describe.problem(problem) } end
  local facts, lines = facts_of(state), {}
  if problem_groups.are_needed(facts) then
    lines = problem_groups.lines(facts)
  else
    for index, fact in ipairs(facts) do lines[index] = describe.fact(fact) end
  end
  local balance, is_refused = report.balance(state)
  if is_refused then lines[#lines + 1] = balance end
  return lines
end

--- Return {what, why} of every track with a problem.
function report.left_out(state)
  local rows = {}
  for _, job in ipairs(state.jobs) do
    local fact = problem_of(job)
    if fact then rows[#rows + 1] = { what = job.target.name, why = describe.fact(fact) } end
  end
  return rows
end

return report
