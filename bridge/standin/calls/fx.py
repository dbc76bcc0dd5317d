"""Answers about FX chains: identity, parameters, ReaEQ's roles, adding and removing."""

from __future__ import annotations

from typing import Any

from bridge.standin.api.binding import answers
from bridge.standin.calls.lists import at
from bridge.standin.effects.fx import Fx
from bridge.standin.effects.stock import MASTER, ReaEq
from bridge.standin.faults import NotSimulated
from bridge.standin.program import Program
from bridge.standin.projects.track import Track

_KIND_OF_EQ_PARAMETER = range(3)  # frequency, gain, Q


def _with_parameter(track: Track, index: int, parameter: int) -> Fx | None:
    """The FX, where it is online and has this parameter."""
    fx = at(track.fx, index)
    return fx if fx and not fx.is_offline and 0 <= parameter < fx.parameter_count else None


def _equaliser(track: Track, index: int) -> ReaEq | None:
    fx = at(track.fx, index)
    return fx if isinstance(fx, ReaEq) and not fx.is_offline else None


@answers("TrackFX_GetCount")
def get_count(_reaper: Program, track: Track) -> int:
    return len(track.fx)


@answers("TrackFX_GetFXName")
def get_name(_reaper: Program, track: Track, index: int, _: Any) -> tuple[bool, str]:
    fx = at(track.fx, index)
    return (True, fx.name) if fx else (False, "")


@answers("TrackFX_GetFXGUID")
def get_guid(_reaper: Program, track: Track, index: int) -> str | None:
    fx = at(track.fx, index)
    return fx.guid if fx else None


@answers("TrackFX_GetEnabled")
def get_enabled(_reaper: Program, track: Track, index: int) -> bool:
    fx = at(track.fx, index)
    return bool(fx and fx.is_enabled)


@answers("TrackFX_SetEnabled")
def set_enabled(_reaper: Program, track: Track, index: int, is_enabled: bool) -> None:
    if fx := at(track.fx, index):
        fx.is_enabled = is_enabled


@answers("TrackFX_GetOffline")
def get_offline(_reaper: Program, track: Track, index: int) -> bool:
    fx = at(track.fx, index)
    return bool(fx and fx.is_offline)


@answers("TrackFX_SetOffline")
def set_offline(_reaper: Program, track: Track, index: int, is_offline: bool) -> None:
    if fx := at(track.fx, index):
        fx.is_offline = is_offline
        track.project.touch()


@answers("TrackFX_GetNamedConfigParm")
def get_configuration(_reaper: Program, track: Track, index: int, key: str, _: Any) -> tuple[bool, str]:
    fx = at(track.fx, index)
    if fx is None:
        return False, ""
    known = {
        "fx_type": fx.type, "fx_ident": fx.ident, "fx_name": fx.original_name, "original_name": fx.original_name,
        "renamed_name": fx.renamed, "pdc": str(fx.latency_samples),
    }  # fmt: skip
    value = known[key] if key in known else fx.configuration(key)
    return value is not None, value or ""


@answers("TrackFX_SetNamedConfigParm")
def set_configuration(_reaper: Program, track: Track, index: int, key: str, value: str) -> bool:
    fx = at(track.fx, index)
    if fx is None:
        return False
    if key != "renamed_name":
        raise NotSimulated(f"TrackFX_SetNamedConfigParm: {key} is not simulated")
    fx.renamed = value
    track.project.touch()
    return True


@answers("TrackFX_AddByName")
def add_by_name(_reaper: Program, track: Track, name: str, is_input: bool, instantiate: int) -> int:
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


@answers("TrackFX_Delete")
def delete(_reaper: Program, track: Track, index: int) -> bool:
    if at(track.fx, index) is None:
        return False
    del track.fx[index]
    track.project.touch()
    return True


# ---------------------------------------------------------------- parameters


@answers("TrackFX_GetNumParams")
def count_parameters(_reaper: Program, track: Track, index: int) -> int:
    fx = at(track.fx, index)
    return 0 if fx is None or fx.is_offline else fx.parameter_count


@answers("TrackFX_GetParamName")
def parameter_name(_reaper: Program, track: Track, index: int, parameter: int, _: Any) -> tuple[bool, str]:
    fx = _with_parameter(track, index, parameter)
    return (True, fx.describe(parameter)[0]) if fx else (False, "")


