"""Cases to judge a model by: unheard recordings, changed in ways that the model is not told.

`match`: the first half of a recording, its second half through hidden settings as the reference, and the first
half through them as the truth. `automix`: a recording degraded, and itself as the truth. Here are the type, and the
drawing of cases whose hidden settings are the chain's own; what changed those of `foreign` is in `judging/foreign`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError, PluginError
from bridge.model.bundle import positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, Render
from bridge.training.data.recordings import SILENCE_RMS, Recording
from bridge.training.data.settings_sampler import SettingsSampler
from bridge.training.data.speech import resample
from bridge.types import Audio, Float32

LONGEST_S = 12.0
SHORTEST_S = 0.5  # of a half: in less than 400 ms there is no loudness
GAIN_DB = 8.0


@dataclass(frozen=True)
class EvaluationCase:
    """One thing to do, and what would be right. Audio is (channels, samples), all at one sample rate.

    Attributes:
        name: the recording's; cases of one recording are not independent.
        use: what a model is asked to do, as the tables call it: a lesson's name.
        given: the sound before the plugins; `truth`: what should come out of them.
        hidden: (controls,) normalized settings that lead to `truth`, or None where no setting is known to.
        reference: what to come close to, where the use has one.
        level_counts: whether level is part of what is right; otherwise sounds are judged at equal loudness.
    """

    name: str
    use: str
    sample_rate_hz: int
    given: Audio = field(repr=False)
    truth: Audio = field(repr=False)
    hidden: Float32 | None = field(repr=False)
    reference: Audio | None = field(default=None, repr=False)
    level_counts: bool = True


def draw_cases(
    chain: Chain, host: PluginHost, recordings: Sequence[Recording], use: str, *, each: int, seed: int
) -> list[EvaluationCase]:
    """`each` cases of `match` or `automix` of every recording with two halves that sound.

    Those that pass full scale are left out: no file holds them, and the guard rightly never goes there. So are those
    that a plugin failed at. PluginError where it failed at all of them.
    """
    is_match = use == "match"
    sampler = SettingsSampler(chain)
    generator = np.random.default_rng([seed, is_match])
    drawn = [
        (recording, *((sampler.draw(generator),) * 2 if is_match else sampler.draw_undoable(generator)))
        for recording in recordings
        if has_two_halves(recording)
        for _ in range(each)
    ]
    gains = [draw_gain(generator) for _ in drawn]
    jobs: list[Render] = []
    for (recording, through, _), gain in zip(drawn, gains, strict=True):
        first, second = (half * gain for half in halves(recording))
        settings = positions_to_normalized(chain, through)
        jobs.append(Render(first, recording.sample_rate_hz, settings))
        if is_match:
            jobs.append(Render(second, recording.sample_rate_hz, settings))
    answers = host.render(chain, jobs, return_errors=True)
    if answers and all(isinstance(answer, PluginError) for answer in answers):
        raise next(answer for answer in answers if isinstance(answer, PluginError))
    rendered = iter(answers)
    cases = []
    for (recording, _, right), gain in zip(drawn, gains, strict=True):
        plain, changed = halves(recording)[0] * gain, next(rendered)
        reference = next(rendered) if is_match else None
        if isinstance(changed, PluginError) or isinstance(reference, PluginError):
            continue
        given, truth = (plain, changed) if is_match else (changed, plain)
        hidden = positions_to_normalized(chain, right)
        case = EvaluationCase(recording.name, use, recording.sample_rate_hz, given, truth, hidden, reference, is_match)
        if fits_a_file(case):
            cases.append(case)
    return cases


def has_two_halves(recording: Recording) -> bool:
    """Whether both halves of a recording sound, and last long enough to be judged."""
    first, second = halves(recording)
    if first.shape[-1] < SHORTEST_S * recording.sample_rate_hz:
        return False
    return min(float(np.sqrt(np.mean(np.square(half)))) for half in (first, second)) > SILENCE_RMS


def halves(recording: Recording) -> tuple[Audio, Audio]:
    """The two halves of a recording (channels, samples), at most `LONGEST_S` of each."""
    length = min(recording.audio.shape[-1] // 2, round(LONGEST_S * recording.sample_rate_hz))
    return recording.audio[:, :length], recording.audio[:, length : 2 * length]


def draw_gain(generator: np.random.Generator) -> np.float32:
    """The level that a recording comes at, as a factor."""
    return np.float32(db_to_amplitude(generator.uniform(-GAIN_DB, GAIN_DB)))


def fits_a_file(case: EvaluationCase) -> bool:
    """Whether nothing of a case is beyond full scale."""
    heard = [audio for audio in (case.given, case.truth, case.reference) if audio is not None]
    return max(float(np.abs(audio).max(initial=0.0)) for audio in heard) <= 1.0


def at_rate(case: EvaluationCase, sample_rate_hz: int) -> EvaluationCase:
    """The same case at another sample rate: all its sounds resampled, the settings that are right unchanged."""

    def converted(audio: Audio) -> Audio:
        samples = round(audio.shape[-1] * sample_rate_hz / case.sample_rate_hz)
        return np.stack([resample(channel, samples) for channel in audio])

    return replace(
        case,
        sample_rate_hz=sample_rate_hz,
        given=converted(case.given),
        truth=converted(case.truth),
        reference=None if case.reference is None else converted(case.reference),
    )


def sample_cases(drawn: Mapping[str, Sequence[EvaluationCase]]) -> Mapping[str, Sequence[EvaluationCase]]:
    """`drawn`, by the name of the use. AudioError where there is no case at all."""
    if not any(drawn.values()):
        raise AudioError(
            "None of these recordings can be judged by: they are silent, too loud or too short. Give recordings that "
            f"sound for {2 * SHORTEST_S:g} s and more."
        )
    return drawn


def interleave_cases(cases: Sequence[EvaluationCase]) -> list[EvaluationCase]:
    """Every recording's first case, then every recording's second, and so on."""
    seen: Counter[str] = Counter()
    turns = []
    for place, case in enumerate(cases):
        turns.append((seen[case.name], place))
        seen[case.name] += 1
    return [cases[place] for _, place in sorted(turns)]
