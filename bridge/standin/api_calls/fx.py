"""The family TrackFX: identity, parameters, ReaEQ's bands, adding and removing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from bridge.standin.api.binding import Function, api_call
from bridge.standin.faults import NotSimulated
from bridge.standin.fx.container import FxContainer, chain_of, find_fx, number_of
from bridge.standin.fx.fx import StandInFx
from bridge.standin.fx.stock import ReaEqDouble
from bridge.standin.project.track import ReaperTrack


def fx_call(name: str, *, missing: Any, is_online: bool = False) -> Callable[[Function], Function]:
    """Register a function that takes an FX in place of track and index; `missing` is the result where there is none,
    or, with `is_online`, where it is offline."""

    def register(function: Function) -> Function:
        @api_call(name)
        @wraps(function)
        def find(track: ReaperTrack, index: int, *arguments: Any) -> Any:
            fx = find_fx(track.fx, index)
            return missing if fx is None or (is_online and fx.is_offline) else function(fx, *arguments)

        return function

    return register


def parameter_call(name: str, *, missing: Any) -> Callable[[Function], Function]:
    """Register a function that takes an FX and the index of a parameter; `missing` is the result where the FX is not
    online or has no such parameter."""

    def register(function: Function) -> Function:
        @fx_call(name, missing=missing, is_online=True)
        @wraps(function)
        def find(fx: StandInFx, parameter: int, *arguments: Any) -> Any:
            return function(fx, parameter, *arguments) if 0 <= parameter < fx.parameter_count else missing

        return function

    return register


_OF_FX: dict[str, tuple[Any, Callable[[StandInFx], Any]]] = {  # the result where there is no FX, and where there is
    "TrackFX_GetFXName": ((False, ""), lambda fx: (True, fx.name)),
    "TrackFX_GetFXGUID": (None, lambda fx: fx.guid),
    "TrackFX_GetEnabled": (False, lambda fx: fx.is_enabled),
    "TrackFX_GetOffline": (False, lambda fx: fx.is_offline),
    "TrackFX_GetNumParams": (0, lambda fx: 0 if fx.is_offline else fx.parameter_count),
}
for _name, (_missing, _get) in _OF_FX.items():
    fx_call(_name, missing=_missing)(_get)

_OF_PARAMETER: dict[str, tuple[Any, Callable[[StandInFx, int], Any]]] = {
    "TrackFX_GetParamName": ((False, ""), lambda fx, parameter: (True, fx.describe(parameter)[0])),
    "TrackFX_GetParamIdent": ((False, ""), lambda fx, parameter: (True, fx.describe(parameter)[1])),
    "TrackFX_GetParamNormalized": (0.0, lambda fx, parameter: fx.read_normalized(parameter)),
    "TrackFX_GetFormattedParamValue": ((False, ""), lambda fx, parameter: (True, fx.text(parameter))),
}
for _name, (_missing, _read) in _OF_PARAMETER.items():
    parameter_call(_name, missing=_missing)(_read)


@api_call("TrackFX_GetCount")
def track_fx_get_count(track: ReaperTrack) -> int:
    return len(track.fx)


@fx_call("TrackFX_SetEnabled", missing=None)
def track_fx_set_enabled(fx: StandInFx, is_enabled: bool) -> None:
    fx.is_enabled = is_enabled


@fx_call("TrackFX_SetOffline", missing=None)
def track_fx_set_offline(fx: StandInFx, is_offline: bool) -> None:
    fx.is_offline = is_offline
    fx.touch()


@api_call("TrackFX_GetNamedConfigParm")
def track_fx_get_named_config_parm(track: ReaperTrack, index: int, key: str) -> tuple[bool, str]:
    fx = find_fx(track.fx, index)
    value = None if fx is None else _configuration(track, fx, key)
    return value is not None, value or ""


def _configuration(track: ReaperTrack, fx: StandInFx, key: str) -> str | None:
    known = {
        "fx_type": fx.type, "fx_ident": fx.ident, "fx_name": fx.original_name, "original_name": fx.original_name,
        "renamed_name": fx.renamed, "pdc": str(fx.latency_samples), "parallel": str(int(fx.is_parallel)),
        "instance_oversample_shift": str(fx.oversampling_shift),
    }  # fmt: skip
    if key in known:
        return known[key]
    match key.split("."):
        case ["param", parameter, "mod" | "lfo" | "acs" | "plink" as module, what] if parameter.isdigit():
            return _modulation(track, fx, int(parameter), module, what)
        case ["parent_container"]:
            container, _ = chain_of(track.fx, fx)
            return str(number_of(track.fx, container)) if container else None
        case ["container_count"] if isinstance(fx, FxContainer):
            return str(len(fx.fx))
        case ["container_item", place] if isinstance(fx, FxContainer) and place.isdigit() and int(place) < len(fx.fx):
            return str(number_of(track.fx, fx.fx[int(place)]))
    return fx.configuration(key)


def _modulation(track: ReaperTrack, fx: StandInFx, parameter: int, module: str, key: str) -> str | None:
    if not 0 <= parameter < fx.parameter_count:
        return None
    modulation = fx.modulations.get(parameter)
    if modulation is None:
        return "0" if key == "active" else None
    _, beside = chain_of(track.fx, fx)
    place = next((place for place, other in enumerate(beside) if other is modulation.source), -1)
    return modulation.configuration(module, key, place)


@fx_call("TrackFX_GetIOSize", missing=(-1, 0, 0), is_online=True)
def track_fx_get_io_size(fx: StandInFx) -> tuple[int, int, int]:
    return 0, len(fx.pins.inputs), len(fx.pins.outputs)


@fx_call("TrackFX_GetPinMappings", missing=(0, 0), is_online=True)
def track_fx_get_pin_mappings(fx: StandInFx, is_output: int, pin: int) -> tuple[int, int]:
    masks = fx.pins.of(bool(is_output))
    mask = masks[pin] if 0 <= pin < len(masks) else 0
    return mask & 0xFFFFFFFF, mask >> 32


@fx_call("TrackFX_SetPinMappings", missing=False, is_online=True)
def track_fx_set_pin_mappings(fx: StandInFx, is_output: int, pin: int, low: int, high: int) -> bool:
    masks = fx.pins.of(bool(is_output))
    if not 0 <= pin < len(masks):
        return False
    masks[pin] = low | high << 32
    fx.touch()
    return True


@fx_call("TrackFX_SetNamedConfigParm", missing=False)
def track_fx_set_named_config_parm(fx: StandInFx, key: str, value: str) -> bool:
    if key != "renamed_name":
        raise NotSimulated(f"TrackFX_SetNamedConfigParm: {key} is not simulated")
    fx.renamed = value
    fx.touch()
    return True


@api_call("TrackFX_AddByName")
def track_fx_add_by_name(track: ReaperTrack, name: str, is_input: bool, instantiate: int) -> int:
    if is_input:
        raise NotSimulated("TrackFX_AddByName: input FX are not simulated")
    bare = name.partition(":")[2].strip() or name
    found = next((i for i, fx in enumerate(track.fx) if bare.lower() in fx.original_name.lower()), -1)
    if instantiate == 0 or (instantiate > 0 and found >= 0):
        return found
    fx = track.project.create_fx(name)
    if fx is None:
        return -1
    place = min(-1000 - instantiate, len(track.fx)) if instantiate <= -1000 else len(track.fx)
    track.fx.insert(place, fx)
    track.project.touch()
    return place


@api_call("TrackFX_Delete")
def track_fx_delete(track: ReaperTrack, index: int) -> bool:
    fx = find_fx(track.fx, index)
    if fx is None:
        return False
    container, _ = chain_of(track.fx, fx)
    (container or track).fx.remove(fx)
    track.project.touch()
    return True


# ---------------------------------------------------------------- parameters


@fx_call("TrackFX_GetParamFromIdent", missing=-1, is_online=True)
def track_fx_get_param_from_ident(fx: StandInFx, ident: str) -> int:
    return fx.find(ident)


@parameter_call("TrackFX_SetParamNormalized", missing=False)
def track_fx_set_param_normalized(fx: StandInFx, parameter: int, normalized: float) -> bool:
    fx.write(parameter, normalized)
    return True


@parameter_call("TrackFX_GetParamEx", missing=(0.0, 0.0, 1.0, 0.5))
def track_fx_get_param_ex(fx: StandInFx, parameter: int) -> tuple[float, float, float, float]:
    low, high = fx.raw_range(parameter)
    return low + (high - low) * fx.read_normalized(parameter), low, high, (low + high) / 2


@parameter_call("TrackFX_GetParameterStepSizes", missing=(False, 0.0, 0.0, 0.0, False))
def track_fx_get_parameter_step_sizes(fx: StandInFx, parameter: int) -> tuple[bool, float, float, float, bool]:
    own, step = fx.own_parameter(parameter), fx.step_size(parameter)
    if own is None or step is None:
        return False, 0.0, 0.0, 0.0, False
    step *= own.high - own.low
    return True, step, step, step, own.is_toggle


@parameter_call("TrackFX_FormatParamValueNormalized", missing=(False, ""))
def track_fx_format_param_value_normalized(fx: StandInFx, parameter: int, normalized: float) -> tuple[bool, str]:
    is_known = fx.formats_values and fx.own_parameter(parameter) is not None
    return is_known, fx.text(parameter, normalized) if is_known else ""


# ---------------------------------------------------------------- ReaEQ


@api_call("TrackFX_GetEQ")
def track_fx_get_eq(track: ReaperTrack, instantiate: bool) -> int:
    found = next((i for i, fx in enumerate(track.fx) if fx.is_eq), -1)
    return track_fx_add_by_name(track, "ReaEQ", False, -1) if found < 0 and instantiate else found


@parameter_call("TrackFX_GetEQParam", missing=(False, 0, 0, 0, 0.0))
def track_fx_get_eq_param(fx: StandInFx, parameter: int) -> tuple[bool, int, int, int, float]:
    role = fx.eq_role(parameter)
    if role is None:
        return False, 0, 0, 0, 0.0
    return True, role.band_type, role.band_index, role.kind, fx.read_normalized(parameter)


@fx_call("TrackFX_SetEQParam", missing=False, is_online=True)
def track_fx_set_eq_param(
    fx: StandInFx, band_type: int, band: int, kind: int, value: float, is_normalized: bool
) -> bool:
    parameter = fx.parameter_of(band_type, band, kind) if isinstance(fx, ReaEqDouble) else None
    if not isinstance(fx, ReaEqDouble) or parameter is None:
        return False
    return track_fx_set_param_normalized(
        fx, parameter, value if is_normalized else fx.laws[parameter].to_normalized(value)
    )


@fx_call("TrackFX_GetEQBandEnabled", missing=False, is_online=True)
def track_fx_get_eq_band_enabled(fx: StandInFx, band_type: int, band: int) -> bool:
    return isinstance(fx, ReaEqDouble) and fx.is_band_enabled(band_type, band)


@fx_call("TrackFX_SetEQBandEnabled", missing=False, is_online=True)
def track_fx_set_eq_band_enabled(fx: StandInFx, band_type: int, band: int, is_enabled: bool) -> bool:
    return isinstance(fx, ReaEqDouble) and fx.enable_band(band_type, band, is_enabled)
