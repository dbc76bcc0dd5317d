"""Answers about FX chains: identity, parameters, ReaEQ's roles, adding and removing."""

from __future__ import annotations

from typing import Any

from bridge.standin.api.binding import api_call
from bridge.standin.api_calls.lists import at
from bridge.standin.faults import NotSimulated
from bridge.standin.fx.fx import StandInFx
from bridge.standin.fx.stock import MASTER, ReaEqDouble
from bridge.standin.program import ReaperProgram
from bridge.standin.project.track import ReaperTrack

_KIND_OF_EQ_PARAMETER = range(3)  # frequency, gain, Q


def _with_parameter(track: ReaperTrack, index: int, parameter: int) -> StandInFx | None:
    """The FX, where it is online and has this parameter."""
    fx = at(track.fx, index)
    return fx if fx and not fx.is_offline and 0 <= parameter < fx.parameter_count else None


def _equaliser(track: ReaperTrack, index: int) -> ReaEqDouble | None:
    fx = at(track.fx, index)
    return fx if isinstance(fx, ReaEqDouble) and not fx.is_offline else None


@api_call("TrackFX_GetCount")
def get_count(_reaper: ReaperProgram, track: ReaperTrack) -> int:
    return len(track.fx)


@api_call("TrackFX_GetFXName")
def get_name(_reaper: ReaperProgram, track: ReaperTrack, index: int, _: Any) -> tuple[bool, str]:
    fx = at(track.fx, index)
    return (True, fx.name) if fx else (False, "")


@api_call("TrackFX_GetFXGUID")
def get_guid(_reaper: ReaperProgram, track: ReaperTrack, index: int) -> str | None:
    fx = at(track.fx, index)
    return fx.guid if fx else None


@api_call("TrackFX_GetEnabled")
def get_enabled(_reaper: ReaperProgram, track: ReaperTrack, index: int) -> bool:
    fx = at(track.fx, index)
    return bool(fx and fx.is_enabled)


@api_call("TrackFX_SetEnabled")
def set_enabled(_reaper: ReaperProgram, track: ReaperTrack, index: int, is_enabled: bool) -> None:
    if fx := at(track.fx, index):
        fx.is_enabled = is_enabled


@api_call("TrackFX_GetOffline")
def get_offline(_reaper: ReaperProgram, track: ReaperTrack, index: int) -> bool:
    fx = at(track.fx, index)
    return bool(fx and fx.is_offline)


@api_call("TrackFX_SetOffline")
def set_offline(_reaper: ReaperProgram, track: ReaperTrack, index: int, is_offline: bool) -> None:
    if fx := at(track.fx, index):
        fx.is_offline = is_offline
        track.project.touch()


@api_call("TrackFX_GetNamedConfigParm")
def get_configuration(_reaper: ReaperProgram, track: ReaperTrack, index: int, key: str, _: Any) -> tuple[bool, str]:
    fx = at(track.fx, index)
    if fx is None:
        return False, ""
    known = {
        "fx_type": fx.type, "fx_ident": fx.ident, "fx_name": fx.original_name, "original_name": fx.original_name,
        "renamed_name": fx.renamed, "pdc": str(fx.latency_samples),
    }  # fmt: skip
    value = known[key] if key in known else fx.configuration(key)
    return value is not None, value or ""


@api_call("TrackFX_SetNamedConfigParm")
def set_configuration(_reaper: ReaperProgram, track: ReaperTrack, index: int, key: str, value: str) -> bool:
    fx = at(track.fx, index)
    if fx is None:
        return False
    if key != "renamed_name":
        raise NotSimulated(f"TrackFX_SetNamedConfigParm: {key} is not simulated")
    fx.renamed = value
    track.project.touch()
    return True


@api_call("TrackFX_AddByName")
def add_by_name(_reaper: ReaperProgram, track: ReaperTrack, name: str, is_input: bool, instantiate: int) -> int:
    if is_input or instantiate <= -1000:
        raise NotSimulated("TrackFX_AddByName: input FX and positions are not simulated")
    bare = name.partition(":")[2].strip() or name
    found = next((i for i, fx in enumerate(track.fx) if bare.lower() in fx.original_name.lower()), -1)
    if instantiate == 0 or (instantiate > 0 and found >= 0):
        return found
    fx = track.project.create_fx(name)
    if fx is None:
        return -1
    track.fx.append(fx)
    track.project.touch()
    return len(track.fx) - 1


@api_call("TrackFX_Delete")
def delete(_reaper: ReaperProgram, track: ReaperTrack, index: int) -> bool:
    if at(track.fx, index) is None:
        return False
    del track.fx[index]
    track.project.touch()
    return True


# ---------------------------------------------------------------- parameters


@api_call("TrackFX_GetNumParams")
def count_parameters(_reaper: ReaperProgram, track: ReaperTrack, index: int) -> int:
    fx = at(track.fx, index)
    return 0 if fx is None or fx.is_offline else fx.parameter_count


