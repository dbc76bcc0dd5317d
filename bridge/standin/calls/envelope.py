"""Answers about FX parameter envelopes: raw values, points that must be sorted before a slice ends."""

from __future__ import annotations

from bridge.standin.api.binding import answers
from bridge.standin.faults import NotSimulated
from bridge.standin.program import Program
from bridge.standin.projects.envelope import Envelope, Point
from bridge.standin.projects.track import Track

_STATES = {"ACTIVE": "is_active", "ARM": "is_armed", "VISIBLE": "is_visible"}


@answers("GetFXEnvelope")
def fx_envelope(_reaper: Program, track: Track, fx: int, parameter: int, create: bool) -> Envelope | None:
    chain = track.fx[fx : fx + 1] if fx >= 0 else []
    found = next((e for e in track.envelopes if e.fx in chain and e.parameter == parameter), None)
    if not create or not chain or chain[0].is_offline or not 0 <= parameter < chain[0].parameter_count:
        return found
    if found is None:
        found = Envelope(track, chain[0], parameter)
        found.points = [Point(0.0, found.raw(chain[0].shown(parameter)))]
        track.envelopes.append(found)
    found.is_active = True
    track.project.touch()
    return found


@answers("CountEnvelopePoints")
def count_points(_reaper: Program, envelope: Envelope) -> int:
    return len(envelope.points)


@answers("GetEnvelopePoint")
def get_point(_reaper: Program, envelope: Envelope, index: int) -> tuple[bool, float, float, int, float, bool]:
    if not 0 <= index < len(envelope.points):
        return False, 0.0, 0.0, 0, 0.0, False
    point = envelope.points[index]
    return True, point.time_s, point.value, point.shape, 0.0, False


@answers("InsertEnvelopePoint")
def insert_point(
    _reaper: Program, envelope: Envelope, time_s: float, value: float, shape: int, tension: float, _selected: bool,
    is_unsorted: bool | None,
) -> bool:  # fmt: skip
    if shape not in (0, 1) or tension:
        raise NotSimulated(f"InsertEnvelopePoint: shape {shape} with tension {tension:g} is not simulated")
    envelope.insert(Point(time_s, value, shape), is_sorted=not is_unsorted)
    return True


@answers("Envelope_SortPoints")
def sort_points(_reaper: Program, envelope: Envelope) -> bool:
    envelope.sort()
    return True


@answers("DeleteEnvelopePointRange")
def delete_points(_reaper: Program, envelope: Envelope, start_s: float, end_s: float) -> bool:
    envelope.delete(start_s, end_s)
    return True


@answers("Envelope_Evaluate")
def evaluate(
    _reaper: Program, envelope: Envelope, time_s: float, _rate: float, _samples: int
) -> tuple[int, float, float, float, float]:
    return 1, envelope.at(time_s), 0.0, 0.0, 0.0


@answers("GetEnvelopeScalingMode")
def scaling_mode(_reaper: Program, _envelope: Envelope) -> int:
    return 0  # what FX parameters have; faders have another


@answers("ScaleToEnvelopeMode", "ScaleFromEnvelopeMode")
def scale(_reaper: Program, mode: int, value: float) -> float:
    if mode:
        raise NotSimulated("ScaleToEnvelopeMode: fader scaling is not simulated")
    return value


@answers("GetSetEnvelopeInfo_String")
def envelope_text(_reaper: Program, envelope: Envelope, name: str, value: str, is_set: bool) -> tuple[bool, str]:
    if name not in _STATES:
        raise NotSimulated(f"GetSetEnvelopeInfo_String: {name} is not simulated")
    if is_set:
        setattr(envelope, _STATES[name], value != "0")
        envelope.track.project.touch()
    return True, str(int(getattr(envelope, _STATES[name])))
