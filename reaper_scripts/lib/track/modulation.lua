--- What moves a parameter beside envelopes: REAPER's parameter modulation, which takes no value that is written. Only reads.
local fx_chain = require("track.fx_chain")

local modulation = {}

local MODULES = { { "lfo", "lfo" }, { "acs", "audio" }, { "plink", "link" } } -- key of REAPER's, and kind

local function number(track, fx, parameter, key)
  local is_known, text = reaper.TrackFX_GetNamedConfigParm(track, fx, string.format("param.%d.%s", parameter, key))
  return is_known and tonumber(text) or nil
end

--- What a link follows: {kind, fx_guid, index}. Its number counts within the chain or container that the FX is in; MIDI and
-- what cannot be found have none.
local function link(track, fx, parameter)
  local place, index = number(track, fx, parameter, "plink.effect"), number(track, fx, parameter, "plink.param")
  local source = place and place >= 0 and fx_chain.beside(track, fx, math.floor(place))
  if not source or not index then return { kind = place and place < 0 and "midi" or "link" } end
  return { kind = "link", fx_guid = reaper.TrackFX_GetFXGUID(track, source), index = math.floor(index) }
end

--- Return what moves the parameter, as a request has it; nil where nothing does.
function modulation.of(track, fx, parameter)
  if number(track, fx, parameter, "mod.active") == 0 then return nil end
  for _, module in ipairs(MODULES) do
    if (number(track, fx, parameter, module[1] .. ".active") or 0) ~= 0 then
      return module[2] == "link" and link(track, fx, parameter) or { kind = module[2] }
    end
  end
  return nil
end

return modulation
