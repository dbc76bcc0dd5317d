"""Metrics of speech that was freed of other sounds: how far events went down, and how far words changed.

Events and words are known from construction. Nothing here renders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bridge.decibels import power_to_db
from bridge.training.data.scenes import Scene
from bridge.training.evaluation.cases import EvaluationCase
from bridge.types import Audio, Float64

MISSED_DB = 6.0  # an event that went down by less was missed
DAMAGED_DB = 0.5  # a stretch of speech that changed by more was damaged
DOMINATES = 4.0  # an event counts where it has so many times the power of the speech
_GRAIN_S = 0.005
_LEAST_POWER = 1e-12


@dataclass(frozen=True)
class SceneCase(EvaluationCase):
    """A case of which the events and the words are known."""

    scene: Scene = field(kw_only=True, repr=False)


class EventResult(NamedTuple):
    """One event: its kind, and how far it went down."""

    kind: str
    down_db: float


def event_results(scene: Scene, audio: Audio) -> list[EventResult]:
    """How far each event went down in `audio` made of a scene: its energy where it dominates, before over after.

    An event that dominates nowhere is under the words: nobody notices it, and it is not counted.
    """
    added, truth, before, after = (
        _power(one, scene.sample_rate_hz) for one in (scene.added, scene.truth, scene.audio, audio)
    )
    results = []
    for event in scene.events:
        span = _span(event.start_s, event.end_s)
        dominates = added[span] > DOMINATES * truth[span]
        if dominates.any():
            ratio = before[span][dominates].sum() / (after[span][dominates].sum() + _LEAST_POWER)
            results.append(EventResult(event.kind, power_to_db(float(ratio), floor=0.0)))
    return results


def speech_changes_db(scene: Scene, audio: Audio) -> Float64:
    """By how many dB the energy of each stretch of speech (stretches,) differs from the true one.

    Where an event lies over the words, not taking it out is a difference as well.
    """
    truth, after = (_power(one, scene.sample_rate_hz) for one in (scene.truth, audio))
    spans = [span for span in (_span(*stretch) for stretch in scene.speech) if truth[span].sum() > 0]
    return np.array([abs(power_to_db((after[s].sum() + _LEAST_POWER) / truth[s].sum(), floor=0.0)) for s in spans])


def speech_error_db(scene: Scene, audio: Audio) -> Float64:
    """The power of the waveform's change in each stretch of speech, relative to the speech: -40 is a hundredth."""
    error, truth, added = (_power(one, scene.sample_rate_hz) for one in (audio - scene.audio, scene.truth, scene.added))
    errors = []
    for stretch in scene.speech:
        span = _span(*stretch)
        words = added[span] < 0.01 * truth[span]  # what was changed under an event is that event's
        if words.any():
            ratio = error[span][words].sum() / (truth[span][words].sum() + _LEAST_POWER)
            errors.append(power_to_db(float(ratio), floor=1e-10))
    return np.array(errors)


def scene_metrics(scene: Scene, audio: Audio) -> dict[str, float]:
    """Medians and shares of one case; what is not there (no event, no word) is left out."""
    metrics: dict[str, float] = {}
    down_db = np.array([result.down_db for result in event_results(scene, audio)])
    changes_db, errors_db = speech_changes_db(scene, audio), speech_error_db(scene, audio)
    if len(down_db):
        metrics |= {"events_down_db": float(np.median(down_db)), "events_missed": float(np.mean(down_db < MISSED_DB))}
    if len(changes_db):
        metrics |= {
            "speech_changed_db": float(np.median(changes_db)),
            "speech_changed_most_db": float(changes_db.max()),
            "speech_damaged": float(np.mean(changes_db > DAMAGED_DB)),
        }
    if len(errors_db):
        metrics["speech_error_db"] = float(np.median(errors_db))
    return metrics


def _span(start_s: float, end_s: float) -> slice:
    return slice(int(start_s / _GRAIN_S), int(np.ceil(end_s / _GRAIN_S)))


def _power(audio: Audio, sample_rate_hz: int) -> Float64:
    """(grains,) mean squares of (channels, samples)."""
    grain = round(_GRAIN_S * sample_rate_hz)
    count = audio.shape[-1] // grain
    grains = np.square(audio[:, : count * grain], dtype=np.float64).reshape(len(audio), count, grain)
    return np.asarray(grains.mean((0, 2)))
