"""What a case of an evaluation is, and where cases come from. Knows no task and no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import numpy as np

from bridge.audio.resampling import resample
from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.recordings import SILENCE_RMS, AudioFileEntry, Recording
from bridge.types import Audio, Float32

LONGEST_S = 12.0
SHORTEST_S = 0.5  # of a half: in less than 400 ms there is no loudness
GAIN_DB = 8.0


@dataclass(frozen=True)
class EvaluationCase:
    """One thing to do, and what would be right. Audio is (channels, samples), all at one sample rate.

    Attributes:
        name: the recording's; cases of one recording are not independent.
        use: what a model is to do, as tables and cards call it: the name of a prediction mode.
        given: the sound before the plugins; `truth`: what should come out of them.
        hidden: (controls,) normalized settings that lead to `truth`, or None where none are known to.
        reference: what to come close to, where the use has one.
        loudness_counts: whether loudness is part of what is right; otherwise sounds are compared at equal loudness.
        pauses_count: whether frames in which the truth is silent are part of what is right.
    """

    name: str
    use: str
    sample_rate_hz: int
    given: Audio = field(repr=False)
    truth: Audio = field(repr=False)
    hidden: Float32 | None = field(repr=False)
    reference: Audio | None = field(default=None, repr=False)
    loudness_counts: bool = True
    pauses_count: bool = False

    @property
    def main_metric(self) -> str:
        """The metric that a case is scored by: raw where loudness counts, else at equal loudness."""
        return "mel_db" if self.loudness_counts else "mel_db_equal_loudness"


class CaseSource(Protocol):
    """Draws the cases of a task, and measures what only that task is for."""

    def cases(
        self,
        chain: Chain,
        host: PluginHost,
        files: Sequence[AudioFileEntry],
        *,
        each: int,
        seed: int,
        must_stop: Callable[[], bool] = ...,
    ) -> dict[str, list[EvaluationCase]]:
        """Return cases by the name of their use, `each` of every one of `files`; once `must_stop`, those there are."""
        ...

    def metrics(self, case: EvaluationCase, audio: Audio) -> dict[str, float]:
        """Return what only this task measures of `audio` made of a case: name (with unit) to value."""
        ...


def halves(recording: Recording) -> tuple[Audio, Audio]:
    """The two halves of a recording (channels, samples), at most `LONGEST_S` of each."""
    length = min(recording.audio.shape[-1] // 2, round(LONGEST_S * recording.sample_rate_hz))
    return recording.audio[:, :length], recording.audio[:, length : 2 * length]


def has_two_halves(recording: Recording) -> bool:
    """Whether both halves of a recording sound, and last long enough to be measured."""
    first, second = halves(recording)
    if first.shape[-1] < SHORTEST_S * recording.sample_rate_hz:
        return False
    return min(float(np.sqrt(np.mean(np.square(half)))) for half in (first, second)) > SILENCE_RMS


def draw_gain(generator: np.random.Generator) -> np.float32:
    """Draw the amplitude that a recording is scaled by."""
    return np.float32(db_to_amplitude(generator.uniform(-GAIN_DB, GAIN_DB)))


def is_within_full_scale(case: EvaluationCase) -> bool:
    """Whether no sound of a case is beyond full scale."""
    sounds = [audio for audio in (case.given, case.truth, case.reference) if audio is not None]
    return max(float(np.abs(audio).max(initial=0.0)) for audio in sounds) <= 1.0


def resample_case(case: EvaluationCase, sample_rate_hz: int) -> EvaluationCase:
    """Return the same case at another sample rate: its sounds resampled, the settings that are right unchanged."""
    resampled = partial(resample, sample_rate_hz=case.sample_rate_hz, target_hz=sample_rate_hz)
    return replace(
        case,
        sample_rate_hz=sample_rate_hz,
        given=resampled(case.given),
        truth=resampled(case.truth),
        reference=None if case.reference is None else resampled(case.reference),
    )


def check_cases(cases: Mapping[str, Sequence[EvaluationCase]]) -> None:
    """Raise AudioError where there is no case at all."""
    if not any(cases.values()):
        raise AudioError(
            "None of these recordings can be used for an evaluation: they are silent, too loud or too short. "
            f"Give recordings that sound for {2 * SHORTEST_S:g} s and more."
        )


def interleave_cases(cases: Sequence[EvaluationCase]) -> list[EvaluationCase]:
    """Every recording's first case, then every recording's second, and so on."""
    seen: Counter[str] = Counter()
    rounds = []
    for case in cases:
        rounds.append(seen[case.name])
        seen[case.name] += 1
    return [cases[index] for index in sorted(range(len(cases)), key=rounds.__getitem__)]
