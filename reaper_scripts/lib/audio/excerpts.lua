--- Which stretches of a track to listen to: everything up to a limit, beyond it evenly spread excerpts of the parts
-- that hold items. Plain arithmetic on seconds; calls nothing of REAPER. There may be thousands of items: `pause`, where it is
-- given, is called now and then.
local excerpts = {}

excerpts.LIMIT_S = 120 -- of audio for one request, so that neither side ever holds an hour
excerpts.LENGTH_S = 10
excerpts.MOST = 1000 -- stretches: more of them are not worth their gaps

local AT_ONCE = 256 -- segments between two pauses

local function pause_at(index, pause)
  if pause and index % AT_ONCE == 0 then pause() end
end

--- Two rising lists of segments as one.
local function merged_lists(first, second, pause)
  local list, other = {}, 1
  for index, segment in ipairs(first) do
    while second[other] and second[other].start_s < segment.start_s do
      list[#list + 1], other = second[other], other + 1
      pause_at(#list, pause)
    end
    list[#list + 1] = segment
    pause_at(index, pause)
  end
  return table.move(second, other, #second, #list + 1, list)
end

--- The stretches of a list that rise as they are.
local function rising_runs(segments, pause)
  local runs = {}
  for index, segment in ipairs(segments) do
    local before = segments[index - 1]
    if not before or segment.start_s < before.start_s then runs[#runs + 1] = {} end
    local run = runs[#runs]
    run[#run + 1] = segment
    pause_at(index, pause)
  end
  return runs
end

--- Return segments by their beginning, in rising order: a merge sort, since `table.sort` cannot pause. REAPER's items mostly rise.
function excerpts.sorted(segments, pause)
  local runs = rising_runs(segments, pause)
  while #runs > 1 do
    local fewer = {}
    for index = 1, #runs, 2 do fewer[#fewer + 1] = runs[index + 1] and merged_lists(runs[index], runs[index + 1], pause) or runs[index] end
    runs = fewer
  end
  return runs[1] or {}
end

--- Merge overlapping {start_s, end_s} segments and cuts them to the range; in rising order.
function excerpts.merge(segments, start_s, end_s, pause)
  local merged = {}
  for index, segment in ipairs(excerpts.sorted(segments, pause)) do
    local from, to, last = math.max(segment.start_s, start_s), math.min(segment.end_s, end_s), merged[#merged]
    if last and to > from and from <= last.end_s then
      last.end_s = math.max(last.end_s, to)
    elseif to > from then
      merged[#merged + 1] = { start_s = from, end_s = to }
    end
    pause_at(index, pause)
  end
  return merged
end

--- Return a function of an offset in seconds into the segments laid end to end: the project time that lies there. Its offsets
-- must rise.
local function times_of(segments)
  local place, passed_s = 1, 0
  return function(offset_s)
    while segments[place] and offset_s >= passed_s + segments[place].end_s - segments[place].start_s do
      passed_s = passed_s + segments[place].end_s - segments[place].start_s
      place = place + 1
    end
    return segments[place] and segments[place].start_s + offset_s - passed_s or segments[#segments].end_s
  end
end

--- The stretches to gather, as {start_s, end_s} in rising order, at most LIMIT_S together.
-- `segments` are those of `merge`, not empty.
function excerpts.choose(segments, start_s, end_s)
  if end_s - start_s <= excerpts.LIMIT_S then return { { start_s = start_s, end_s = end_s } } end
  local active_s = 0
  for _, segment in ipairs(segments) do active_s = active_s + segment.end_s - segment.start_s end
  if active_s <= excerpts.LIMIT_S and #segments <= excerpts.MOST then return segments end
  local chosen, count, time_at = {}, excerpts.LIMIT_S // excerpts.LENGTH_S, times_of(segments)
  for index = 1, count do
    local offset_s = (index - 0.5) / count * active_s - excerpts.LENGTH_S / 2
    local from = time_at(math.max(offset_s, 0))
    local last = chosen[#chosen]
    if last then from = math.max(from, last.end_s) end
    local to = math.min(from + excerpts.LENGTH_S, end_s)
    if to > from then chosen[#chosen + 1] = { start_s = from, end_s = to } end
  end
  return chosen
end

return excerpts
