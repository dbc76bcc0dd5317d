--- What is told about the jobs of an action when it is over: lines on what was done, lines on what went wrong.
local messages = require("ui.messages")

local report = {}

local function report_one(job, done, problems)
  local name, status = job.target.name, job.reply and job.reply.status
  if job.problem then
    problems[#problems + 1] = job.problem
  elseif status == "error" then
    problems[#problems + 1] = name .. ": " .. job.reply.message
  elseif job.outcome and job.outcome.status ~= "applied" then
    problems[#problems + 1] = name .. ": " .. job.outcome.message
  elseif job.outcome and job.outcome.is_only_added then
    done[#done + 1] = string.format("Bridge: %s: %s", name, job.outcome.message)
  elseif status == "add_fx" then
    problems[#problems + 1] = string.format("%s lacks %s. Add them, or run \"Bridge: Auto-mix track, adding missing FX\".",
      name, table.concat(job.reply.add_fx, ", "))
  else
    for _, line in ipairs(messages.describe(name, job.reply)) do done[#done + 1] = line end
    for _, line in ipairs(messages.warnings(job)) do done[#done + 1] = line end
  end
end

--- Two lists of lines: what was done, and the problems, one line each. `levels`: what those between the tracks came to.
function report.lines(jobs, levels)
  local done, problems = {}, {}
  for _, job in ipairs(jobs) do report_one(job, done, problems) end
  if levels and not levels.is_refused then done[#done + 1] = "Bridge: " .. levels.text end
  if levels and levels.is_refused then problems[#problems + 1] = levels.text end
  return done, problems
end

return report
