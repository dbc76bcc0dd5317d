"""Labels of every frame by search: how far each control must move to take an event down, and where moving it helps.

A scene is rendered through the chain with each control at a few places from rest to the far end of its range, the
others at rest. An event's label is the nearest place that takes it down enough, of one control: the first in the chain
that can, for narrow ones come before what changes everything, or else the one that leaves least. That control must act
in the frames in which what comes out then is closer to the truth than what went in. No plugin's law is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.decibels import db_to_power, power_to_db
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import neutral_positions
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.scenes import Scene
from bridge.types import Float32, Float64, Mask

STEPS = 6  # places tried of each control
DEPTH_DB = 24.0  # an event that is taken down so far is gone
ENOUGH_DB = 14.0  # a control that takes it down so far may do so alone
USEFUL_DB = 8.0  # a control that takes an event down by less is not the one for it
BETTER = 0.5  # acting must halve the error's power
TAIL_S = 0.15  # in which the room still rings
SPEECH_BELOW_LOUD_DB = 45.0
SPEECH_WEIGHT = 3.0
PAUSE_WEIGHT = 0.5
_SILENT_POWER = 1e-10
_SPARE_FRAMES = 1  # around an event, where nobody speaks, a control may act too


@dataclass(frozen=True)
class FrameLabels:
    """What is right for each frame of one scene.

    Attributes:
        activity: (controls, frames) 1 where the control must act, 0 where it must rest.
        weight: (controls, frames) how much that matters; 0 where both are right.
        position: (controls, frames) 0..1, where the control must stand when it acts; the neutral one elsewhere.
        speech: (frames,) 1 where somebody speaks.
    """

    activity: Float64
    weight: Float64
    position: Float64
    speech: Float64


def label_scene(scene: Scene, renderer: ExampleRenderer, features: FeatureSettings) -> FrameLabels | None:
    """The labels of `scene`, or None where a plugin failed on it."""
    chain = renderer.chain
    neutral, controls = neutral_positions(chain), len(chain.controls)
    grid = FrameGrid.of(scene.audio.shape[-1], scene.sample_rate_hz, features)
    truth, added, mixed = (grid.power(audio) for audio in (scene.truth, scene.added, scene.audio))
    speech = _speaks(scene, grid, truth)
    labels = FrameLabels(
        activity=np.zeros((controls, grid.count)),
        weight=np.where(speech > 0, SPEECH_WEIGHT, PAUSE_WEIGHT) * np.ones((controls, 1)),
        position=np.repeat(neutral[:, None].astype(np.float64), grid.count, axis=1),
        speech=speech,
    )
    if not scene.events:
        return labels
    trials = []
    for control in range(controls):
        places = _places(float(neutral[control]))
        positions = np.repeat(neutral[None], len(places), axis=0)
        positions[:, control] = places
        rendered = renderer.render([scene.audio] * len(places), positions)
        if any(not audio.size for audio in rendered):
            return None
        errors = np.stack([grid.power(audio - scene.truth) for audio in rendered])
        trials.append(_Trials(control, places, errors, np.stack([grid.power(audio) for audio in rendered])))
    for event in scene.events:
        span = grid.within(event.start_s, event.end_s + TAIL_S)
        _label_event(labels, trials, span, mixed, added, truth)
    return labels


@dataclass(frozen=True)
class _Trials:
    """One control at its `places`: the power (places, frames) of what comes out, and of its error."""

    control: int
    places: Float64
    errors: Float64
    powers: Float64


@dataclass(frozen=True)
class FrameGrid:
    """The frames of `features.log_mel`: (first sample, last sample) of the hop around each frame's middle."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    middles_s: Float64

    @classmethod
    def of(cls, samples: int, sample_rate_hz: int, features: FeatureSettings) -> FrameGrid:
        window, hop = round(features.window_s * sample_rate_hz), round(features.hop_s * sample_rate_hz)
        count = max(1, (samples - window) // hop + 1)
        middles = np.arange(count) * hop + window // 2
        starts = np.maximum(middles - hop // 2, 0)
        return cls(starts, np.minimum(starts + hop, samples), middles / sample_rate_hz)

    @property
    def count(self) -> int:
        return len(self.starts)

    def power(self, audio: Float32) -> Float64:
        """Mean power (frames,) of (channels, samples)."""
        total = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64).mean(0))])
        return np.asarray((total[self.ends] - total[self.starts]) / np.maximum(self.ends - self.starts, 1))

    def within(self, start_s: float, end_s: float) -> Mask:
        return np.asarray((self.middles_s >= start_s) & (self.middles_s <= end_s))


