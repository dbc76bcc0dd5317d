--- What reaches a track's FX beside the items that an accessor reads: it hears neither tracks in a folder, nor receives, nor
-- instruments, nor more than two channels. Where that is heard, the items alone must not be judged: REAPER must render. Only reads.
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")

local sound_sources = {}

local RECEIVES, NO_AUDIO, CHANNEL_BITS = -1, -1, 1023
local ROUTING = { "D_VOL", "D_PAN", "I_FXEN" } -- of what feeds a track: what is heard of it is another where one of these changes
local AUDIBLE_CHANNELS = 2
local AT_ONCE = 16 -- items between looks at the clock

local function value(track, name)
  return reaper.GetMediaTrackInfo_Value(track, name)
end

local function receive_value(track, index, name)
  return math.floor(reaper.GetTrackSendInfo_Value(track, RECEIVES, index, name))
end

--- The names of the tracks whose sound is received on the channels that are listened to, and how many send to others, as to
-- the detector of a compressor.
local function receives(track)
  local names, aside = {}, 0
  for index = 0, reaper.GetTrackNumSends(track, RECEIVES) - 1 do
    local is_audible = receive_value(track, index, "B_MUTE") == 0 and receive_value(track, index, "I_SRCCHAN") ~= NO_AUDIO
      and reaper.GetTrackSendInfo_Value(track, RECEIVES, index, "D_VOL") > 0
    if is_audible and receive_value(track, index, "I_DSTCHAN") & CHANNEL_BITS >= AUDIBLE_CHANNELS then
      aside = aside + 1
    elseif is_audible then
      local _, name = reaper.GetTrackReceiveName(track, index, "")
      names[#names + 1] = name
    end
  end
  return names, aside
end

--- The tracks right inside the folder that send their sound to it.
local function children(project, track)
  local found, depth = {}, 0
  if value(track, "I_FOLDERDEPTH") ~= 1 then return found end
  for index = math.floor(value(track, "IP_TRACKNUMBER")), reaper.CountTracks(project) - 1 do
    local inside = reaper.GetTrack(project, index)
    if depth == 0 and value(inside, "B_MUTE") == 0 and value(inside, "B_MAINSEND") ~= 0 then found[#found + 1] = inside end
    depth = depth + math.floor(value(inside, "I_FOLDERDEPTH"))
    if depth < 0 then break end
  end
  return found
end

--- The name of the instrument that plays on the track; nil where none does.
local function instrument(track)
  local fx = reaper.TrackFX_GetInstrument(track)
  if fx < 0 or not reaper.TrackFX_GetEnabled(track, fx) or reaper.TrackFX_GetOffline(track, fx) then return nil end
  return select(2, reaper.TrackFX_GetFXName(track, fx))
end

--- Whether `matches` says so of the take of any item. Takes slices as it needs.
local function is_any_take(track, matches)
  local index = 0
  while index < reaper.CountTrackMediaItems(track) do
    local take = reaper.GetActiveTake(reaper.GetTrackMediaItem(track, index))
    if take and matches(take) then return true end
    index = index + 1
    if index % AT_ONCE == 0 then ticks.breathe() end
  end
  return false
end

local function has_more_channels(take)
  local source = reaper.GetMediaItemTake_Source(take)
  return source and reaper.GetMediaSourceNumChannels(source) > AUDIBLE_CHANNELS
end

--- Return whether any of the track's items is MIDI.
function sound_sources.has_midi(track)
  return is_any_take(track, reaper.TakeIsMIDI)
end

--- The tracks that send their sound, or their notes, to the first two channels.
local function senders(track)
  local found = {}
  for index = 0, reaper.GetTrackNumSends(track, RECEIVES) - 1 do
    local is_muted = receive_value(track, index, "B_MUTE") ~= 0
    local is_aside = receive_value(track, index, "I_DSTCHAN") & CHANNEL_BITS >= AUDIBLE_CHANNELS
    local source = reaper.GetTrackSendInfo_Value(track, RECEIVES, index, "P_SRCTRACK")
    if source and not is_muted and not is_aside and value(source, "B_MUTE") == 0 then found[#found + 1] = source end
  end
  return found
end

--- Return the tracks whose items reach the track's FX: itself first, those in its folder and those that send to it, and theirs.
function sound_sources.tracks(project, track)
  local list, is_known = {}, {}
  local function add(one)
    local guid = reaper.GetTrackGUID(one)
    if is_known[guid] then return end
    is_known[guid] = true
    list[#list + 1] = one
    for _, inside in ipairs(children(project, one)) do add(inside) end
    for _, sender in ipairs(senders(one)) do add(sender) end
  end
  add(track)
  return list
end

--- Return how the tracks in such a list come together, as one text to compare.
function sound_sources.routing(list)
  local texts = {}
  for index = 2, #list do
    local track = list[index]
    texts[index - 1] = reaper.GetTrackGUID(track)
    for _, name in ipairs(ROUTING) do texts[index - 1] = string.format("%s %.17g", texts[index - 1], value(track, name)) end
  end
  return table.concat(texts, " ")
end

--- Return what a request says of a track's sound beside its items.
function sound_sources.describe(track)
  local _, aside = receives(track)
  return { channels = math.floor(value(track, "I_NCHAN")), side_receives = aside }
end

--- Return why what the items play is not what the track's FX get, as a fact; nil where it is.
function sound_sources.problem(target)
  local track, has_items = target.track, reaper.CountTrackMediaItems(target.track) > 0
  local names, inside, plays = receives(track), #children(target.project, track), instrument(track)
  if plays then return user_error.new("instrument_track", { track = target.name, fx = plays }) end
  if inside > 0 then
    return user_error.new(has_items and "folder_with_items" or "folder_track", { track = target.name, count = inside })
  end
  if #names > 0 then
    return user_error.new(has_items and "items_and_receives" or "bus_track", { track = target.name, count = #names, names = names })
  end
  local channels = math.floor(value(track, "I_NCHAN"))
  if channels > AUDIBLE_CHANNELS and is_any_take(track, has_more_channels) then
    return user_error.new("many_channels", { track = target.name, channels = channels })
  end
  return nil
end

return sound_sources
