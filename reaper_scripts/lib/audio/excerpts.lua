--- Which stretches of a track to listen to: everything up to a limit, beyond it evenly spread excerpts of the parts
-- that hold items. Plain arithmetic on seconds; calls nothing of REAPER.
local excerpts = {}

excerpts.LIMIT_S = 120 -- of audio for one request, so that neither side ever holds an hour
excerpts.LENGTH_S = 10

--- Merge overlapping {start_s, end_s} segments and cuts them to the range; in rising order.
function excerpts.merge(segments, start_s, end_s)
  local sorted, merged = {}, {}
  for _, segment in ipairs(segments) do
    local from, to = math.max(segment.start_s, start_s), math.min(segment.end_s, end_s)
    if to > from then sorted[#sorted + 1] = { start_s = from, end_s = to } end
  end
  table.sort(sorted, function(a, b) return a.start_s < b.start_s end)
  for _, segment in ipairs(sorted) do
    local last = merged[#merged]
    if last and segment.start_s <= last.end_s then
      last.end_s = math.max(last.end_s, segment.end_s)
    else
      merged[#merged + 1] = segment
    end
  end
  return merged
end

--- The project time that lies `offset_s` into the segments laid end to end.
local function time_at(segments, offset_s)
  for _, segment in ipairs(segments) do
    local length_s = segment.end_s - segment.start_s
    if offset_s < length_s then return segment.start_s + offset_s end
    offset_s = offset_s - length_s
  end
  return segments[#segments].end_s
end

--- The stretches to gather, as {start_s, end_s} in rising order, at most LIMIT_S together.
-- `segments` are those of `merge`, not empty.
function excerpts.choose(segments, start_s, end_s)
  if end_s - start_s <= excerpts.LIMIT_S then return { { start_s = start_s, end_s = end_s } } end
  local active_s = 0
  for _, segment in ipairs(segments) do active_s = active_s + segment.end_s - segment.start_s end
  if active_s <= excerpts.LIMIT_S then return segments end
  local chosen, count = {}, excerpts.LIMIT_S // excerpts.LENGTH_S
  for index = 1, count do
    local offset_s = (index - 0.5) / count * active_s - excerpts.LENGTH_S / 2
    local from = time_at(segments, math.max(offset_s, 0))
    local last = chosen[#chosen]
    if last then from = math.max(from, last.end_s) end
    local to = math.min(from + excerpts.LENGTH_S, end_s)
    if to > from then chosen[#chosen + 1] = { start_s = from, end_s = to } end
  end
  return chosen
end

return excerpts
