"""Cases of mastering: mixes of songs that the model never heard, in stereo.

`match`: the first half of a mix, and its second half mastered by hidden settings of the chain, limiter included.
`foreign`: the same with a reference by no plugin of the chain: a curve of another equaliser, and soft clipping.
`automix`: a finished mix with another tonal balance, and itself as the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bridge.audio.loudness import true_peak_dbtp
from bridge.automix.guard.loudness_guard import split_at_limiter
from bridge.automix.loudness_solver import LoudnessControls
from bridge.decibels import db_to_amplitude
from bridge.model.bundle import positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.eq_settings_sampler import EqSettingsSampler, draw_curve_db
from bridge.training.data.mixes import THIRDS_HZ, MixGenerator, StemMix, StemStrip, draw_mix, equalised
from bridge.training.data.recordings import SILENCE_RMS, Recording
from bridge.training.evaluation.cases import SHORTEST_S, EvaluationCase
from bridge.types import Audio

LONGEST_S = 8.0
MIXES = 2  # of a song where one case of every file is asked for
LEVELS_DB = (-28.0, -14.0)
HIGHEST_PEAK = 0.98
LIMITING_DB = (0.0, 8.0)
CEILINGS_DB = (-2.0, -0.3)
FINISHING = 0.7


def mastering_cases(
    chain: Chain,
    host: PluginHost,
    recordings: Sequence[Recording],
    *,
    each: int,
    seed: int,
    must_stop: Callable[[], bool] = lambda: False,
) -> dict[str, list[EvaluationCase]]:
    """By use; `each` x `MIXES` mixes of every song, and `each` levels of every finished recording; once `must_stop`,
    those there are, one at least."""
    desk = MixGenerator(recordings)
    generator = np.random.default_rng([seed, 31])
    mixes = [draw_mix(song, generator) for song in desk.songs for _ in range(each * MIXES)]
    mixes += [
        StemMix(master.name, (StemStrip(master, 1.0, 0.0, 0.0, (0.0, 0.0)),), is_finished=True)
        for master in desk.masters
        for _ in range(each)
    ]
    cases: dict[str, list[EvaluationCase]] = {"match": [], "foreign": [], "automix": []}
    for mix in mixes:
        if cases["match"] and must_stop():
            break
        halves = _halves(mix, generator)
        if halves is None:
            continue
        rate = mix.strips[0].stem.sample_rate_hz
        cases["match"].append(_match(chain, host, mix.name, rate, halves, generator))
        cases["foreign"].append(_foreign(mix.name, rate, halves, generator))
        cases["automix"].append(_automix(desk, mix, rate, halves[0], generator))
    return cases


def _halves(mix: StemMix, generator: np.random.Generator) -> tuple[Audio, Audio] | None:
    """Two parts (2, samples) at one random level; None where one of them is silent or too short to be measured."""
    stem = mix.strips[0].stem
    length = min(stem.audio.shape[-1] // 2, round(LONGEST_S * stem.sample_rate_hz))
    if length < SHORTEST_S * stem.sample_rate_hz:
        return None
    first = mix.cut(stem.sample_rate_hz, length, 0.0)
    second = mix.cut(stem.sample_rate_hz, length, length / stem.audio.shape[-1])
    rms = [float(np.sqrt(np.mean(np.square(half)))) for half in (first, second)]
    if min(rms) < SILENCE_RMS:
        return None
    level = db_to_amplitude(generator.uniform(*LEVELS_DB)) / rms[0]
    level = min(level, HIGHEST_PEAK / max(float(np.abs(half).max()) for half in (first, second)))
    return np.float32(level) * first, np.float32(level) * second


def _match(
    chain: Chain, host: PluginHost, name: str, rate: int, halves: tuple[Audio, Audio], generator: np.random.Generator
) -> EvaluationCase:
    hidden = positions_to_normalized(chain, EqSettingsSampler(chain).draw(generator))
    split = split_at_limiter(chain)
    plain = host.render(split.tone, [RenderInput(half, rate, hidden[split.tone_controls]) for half in halves])
    peak_db = max(true_peak_dbtp(half, rate) or -60.0 for half in plain)
    limiting_db, ceiling_db = generator.uniform(*LIMITING_DB), generator.uniform(*CEILINGS_DB)
    hidden = LoudnessControls.of(chain).write(hidden, -peak_db, limiting_db, ceiling_db)
    truth, reference = host.render(chain, [RenderInput(half, rate, hidden) for half in halves])
    return EvaluationCase(name, "match", rate, halves[0], truth, hidden, reference, loudness_counts=False)


def _foreign(name: str, rate: int, halves: tuple[Audio, Audio], generator: np.random.Generator) -> EvaluationCase:
    """By a zero-phase equaliser with gains between the thirds of an octave, and a clipper."""
    curve_db, by_db = draw_curve_db(THIRDS_HZ, generator), generator.uniform(*LIMITING_DB)
    loud = [equalised(half, rate, curve_db) for half in halves]
    peak = max(float(np.abs(half).max()) for half in loud)
    threshold = peak * db_to_amplitude(-by_db)
    truth, reference = (np.asarray(0.9 * np.tanh(half / threshold), dtype=np.float32) for half in loud)
    return EvaluationCase(name, "foreign", rate, halves[0], truth, None, reference, loudness_counts=False)


def _automix(
    desk: MixGenerator, mix: StemMix, rate: int, part: Audio, generator: np.random.Generator
) -> EvaluationCase:
    good = part if mix.is_finished else equalised(part, rate, desk.balance.finishing_db(part, rate, FINISHING))
    degraded = equalised(good, rate, draw_curve_db(THIRDS_HZ, generator))
    peak = max(float(np.abs(audio).max()) for audio in (good, degraded))
    scale = np.float32(min(1.0, HIGHEST_PEAK / peak))
    return EvaluationCase(mix.name, "automix", rate, scale * degraded, scale * good, None, None, loudness_counts=False)