def _speaks(scene: Scene, grid: FrameGrid, truth: Float64) -> Float64:
    inside = np.zeros(grid.count, dtype=bool)
    for start_s, end_s in scene.speech:
        inside |= grid.within(start_s, end_s)
    loud = np.quantile(truth[inside], 0.95) if inside.any() else 1.0
    return (inside & (truth > loud * db_to_power(-SPEECH_BELOW_LOUD_DB))).astype(np.float64)


def _places(neutral: float) -> Float64:
    """From the first step off rest to the end of the range that is farther away."""
    far = 0.0 if neutral > 0.5 else 1.0
    return neutral + (far - neutral) * np.arange(1, STEPS + 1) / STEPS


def _label_event(
    labels: FrameLabels, trials: Sequence[_Trials], span: Mask, mixed: Float64, added: Float64, truth: Float64
) -> None:
    audible = span & (added > _SILENT_POWER)
    clear = audible & (added > 4 * truth)
    if not clear.any():
        clear = audible & (added > truth)
    quiet = span & (labels.speech == 0)
    labels.weight[:, quiet] = 0.0
    if not clear.any():
        return
    useful: list[tuple[float, _Trials, float, int]] = []
    for trial in trials:
        down_db = power_to_db(mixed[clear].sum() / (trial.powers[:, clear].sum(1) + _SILENT_POWER), floor=0.0)
        place, nearest = _nearest(trial.places, down_db)
        if down_db[nearest] >= USEFUL_DB:
            useful.append((max(0.0, ENOUGH_DB - down_db[nearest]), trial, place, nearest))
    if not useful:
        labels.weight[:, quiet] = PAUSE_WEIGHT
        return
    _, trial, place, nearest = min(useful, key=lambda one: one[0])  # the first of equals
    helps = audible & (trial.errors[nearest] < BETTER * added)
    spare = _spread(helps) & (labels.speech == 0)
    acts = helps | spare
    for other in trials:
        if other is not trial:
            labels.weight[other.control, quiet] = PAUSE_WEIGHT
    labels.activity[trial.control, acts] = 1.0
    labels.weight[trial.control, helps] = 1.0
    labels.weight[trial.control, spare & ~helps] = 0.5
    labels.position[trial.control, acts] = place


def _nearest(places: Float64, down_db: Float64) -> tuple[float, int]:
    """The place nearest to rest that takes an event down by `DEPTH_DB`, between the tried ones, and the tried one
    beside it; the one that takes it down most where none is enough."""
    enough = np.flatnonzero(down_db >= DEPTH_DB)
    if not len(enough):
        best = int(np.argmax(down_db))
        return float(places[best]), best
    first = int(enough[0])
    if first == 0:
        return float(places[0]), 0
    share = (DEPTH_DB - down_db[first - 1]) / max(down_db[first] - down_db[first - 1], 1e-6)
    return float(places[first - 1] + np.clip(share, 0, 1) * (places[first] - places[first - 1])), first


def _spread(chosen: Mask) -> Mask:
    spread = chosen.copy()
    for shift in range(1, _SPARE_FRAMES + 1):
        spread[shift:] |= chosen[:-shift]
        spread[:-shift] |= chosen[shift:]
    return spread


def stack_labels(labels: Sequence[FrameLabels]) -> dict[str, NDArray[np.floating]]:
    """As the arrays of a shard, float16 (n, ...)."""
    names = ("activity", "weight", "position", "speech")
    return {name: np.stack([getattr(one, name) for one in labels]).astype(np.float16) for name in names}