@api_call("TrackFX_GetParamName")
def parameter_name(_reaper: ReaperProgram, track: ReaperTrack, index: int, parameter: int, _: Any) -> tuple[bool, str]:
    fx = _with_parameter(track, index, parameter)
    return (True, fx.describe(parameter)[0]) if fx else (False, "")


@api_call("TrackFX_GetParamIdent")
def parameter_ident(_reaper: ReaperProgram, track: ReaperTrack, index: int, parameter: int, _: Any) -> tuple[bool, str]:
    fx = _with_parameter(track, index, parameter)
    return (True, fx.describe(parameter)[1]) if fx else (False, "")


@api_call("TrackFX_GetParamFromIdent")
def parameter_from_ident(_reaper: ReaperProgram, track: ReaperTrack, index: int, ident: str) -> int:
    fx = at(track.fx, index)
    return -1 if fx is None or fx.is_offline else fx.find(ident)


@api_call("TrackFX_GetParamNormalized")
def get_normalized(_reaper: ReaperProgram, track: ReaperTrack, index: int, parameter: int) -> float:
    fx = _with_parameter(track, index, parameter)
    return fx.shown(parameter) if fx else 0.0


@api_call("TrackFX_SetParamNormalized")
def set_normalized(_reaper: ReaperProgram, track: ReaperTrack, index: int, parameter: int, value: float) -> bool:
    fx = _with_parameter(track, index, parameter)
    if fx is None:
        return False
    fx.write(parameter, value)
    return True


@api_call("TrackFX_GetParamEx")
def get_parameter(
    reaper: ReaperProgram, track: ReaperTrack, index: int, parameter: int
) -> tuple[float, float, float, float]:
    fx = _with_parameter(track, index, parameter)
    low, high = fx.raw_range(parameter) if fx else (0.0, 1.0)
    normalized = get_normalized(reaper, track, index, parameter)
    return low + (high - low) * normalized, low, high, (low + high) / 2


@api_call("TrackFX_GetParameterStepSizes")
def get_steps(
    _reaper: ReaperProgram, track: ReaperTrack, index: int, parameter: int
) -> tuple[bool, float, float, float, bool]:
    fx = _with_parameter(track, index, parameter)
    own, step = (fx.own(parameter), fx.step(parameter)) if fx else (None, None)
    if own is None or step is None:
        return False, 0.0, 0.0, 0.0, False
    step *= own.high - own.low
    return True, step, step, step, own.is_toggle


@api_call("TrackFX_GetFormattedParamValue")
def get_text(_reaper: ReaperProgram, track: ReaperTrack, index: int, parameter: int, _: Any) -> tuple[bool, str]:
    fx = _with_parameter(track, index, parameter)
    return (True, fx.text(parameter)) if fx else (False, "")


@api_call("TrackFX_FormatParamValueNormalized")
def format_value(
    _reaper: ReaperProgram, track: ReaperTrack, index: int, parameter: int, value: float, _: Any
) -> tuple[bool, str]:
    fx = _with_parameter(track, index, parameter)
    if fx is None or not fx.formats_values or fx.own(parameter) is None:
        return False, ""
    return True, fx.text(parameter, value)


# ---------------------------------------------------------------- ReaEQ


@api_call("TrackFX_GetEQ")
def get_equaliser(reaper: ReaperProgram, track: ReaperTrack, instantiate: bool) -> int:
    found = next((i for i, fx in enumerate(track.fx) if fx.is_eq), -1)
    return add_by_name(reaper, track, "ReaEQ", False, -1) if found < 0 and instantiate else found


@api_call("TrackFX_GetEQParam")
def get_eq_parameter(
    _reaper: ReaperProgram, track: ReaperTrack, index: int, parameter: int
) -> tuple[bool, int, int, int, float]:
    fx = _equaliser(track, index)
    role = fx.eq_role(parameter) if fx else None
    if fx is None or role is None:
        return False, 0, 0, 0, 0.0
    return True, role.band_type, role.band_index, role.kind, fx.shown(parameter)


@api_call("TrackFX_SetEQParam")
def set_eq_parameter(
    reaper: ReaperProgram,
    track: ReaperTrack,
    index: int,
    band_type: int,
    band: int,
    kind: int,
    value: float,
    is_norm: bool,
) -> bool:
    fx = _equaliser(track, index)
    parameter = fx.parameter_of(band_type, band, kind) if fx else None
    if fx is None or parameter is None or (band_type != MASTER and kind not in _KIND_OF_EQ_PARAMETER):
        return False
    normalized = value if is_norm else fx.laws[parameter].to_normalized(value)
    return set_normalized(reaper, track, index, parameter, normalized)


@api_call("TrackFX_GetEQBandEnabled")
def get_band_enabled(_reaper: ReaperProgram, track: ReaperTrack, index: int, band_type: int, band: int) -> bool:
    fx = _equaliser(track, index)
    return bool(fx and fx.is_band_enabled(band_type, band))


@api_call("TrackFX_SetEQBandEnabled")
def set_band_enabled(
    _reaper: ReaperProgram, track: ReaperTrack, index: int, band_type: int, band: int, enable: bool
) -> bool:
    fx = _equaliser(track, index)
    return bool(fx and fx.enable_band(band_type, band, enable))
