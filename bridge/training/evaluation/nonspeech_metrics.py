"""What is asked of speech that was freed of other sounds: are the events down, and are the words as they were?

Events and words are known from construction. Nothing here renders.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class EventResult:
    """One event: its kind, and how far it went down."""

    kind: str
    down_db: float


def event_results(scene: Scene, made: Audio) -> list[EventResult]:
    """How far each event went down: the energy of its span where it dominates, heard over made.

    An event that dominates nowhere is under the words: it is neither heard nor counted.
    """
    added, truth, heard, out = (_power(a, scene.sample_rate_hz) for a in (scene.added, scene.truth, scene.audio, made))
    results = []
    for event in scene.events:
        span = slice(int(event.start_s / _GRAIN_S), int(np.ceil(event.end_s / _GRAIN_S)))
        clear = added[span] > DOMINATES * truth[span]
        if clear.any():
            ratio = heard[span][clear].sum() / (out[span][clear].sum() + _LEAST_POWER)
            results.append(EventResult(event.kind, float(power_to_db(ratio, floor=0.0))))
    return results


def speech_changes_db(scene: Scene, made: Audio) -> Float64:
    """By how much the level of each stretch of speech (stretches,) differs from the true one.

    Where an event lies over the words, not taking it out is a difference as well.
    """
    truth, out = (_power(audio, scene.sample_rate_hz) for audio in (scene.truth, made))
    spans = [slice(int(start / _GRAIN_S), int(np.ceil(end / _GRAIN_S))) for start, end in scene.speech]
    spans = [span for span in spans if truth[span].sum() > 0]
    return np.array([abs(power_to_db((out[s].sum() + _LEAST_POWER) / truth[s].sum(), floor=0.0)) for s in spans])


def speech_error_db(scene: Scene, made: Audio) -> Float64:
    """The power of the waveform's change in each stretch of speech, relative to the speech: -40 is a hundredth."""
    error, truth = _power(made - scene.audio, scene.sample_rate_hz), _power(scene.truth, scene.sample_rate_hz)
    added = _power(scene.added, scene.sample_rate_hz)
    found = []
    for start, end in scene.speech:
        span = slice(int(start / _GRAIN_S), int(np.ceil(end / _GRAIN_S)))
        words = added[span] < 0.01 * truth[span]  # what was changed under an event is that event's
        if words.any():
            ratio = error[span][words].sum() / (truth[span][words].sum() + _LEAST_POWER)
            found.append(float(power_to_db(ratio, floor=1e-10)))
    return np.array(found)


def scene_metrics(scene: Scene, made: Audio) -> dict[str, float]:
    """Medians and shares of one case; what is not there (no event, no word) is left out."""
    found: dict[str, float] = {}
    down = np.array([result.down_db for result in event_results(scene, made)])
    if len(down):
        found |= {"events_down_db": float(np.median(down)), "events_missed": float(np.mean(down < MISSED_DB))}
    changes, errors = speech_changes_db(scene, made), speech_error_db(scene, made)
    if len(changes):
        found |= {"speech_changed_db": float(np.median(changes)), "speech_changed_most_db": float(changes.max())}
        found |= {"speech_damaged": float(np.mean(changes > DAMAGED_DB))}
    if len(errors):
        found["speech_error_db"] = float(np.median(errors))
    return found


def _power(audio: Audio, sample_rate_hz: int) -> Float64:
    """(grains,) of (channels, samples)."""
    grain = round(_GRAIN_S * sample_rate_hz)
    count = audio.shape[-1] // grain
    grains = np.square(audio[:, : count * grain], dtype=np.float64).reshape(len(audio), count, grain)
    return np.asarray(grains.mean((0, 2)))
