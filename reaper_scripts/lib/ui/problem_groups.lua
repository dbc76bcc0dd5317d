--- Problems of many tracks as a few lines: those of one kind are one, and name the first few tracks. What is said of each track
-- stands in the console and the panel.
local describe = require("ui.describe")

local problem_groups = {}

local MOST_LINES = 4 -- up to these, each problem is a line of its own
local MOST_GROUPS = 8

--- What problems must share to be said together.
local function key(fact)
  if not fact.track then return describe.fact(fact) end
  return table.concat({ fact.kind, type(fact.fx) == "string" and fact.kind == "lacks_fx" and fact.fx or "", fact.text or "" }, "\n")
end

--- The facts in groups, in the order of their first ones.
local function grouped(facts)
  local groups, places = {}, {}
  for _, fact in ipairs(facts) do
    local name = key(fact)
    if not places[name] then
      groups[#groups + 1] = {}
      places[name] = #groups
    end
    table.insert(groups[places[name]], fact)
  end
  return groups
end

--- Return whether so many problems are said in groups.
function problem_groups.are_needed(facts)
  return #facts > MOST_LINES
end

--- Return the lines for a box: one for each group, the largest first where there are many.
function problem_groups.lines(facts)
  local groups, lines, left = grouped(facts), {}, 0
  if #groups > MOST_GROUPS then table.sort(groups, function(a, b) return #a > #b end) end
  for place, group in ipairs(groups) do
    if place > MOST_GROUPS then left = left + #group else lines[#lines + 1] = describe.group(group) end
  end
  if left > 0 then lines[#lines + 1] = describe.fact({ kind = "further_problems", count = left }) end
  lines[#lines + 1] = describe.fact({ kind = "problems_in_console" })
  return lines
end

return problem_groups
