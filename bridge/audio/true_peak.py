"""True peaks as libebur128 finds them, at a small share of the cost: only where a peak may lie is oversampled.

No oversampled value is larger than the loudest sample around it times what the filter can add up to. So where that
product stays below the highest peak found already, nothing is calculated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bridge.types import Float32

TAPS = 49  # a Hann-windowed sinc, as in libebur128's `interp_create` (1.2.6, MIT)
FIRST_SHARE = 0.95  # of the highest sample: looked at first, for what is found there spares the rest
SPANS = 3  # of the filter in a step, which is calculated or left out as a whole
AT_ONCE = 48  # steps: for larger products BLAS starts threads, which then wait for each other at full load


@dataclass(frozen=True)
class _Oversampler:
    """`matrix` (step + span - 1, step * phases) takes consecutive samples to the values between them, from `span`
    samples each; `gain` is the most that such a value can be of the loudest of those samples."""

    step: int
    span: int
    matrix: Float32
    gain: float


class TruePeakMeter:
    """The largest true peak of audio that comes in blocks: oversampled four times, from 96 kHz on twice."""

    def __init__(self, channels: int, sample_rate_hz: int) -> None:
        self.peak = 0.0
        self._filter = _oversampler(4 if sample_rate_hz < 96_000 else 2) if sample_rate_hz < 192_000 else None
        self._tail = np.zeros((channels, self._filter.span - 1 if self._filter else 0), dtype=np.float32)

    def add(self, block: Float32) -> None:
        """Float32 (channels, samples)."""
        if not block.shape[1]:
            return
        audio = np.concatenate([self._tail, block], axis=1)
        self.peak = max(self.peak, float(audio.max()), -float(audio.min()))
        if self._filter is None or self.peak == 0.0:
            return
        self._tail = audio[:, audio.shape[1] - self._filter.span + 1 :]
        for channel in audio:
            self._search(self._filter, channel)

    def _search(self, own: _Oversampler, audio: Float32) -> None:
        """`audio` (samples,) of one channel, which begins with the tail."""
        values = audio.size - own.span + 1  # those that have all their samples; the rest come with the next block
        steps = -(-values // own.step)
        padded = np.zeros((steps + 1) * own.step, dtype=np.float32)
        padded[: audio.size] = audio
        by_step = padded.reshape(steps + 1, own.step)
        loudest = np.maximum(by_step.max(axis=1), -by_step.min(axis=1))
        around = np.maximum(loudest[:-1], loudest[1:])  # a value is made of samples of its own step and of the next
        near = np.lib.stride_tricks.as_strided(padded, (steps, own.step + own.span - 1), (4 * own.step, 4))
        for floor in (FIRST_SHARE * self.peak, self.peak / own.gain):
            chosen = np.flatnonzero(around > floor)
            for first in range(0, chosen.size, AT_ONCE):
                rows = chosen[first : first + AT_ONCE]
                between = near[rows] @ own.matrix
                if rows[-1] == steps - 1:
                    between[-1].reshape(own.step, -1)[values - rows[-1] * own.step :] = 0.0
                self.peak = max(self.peak, float(between.max()), -float(between.min()))


@lru_cache(maxsize=2)
def _oversampler(factor: int) -> _Oversampler:
    places = np.arange(TAPS) - (TAPS - 1) / 2
    sinc = np.sinc(places / factor) * 0.5 * (1 - np.cos(2 * np.pi * np.arange(TAPS) / (TAPS - 1)))
    span = (TAPS - 1) // factor
    phases = [sinc[phase::factor][:span][::-1] for phase in range(1, factor)]  # phase 0 is the samples themselves
    step = SPANS * span  # so that a value needs the samples of two steps at most
    matrix = np.zeros((step + span - 1, step, factor - 1), dtype=np.float32)
    for at in range(step):
        for phase, taps in enumerate(phases):
            matrix[at : at + span, at, phase] = taps
    gain = max(float(np.abs(taps).sum()) for taps in phases)
    return _Oversampler(step, span, matrix.reshape(step + span - 1, -1), gain)
