"""The family of FX parameter envelopes: raw values, points that must be sorted before a slice ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.standin.api.binding import api_call, api_calls
from bridge.standin.faults import NotSimulated
from bridge.standin.fx.container import find_fx
from bridge.standin.project.envelope import EnvelopePoint, FxEnvelope
from bridge.standin.project.track import ReaperTrack

_OF_ENVELOPE: dict[str, Callable[[FxEnvelope], Any]] = {
    "CountEnvelopePoints": lambda envelope: len(envelope.points),
    "GetEnvelopeScalingMode": lambda _envelope: 0,  # what FX parameters have; faders have another
}
api_calls(_OF_ENVELOPE)

_STATES = {"ACTIVE": "is_active", "ARM": "is_armed", "VISIBLE": "is_visible"}


@api_call("GetFXEnvelope")
def get_fx_envelope(track: ReaperTrack, fx: int, parameter: int, create: bool) -> FxEnvelope | None:
    one = find_fx(track.fx, fx)
    if one is None or not create or one.is_offline or not 0 <= parameter < one.parameter_count:
        return next((e for e in track.envelopes if e.fx is one and e.parameter == parameter), None)
    return track.fx_envelope(one, parameter)


@api_call("GetEnvelopePoint")
def get_envelope_point(envelope: FxEnvelope, index: int) -> tuple[bool, float, float, int, float, bool]:
    if not 0 <= index < len(envelope.points):
        return False, 0.0, 0.0, 0, 0.0, False
    point = envelope.points[index]
    return True, point.time_s, point.value, point.shape, 0.0, False


@api_call("InsertEnvelopePoint")
def insert_envelope_point(
    envelope: FxEnvelope, time_s: float, value: float, shape: int, tension: float, _selected: bool, no_sort: bool | None
) -> bool:
    if shape not in (0, 1) or tension:
        raise NotSimulated(f"InsertEnvelopePoint: shape {shape} with tension {tension:g} is not simulated")
    envelope.insert(EnvelopePoint(time_s, value, shape), is_sorted=not no_sort)
    return True


@api_call("Envelope_SortPoints")
def envelope_sort_points(envelope: FxEnvelope) -> bool:
    envelope.sort()
    return True


@api_call("DeleteEnvelopePointRange")
def delete_envelope_point_range(envelope: FxEnvelope, start_s: float, end_s: float) -> bool:
    envelope.delete(start_s, end_s)
    return True


@api_call("Envelope_Evaluate")
def envelope_evaluate(
    envelope: FxEnvelope, time_s: float, _rate: float, _samples: int
) -> tuple[int, float, float, float, float]:
    return 1, envelope.at(time_s), 0.0, 0.0, 0.0


@api_call("ScaleToEnvelopeMode", "ScaleFromEnvelopeMode")
def scale_to_envelope_mode(mode: int, value: float) -> float:
    if mode:
        raise NotSimulated("ScaleToEnvelopeMode: fader scaling is not simulated")
    return value


@api_call("GetSetEnvelopeInfo_String")
def get_set_envelope_info_string(envelope: FxEnvelope, name: str, value: str, is_set: bool) -> tuple[bool, str]:
    if name not in _STATES:
        raise NotSimulated(f"GetSetEnvelopeInfo_String: {name} is not simulated")
    if is_set:
        setattr(envelope, _STATES[name], value != "0")
        envelope.track.project.touch()
    return True, str(int(getattr(envelope, _STATES[name])))
