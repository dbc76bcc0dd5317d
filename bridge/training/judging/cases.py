"""Cases to judge a model by: unheard recordings, changed by settings that the model is not told.

`match`: the first half of a recording, its second half through hidden settings as the reference, and the first
half through them as the truth. `automix`: a recording degraded, and itself as the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bridge.model.bundle import positions_to_normalized
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost, Render
from bridge.training.sources.files import SILENCE_RMS, Recording
from bridge.training.sources.sampling import SettingsSampler

Audio = NDArray[np.float32]
Use = Literal["match", "automix"]

LONGEST_S = 12.0
GAIN_DB = 8.0


@dataclass(frozen=True)
class Case:
    """One thing to do, and what would be right. `hidden` are normalized settings that lead to `truth`."""

    name: str
    use: Use
    sample_rate_hz: int
    given: Audio = field(repr=False)
    truth: Audio = field(repr=False)
    hidden: NDArray[np.float32] = field(repr=False)
    reference: Audio | None = field(default=None, repr=False)

    @property
    def level_counts(self) -> bool:
        return self.use == "match"


def draw_cases(
    chain: Chain, host: PluginHost, recordings: Sequence[Recording], use: Use, *, each: int, seed: int
) -> list[Case]:
    """`each` cases of every recording with two halves that sound, but for those that pass full scale."""
    sampler = SettingsSampler(chain)
    generator = np.random.default_rng([seed, use == "match"])
    halves = {recording.name: _halves(recording) for recording in recordings}
    sounding = [r for r in recordings if min(_rms(half) for half in halves[r.name]) > SILENCE_RMS]
    drawn = [(r, *_draw(sampler, generator, use)) for r in sounding for _ in range(each)]
    gains = [np.float32(10 ** (generator.uniform(-GAIN_DB, GAIN_DB) / 20)) for _ in drawn]
    jobs: list[Render] = []
    for (recording, through, _), gain in zip(drawn, gains, strict=True):
        first, second = (half * gain for half in halves[recording.name])
        settings = positions_to_normalized(chain, through)
        jobs.append(Render(first, recording.sample_rate_hz, settings))
        if use == "match":
            jobs.append(Render(second, recording.sample_rate_hz, settings))
    rendered = iter(host.render(chain, jobs))
    cases = []
    for (recording, _, right), gain in zip(drawn, gains, strict=True):
        plain, changed = halves[recording.name][0] * gain, next(rendered)
        given, truth = (plain, changed) if use == "match" else (changed, plain)
        reference = next(rendered) if use == "match" else None
        hidden = positions_to_normalized(chain, right)
        heard = [audio for audio in (given, truth, reference) if audio is not None]
        if max(float(np.abs(audio).max()) for audio in heard) > 1.0:
            continue  # beyond full scale: no file holds it, and the guard rightly never goes there
        cases.append(Case(recording.name, use, recording.sample_rate_hz, given, truth, hidden, reference))
    return cases


def _draw(
    sampler: SettingsSampler, generator: np.random.Generator, use: Use
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Positions to render through, and positions that are right."""
    if use == "match":
        hidden = sampler.draw(generator)
        return hidden, hidden
    return sampler.draw_undoable(generator)


def _halves(recording: Recording) -> tuple[Audio, Audio]:
    length = min(recording.audio.size // 2, round(LONGEST_S * recording.sample_rate_hz))
    return recording.audio[None, :length], recording.audio[None, length : 2 * length]


def _rms(audio: Audio) -> float:
    return float(np.sqrt(np.mean(np.square(audio)))) if audio.size else 0.0
