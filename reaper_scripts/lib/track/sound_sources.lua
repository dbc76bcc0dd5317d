--- What reaches a track's FX beside the items that can be listened to: an accessor hears neither tracks in a folder, nor
-- receives, nor instruments, nor more than two channels. Where that is heard, the items alone must not be judged. Only reads.
local ticks = require("runtime.ticks")
local user_error = require("runtime.user_error")

local sound_sources = {}

local RECEIVES, NO_AUDIO, CHANNEL_BITS = -1, -1, 1023
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

--- How many tracks right inside the folder send their sound to it.
local function children(project, track)
  local count, depth = 0, 0
  if value(track, "I_FOLDERDEPTH") ~= 1 then return count end
  for index = math.floor(value(track, "IP_TRACKNUMBER")), reaper.CountTracks(project) - 1 do
    local inside = reaper.GetTrack(project, index)
    if depth == 0 and value(inside, "B_MUTE") == 0 and value(inside, "B_MAINSEND") ~= 0 then count = count + 1 end
    depth = depth + math.floor(value(inside, "I_FOLDERDEPTH"))
    if depth < 0 then break end
  end
  return count
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

--- Return what a request says of a track's sound beside its items.
function sound_sources.describe(track)
  local _, aside = receives(track)
  return { channels = math.floor(value(track, "I_NCHAN")), side_receives = aside }
end

--- Return why what the items play is not what the track's FX get, as a fact; nil where it is.
function sound_sources.problem(target)
  local track, has_items = target.track, reaper.CountTrackMediaItems(target.track) > 0
  local names, inside, plays = receives(track), children(target.project, track), instrument(track)
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
