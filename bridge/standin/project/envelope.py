"""An FX parameter's envelope: raw values over project time, and what it makes of the parameter while it is in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.standin.faults import Misuse
from bridge.standin.fx.fx import StandInFx
from bridge.standin.project.interfaces import OwningTrack

LINEAR, SQUARE = 0, 1
READING_MODES = (0, 1, 2, 4)  # trim/read, read, touch, latch
BYPASSED = 5  # of the global override


class EnvelopePoint(NamedTuple):
    """A point at a project time; `value` is raw, as the envelope has it."""

    time_s: float
    value: float  # raw
    shape: int = LINEAR


@dataclass(eq=False)
class FxEnvelope:
    """In force while it is active, holds points, and the track's mode is a reading one: it then overrides whatever is
    written to the parameter. Only sorted points may be played."""

    track: OwningTrack
    fx: StandInFx
    parameter: int
    is_active: bool = True
    points: list[EnvelopePoint] = field(default_factory=list)
    is_armed: bool = True
    is_visible: bool = True
    is_sorted: bool = True
    kind = "TrackEnvelope*"

    @property
    def is_alive(self) -> bool:
        return self.track.is_alive and self in self.track.envelopes and self.fx in self.track.every_fx()

    @property
    def is_in_force(self) -> bool:
        return self.is_active and bool(self.points) and self.track.automation_mode in READING_MODES

    def raw(self, normalized: float) -> float:
        low, high = self.fx.raw_range(self.parameter)
        return low + (high - low) * normalized

    def normalized(self, raw: float) -> float:
        low, high = self.fx.raw_range(self.parameter)
        return (raw - low) / (high - low)

    def insert(self, point: EnvelopePoint, *, is_sorted: bool) -> None:
        self.points.append(point)
        self.is_sorted = len(self.points) < 2 or (self.is_sorted and self.points[-2].time_s <= point.time_s)
        if is_sorted:
            self.sort()
        self.track.project.touch()

    def sort(self) -> None:
        self.points.sort(key=lambda point: point.time_s)
        self.is_sorted = True

    def delete(self, start_s: float, end_s: float) -> None:
        """Remove the points from `start_s` up to `end_s`, the end excluded."""
        self.points[:] = [point for point in self.points if not start_s <= point.time_s < end_s]
        self.track.project.touch()

    def at(self, time_s: float) -> float:
        """The raw value at a project time."""
        if not self.is_sorted:
            raise Misuse("an envelope is read while its points are unsorted: Envelope_SortPoints first")
        before = [point for point in self.points if point.time_s <= time_s]
        after = [point for point in self.points if point.time_s > time_s]
        if not before or not after:
            nearest = before[-1:] or after[:1]
            return nearest[0].value if nearest else 0.0
        first, second = before[-1], after[0]
        if first.shape == SQUARE:
            return first.value
        share = (time_s - first.time_s) / (second.time_s - first.time_s)
        return first.value + share * (second.value - first.value)

    def apply_at(self, time_s: float) -> None:
        """Set the parameter to the envelope's value at a time of the project's clock."""
        self.fx.apply_envelope(self.parameter, self.normalized(self.at(time_s)))

    def effective_at(self, time_s: float) -> float:
        """The normalized value that acts on the sound of project time `time_s`: FX before this one delay it, and the
        clock by which envelopes are read goes on meanwhile."""
        chain = self.track.every_fx()
        samples = sum(fx.latency_samples for fx in chain[: chain.index(self.fx)] if fx.is_enabled and not fx.is_offline)
        return self.normalized(self.at(time_s + samples / self.track.project.sample_rate_hz))