@answers("TrackFX_GetParamIdent")
def parameter_ident(_reaper: Program, track: Track, index: int, parameter: int, _: Any) -> tuple[bool, str]:
    fx = _with_parameter(track, index, parameter)
    return (True, fx.describe(parameter)[1]) if fx else (False, "")


@answers("TrackFX_GetParamFromIdent")
def parameter_from_ident(_reaper: Program, track: Track, index: int, ident: str) -> int:
    fx = at(track.fx, index)
    return -1 if fx is None or fx.is_offline else fx.find(ident)


@answers("TrackFX_GetParamNormalized")
def get_normalized(_reaper: Program, track: Track, index: int, parameter: int) -> float:
    fx = _with_parameter(track, index, parameter)
    return fx.shown(parameter) if fx else 0.0


@answers("TrackFX_SetParamNormalized")
def set_normalized(_reaper: Program, track: Track, index: int, parameter: int, value: float) -> bool:
    fx = _with_parameter(track, index, parameter)
    if fx is None:
        return False
    fx.write(parameter, value)
    return True


@answers("TrackFX_GetParamEx")
def get_parameter(reaper: Program, track: Track, index: int, parameter: int) -> tuple[float, float, float, float]:
    fx = _with_parameter(track, index, parameter)
    low, high = fx.raw_range(parameter) if fx else (0.0, 1.0)
    normalized = get_normalized(reaper, track, index, parameter)
    return low + (high - low) * normalized, low, high, (low + high) / 2


@answers("TrackFX_GetParameterStepSizes")
def get_steps(_reaper: Program, track: Track, index: int, parameter: int) -> tuple[bool, float, float, float, bool]:
    fx = _with_parameter(track, index, parameter)
    own, step = (fx.own(parameter), fx.step(parameter)) if fx else (None, None)
    if own is None or step is None:
        return False, 0.0, 0.0, 0.0, False
    step *= own.high - own.low
    return True, step, step, step, own.is_toggle


@answers("TrackFX_GetFormattedParamValue")
def get_text(_reaper: Program, track: Track, index: int, parameter: int, _: Any) -> tuple[bool, str]:
    fx = _with_parameter(track, index, parameter)
    return (True, fx.text(parameter)) if fx else (False, "")


@answers("TrackFX_FormatParamValueNormalized")
def format_value(_reaper: Program, track: Track, index: int, parameter: int, value: float, _: Any) -> tuple[bool, str]:
    fx = _with_parameter(track, index, parameter)
    if fx is None or not fx.formats_values or fx.own(parameter) is None:
        return False, ""
    return True, fx.text(parameter, value)


# ---------------------------------------------------------------- ReaEQ


@answers("TrackFX_GetEQ")
def get_equaliser(reaper: Program, track: Track, instantiate: bool) -> int:
    found = next((i for i, fx in enumerate(track.fx) if fx.is_eq), -1)
    return add_by_name(reaper, track, "ReaEQ", False, -1) if found < 0 and instantiate else found


@answers("TrackFX_GetEQParam")
def get_eq_parameter(_reaper: Program, track: Track, index: int, parameter: int) -> tuple[bool, int, int, int, float]:
    fx = _equaliser(track, index)
    role = fx.eq_role(parameter) if fx else None
    if fx is None or role is None:
        return False, 0, 0, 0, 0.0
    return True, role.band_type, role.band_index, role.kind, fx.shown(parameter)


@answers("TrackFX_SetEQParam")
def set_eq_parameter(
    reaper: Program, track: Track, index: int, band_type: int, band: int, kind: int, value: float, is_norm: bool
) -> bool:
    fx = _equaliser(track, index)
    parameter = fx.parameter_of(band_type, band, kind) if fx else None
    if fx is None or parameter is None or (band_type != MASTER and kind not in _KIND_OF_EQ_PARAMETER):
        return False
    normalized = value if is_norm else fx.laws[parameter].to_normalized(value)
    return set_normalized(reaper, track, index, parameter, normalized)


@answers("TrackFX_GetEQBandEnabled")
def get_band_enabled(_reaper: Program, track: Track, index: int, band_type: int, band: int) -> bool:
    fx = _equaliser(track, index)
    return bool(fx and fx.is_band_enabled(band_type, band))


@answers("TrackFX_SetEQBandEnabled")
def set_band_enabled(_reaper: Program, track: Track, index: int, band_type: int, band: int, enable: bool) -> bool:
    fx = _equaliser(track, index)
    return bool(fx and fx.enable_band(band_type, band, enable))
