--- All FX of a track in the order of its sound, those in containers among them, by the numbers that REAPER's API knows them
-- by. Numbers in a container change with the chain: only GUIDs are kept from tick to tick. Only reads.
local fx_chain = {}

local IN_CONTAINER = 0x2000000 -- added to the numbers of FX in containers

local function config(track, fx, key)
  local is_known, text = reaper.TrackFX_GetNamedConfigParm(track, fx, key)
  return is_known and math.tointeger(tonumber(text)) or nil
end

--- Add an FX and what is in it. `width`: what the place of an FX in it counts for in a number, which REAPER tells by itself
-- from 7.06 on.
local function add(track, list, fx, container, width)
  local count = config(track, fx, "container_count")
  list[#list + 1] = { fx = fx, container = container, is_container = count ~= nil }
  local first = fx < IN_CONTAINER and IN_CONTAINER + fx + 1 or fx
  for item = 1, count or 0 do
    local number = config(track, fx, string.format("container_item.%d", item - 1)) or first + width * item
    add(track, list, number, fx, width * (count + 1))
  end
end

--- Return {fx, container, is_container} of every FX: its number and that of the container that it is in, nil for the track's
-- own. A container stands before what is in it.
function fx_chain.every(track)
  local list, count = {}, reaper.TrackFX_GetCount(track)
  for fx = 0, count - 1 do add(track, list, fx, nil, count + 1) end
  return list
end

--- Return the number of an FX now, or nil where it is gone.
function fx_chain.find(track, guid)
  for fx = 0, reaper.TrackFX_GetCount(track) - 1 do
    if reaper.TrackFX_GetFXGUID(track, fx) == guid then return fx end
  end
  for _, one in ipairs(fx_chain.every(track)) do
    if reaper.TrackFX_GetFXGUID(track, one.fx) == guid then return one.fx end
  end
  return nil
end

--- Return the place of an FX in the track's own chain now, or of the container that it is in; nil where it is gone.
function fx_chain.outermost(track, guid)
  local outer
  for _, one in ipairs(fx_chain.every(track)) do
    outer = one.container and outer or one.fx
    if reaper.TrackFX_GetFXGUID(track, one.fx) == guid then return outer end
  end
  return nil
end

--- Return the number of the FX at a place, from 0, of the chain or the container that `fx` is in; nil where there is none.
function fx_chain.beside(track, fx, place)
  local container
  for _, one in ipairs(fx_chain.every(track)) do
    if one.fx == fx then container = one.container end
  end
  for _, one in ipairs(fx_chain.every(track)) do
    if one.container == container then
      if place == 0 then return one.fx end
      place = place - 1
    end
  end
  return nil
end

--- Return whether a number is one of an FX in a container: REAPER's OSC surface has no address for it.
function fx_chain.is_contained(fx)
  return fx >= IN_CONTAINER
end

--- Return the places of all FX by GUID, {place, fx, container}: `place` in the order of the sound, `container` a GUID or "".
function fx_chain.places(track)
  local places, count = {}, 0
  for place, one in ipairs(fx_chain.every(track)) do
    local container = one.container and reaper.TrackFX_GetFXGUID(track, one.container) or ""
    places[reaper.TrackFX_GetFXGUID(track, one.fx)] = { place = place, fx = one.fx, container = container }
    count = place
  end
  return places, count
end

return fx_chain
