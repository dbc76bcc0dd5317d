"""Cases whose hidden settings no plugin of the chain produced: filters by SciPy, and a compressor of other design.

A model that only undoes its own plugins has learned them by heart; this asks for the sound. The filters are
Butterworth high-passes (scipy.signal.butter) and the shelves and bells of R. Bristow-Johnson, "Cookbook formulae for
audio EQ biquad filter coefficients", run by scipy.signal.sosfilt. The compressor is feed-forward, measures RMS, has a
soft knee and smooths its gain in decibels: D. Giannoulis, M. Massberg, J. Reiss, "Digital dynamic range compressor
design" (2012). Nothing here renders through a plugin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.signal

from bridge.decibels import db_to_amplitude, power_to_db
from bridge.training.data.recordings import Recording
from bridge.training.evaluation.cases import EvaluationCase, draw_gain, halves, has_two_halves, is_within_full_scale
from bridge.types import Audio, Float64

USE = "foreign"
BLOCK_S = 0.001  # the compressor's gain moves in steps of it, straight in between
KNEE_DB = 6.0
ACTIVE_SHARE = 0.6  # of the processors


@dataclass(frozen=True)
class BellFilter:
    """One shelf or bell. `kind` is 'low', 'peak' or 'high'."""

    kind: str
    centre_hz: float
    gain_db: float
    quality: float


@dataclass(frozen=True)
class CompressorSettings:
    """What a compressor is set to."""

    threshold_db: float
    ratio: float
    attack_ms: float
    release_ms: float


@dataclass(frozen=True)
class OutOfChainStrip:
    """A channel strip of other make. `low_cut_hz` None: no low cut."""

    low_cut_hz: float | None
    bells: tuple[BellFilter, ...]
    compression: CompressorSettings | None
    gain_db: float

    def run(self, audio: Audio, sample_rate_hz: int) -> Audio:
        """`audio` (channels, samples) through it."""
        sections = [bell_coefficients(bell, sample_rate_hz) for bell in self.bells]
        if self.low_cut_hz is not None:
            sections.append(scipy.signal.butter(2, self.low_cut_hz, "highpass", fs=sample_rate_hz, output="sos")[0])
        processed = audio.astype(np.float64)
        if sections:
            processed = scipy.signal.sosfilt(np.stack(sections), processed)
        if self.compression is not None:
            processed = processed * compressor_gain(processed, sample_rate_hz, self.compression)
        return np.asarray(processed * db_to_amplitude(self.gain_db), dtype=np.float32)


def out_of_chain_cases(recordings: Sequence[Recording], *, each: int, seed: int) -> list[EvaluationCase]:
    """`each` cases of every recording with two halves that sound, as `match` has them, but for those that pass full
    scale. No settings of any chain are known to be right: `hidden` is None."""
    generator = np.random.default_rng([seed, 2])
    cases = []
    for recording in recordings:
        if not has_two_halves(recording):
            continue
        for _ in range(each):
            strip, gain = draw_strip(generator), draw_gain(generator)
            first, second = (half * gain for half in halves(recording))
            rate = recording.sample_rate_hz
            truth, reference = strip.run(first, rate), strip.run(second, rate)
            case = EvaluationCase(recording.name, USE, rate, first, truth, None, reference)
            if is_within_full_scale(case):
                cases.append(case)
    return cases


def draw_strip(generator: np.random.Generator) -> OutOfChainStrip:
    """What people set: a low cut, two shelves, two bells and a compressor, each in use or not, and a gain."""

    def is_used() -> bool:
        return bool(generator.random() < ACTIVE_SHARE)

    def between(low: float, high: float) -> float:
        return float(low * (high / low) ** generator.random())

    bells = [
        BellFilter("low", between(60, 500), generator.uniform(-12, 12), between(0.5, 1.0)),
        BellFilter("peak", between(120, 1200), generator.uniform(-12, 12), between(0.4, 3.0)),
        BellFilter("peak", between(1000, 8000), generator.uniform(-12, 12), between(0.4, 3.0)),
        BellFilter("high", between(2500, 12000), generator.uniform(-12, 12), between(0.5, 1.0)),
    ]
    squeeze = CompressorSettings(generator.uniform(-40, -10), between(1.5, 8), between(1, 60), between(40, 500))
    return OutOfChainStrip(
        low_cut_hz=between(30, 300) if is_used() else None,
        bells=tuple(bell for bell in bells if is_used()),
        compression=squeeze if is_used() else None,
        gain_db=float(generator.uniform(-8, 8)),
    )


def bell_coefficients(bell: BellFilter, sample_rate_hz: int) -> Float64:
    """One second-order section (6,) after the cookbook, normalized to a leading denominator of 1."""
    a = 10 ** (bell.gain_db / 40)
    angle = 2 * np.pi * min(bell.centre_hz, 0.45 * sample_rate_hz) / sample_rate_hz
    cosine, alpha = np.cos(angle), np.sin(angle) / (2 * bell.quality)
    if bell.kind == "peak":
        above = [1 + alpha * a, -2 * cosine, 1 - alpha * a]
        below = [1 + alpha / a, -2 * cosine, 1 - alpha / a]
    else:
        sign = 1.0 if bell.kind == "low" else -1.0
        root, plus, minus = 2 * np.sqrt(a) * alpha, a + 1, a - 1
        above = [
            a * (plus - sign * minus * cosine + root),
            2 * sign * a * (minus - sign * plus * cosine),
            a * (plus - sign * minus * cosine - root),
        ]
        below = [
            plus + sign * minus * cosine + root,
            -2 * sign * (minus + sign * plus * cosine),
            plus + sign * minus * cosine - root,
        ]
    return np.asarray(np.array([*above, *below]) / below[0])


def compressor_gain(audio: Float64, sample_rate_hz: int, to: CompressorSettings) -> Float64:
    """The gain (samples,) for all channels alike: RMS over blocks, soft knee, attack and release in decibels."""
    block = max(1, round(BLOCK_S * sample_rate_hz))
    count = -(-audio.shape[-1] // block)
    padded = np.pad(audio, ((0, 0), (0, count * block - audio.shape[-1])))
    power = np.mean(padded.reshape(audio.shape[0], count, block) ** 2, axis=(0, 2))
    over_db = power_to_db(power) - to.threshold_db
    knee = np.clip(over_db + KNEE_DB / 2, 0, KNEE_DB) ** 2 / (2 * KNEE_DB)
    bent_db = np.where(over_db > KNEE_DB / 2, over_db, knee)
    wanted_db = -bent_db * (1 - 1 / to.ratio)
    attack, release = (np.exp(-BLOCK_S / (time_ms / 1000)) for time_ms in (to.attack_ms, to.release_ms))
    smooth_db = np.empty(count)
    held = 0.0
    for index, wanted in enumerate(wanted_db.tolist()):
        keep = attack if wanted < held else release
        held = keep * held + (1 - keep) * wanted
        smooth_db[index] = held
    centres = (np.arange(count) + 0.5) * block
    return db_to_amplitude(np.interp(np.arange(audio.shape[-1]), centres, smooth_db))
