"""True peaks, by exact interpolation wherever the highest may lie, at a small share of its cost.

Three steps, each only where the one before leaves it open. Samples too low for the values around them to come near the
highest found so far are left alone. The rest is oversampled with the twelve taps of libebur128, which read limited
material 3 dB low and more. Blocks that come near the highest are interpolated over thousands of samples, and the tops
between those values found. What is returned is never below libebur128's value, and at most 0.1 dB below the exact one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from bridge.decibels import amplitude_to_db
from bridge.types import Float32

FACTOR = 4  # values for each sample, of either kind of oversampling
SPAN = 12  # taps of each phase: a Hann-windowed sinc, as in libebur128's `interp_create` (1.2.6, MIT)
STEP = 32  # samples whose oversampled values are calculated or left out together
FIRST_SHARE = 0.95  # of the highest sample: looked at first, for what is found there spares the rest
STEPS_AT_ONCE = 48  # for larger products BLAS starts threads, which then wait for each other at full load

BLOCK = 2048  # samples that are interpolated exactly or not at all: a multiple of the step
CONTEXT = 2048  # samples to each side that take part in it
EDGE = 32  # samples of silence before the first and behind the last, where what begins or ends abruptly rings
NEAR = 0.6  # of the highest value: what a block must reach by the twelve taps to be interpolated exactly
TOP = 0.9  # of the highest value: the tops between four values a sample are at most 0.7 dB above them
BLOCKS_AT_ONCE = 8


class TruePeakMeter:
    """The largest true peak of audio that comes in blocks, which is silent before and after them."""

    def __init__(self, channels: int) -> None:
        self._peak = 0.0
        self._pending = np.zeros((channels, CONTEXT + EDGE), dtype=np.float32)

    def add(self, block: Float32) -> None:
        """Float32 (channels, samples)."""
        self._pending = np.concatenate([self._pending, block], axis=1)
        ready = (self._pending.shape[1] - 2 * CONTEXT) // BLOCK * BLOCK
        if ready > 0:
            self._peak = _highest(self._pending[:, : ready + 2 * CONTEXT], self._peak)
            self._pending = self._pending[:, ready:].copy()

    @property
    def peak(self) -> float:
        """As a factor of full scale; 0 for silence."""
        left = self._pending.shape[1] - CONTEXT + EDGE
        padding = EDGE + -left % BLOCK + CONTEXT
        return _highest(np.pad(self._pending, ((0, 0), (0, padding))), self._peak)

    @property
    def peak_dbtp(self) -> float | None:
        """In dB relative to full scale; None for silence."""
        return float(amplitude_to_db(peak)) if (peak := self.peak) > 0 else None


def _highest(audio: Float32, peak: float) -> float:
    """The highest of `peak` and the true peak of `audio`, (channels, blocks with their context at both ends)."""
    core = audio[:, CONTEXT:-CONTEXT]
    peak = max(peak, float(core.max(initial=0.0)), -float(core.min(initial=0.0)))
    if peak == 0.0:
        return 0.0
    for channel in audio:
        by_block = _oversampled(channel, peak)
        peak = _interpolated(channel, by_block, max(peak, float(by_block.max(initial=0.0))))
    return peak


def _oversampled(audio: Float32, peak: float) -> Float32:
    """(blocks,) the highest value of each by libebur128's filter; where that is left alone, by its samples."""
    own = _oversampler()
    steps = audio[CONTEXT:-CONTEXT].reshape(-1, STEP)
    highest = np.maximum(steps.max(axis=1), -steps.min(axis=1))
    ends = np.abs(audio[[CONTEXT - 1, -CONTEXT]])
    around = np.concatenate([ends[:1], highest, ends[1:]])
    around = np.maximum(np.maximum(around[:-2], around[2:]), highest)
    near = np.lib.stride_tricks.sliding_window_view(audio[CONTEXT - SPAN // 2 :], STEP + SPAN - 1)[::STEP]
    is_open = np.ones(len(highest), dtype=np.bool_)
    for share in (FIRST_SHARE, NEAR / own.gain):
        chosen = np.flatnonzero(is_open & (around > share * peak))
        is_open[chosen] = False
        for first in range(0, chosen.size, STEPS_AT_ONCE):
            rows = chosen[first : first + STEPS_AT_ONCE]
            between = near[rows] @ own.matrix
            highest[rows] = np.maximum(highest[rows], np.maximum(between.max(axis=1), -between.min(axis=1)))
        peak = max(peak, float(highest.max()))
    return np.asarray(highest.reshape(-1, BLOCK // STEP).max(axis=1))


def _interpolated(audio: Float32, by_block: Float32, peak: float) -> float:
    """The highest of `peak` and the exact values of the blocks that come near it; those that come nearest, first."""
    blocks = np.lib.stride_tricks.sliding_window_view(audio, BLOCK + 2 * CONTEXT)[::BLOCK]
    order = np.argsort(-by_block)
    for first in range(0, order.size, BLOCKS_AT_ONCE):
        rows = order[first : first + BLOCKS_AT_ONCE]
        rows = rows[by_block[rows] > NEAR * peak]
        if rows.size == 0:
            break
        values = np.abs(_interpolate(blocks[rows]))
        peak = max(peak, float(values.max()))
        peak = max(peak, _highest_top(values, TOP * peak))
    return peak


def _interpolate(blocks: Float32) -> Float32:
    """(rows, FACTOR * BLOCK + 2): band-limited between the samples of `blocks` with their context (rows, samples); one
    value more at each end.

    Exact but for the context's fading out, which only touches what lies closest to half the sample rate.
    """
    samples = blocks.shape[1]
    spectrum = np.fft.rfft(blocks * _fade())
    spectrum[:, -1] *= 0.5  # half the sample rate: one bin of the spectrum before, one of two behind
    values = np.fft.irfft(spectrum, FACTOR * samples).astype(np.float32, copy=False) * np.float32(FACTOR)
    return values[:, FACTOR * CONTEXT - 1 : FACTOR * (CONTEXT + BLOCK) + 1]


def _highest_top(values: Float32, least: float) -> float:
    """The highest top between `values` (rows, places) above `least`: of the sine through each local maximum and its two
    neighbours. 0 where there is none."""
    rows, places = np.nonzero(values[:, 1:-1] >= least)
    before, here, after = (values[rows, places + shift].astype(np.float64) for shift in range(3))
    is_top = (here >= before) & (here >= after)
    before, here, after = before[is_top], here[is_top], after[is_top]
    cosine = (before + after) / (2 * here)
    across = (after - before) ** 2 / (4 * np.maximum(1 - cosine**2, 1e-9))
    return float(np.sqrt(here**2 + across).max(initial=0.0))


@dataclass(frozen=True)
class _Oversampler:
    """`matrix` (STEP + SPAN - 1, STEP * 3) takes consecutive samples to the values between them; `gain` is the most
    that such a value can be of the loudest of its samples."""

    matrix: Float32
    gain: float


@cache
def _oversampler() -> _Oversampler:
    taps = SPAN * FACTOR + 1
    places = np.arange(taps) - (taps - 1) / 2
    sinc = np.sinc(places / FACTOR) * 0.5 * (1 - np.cos(2 * np.pi * np.arange(taps) / (taps - 1)))
    phases = [sinc[phase::FACTOR][:SPAN][::-1] for phase in range(1, FACTOR)]  # phase 0 is the samples themselves
    matrix = np.zeros((STEP + SPAN - 1, STEP, len(phases)), dtype=np.float32)
    for at in range(STEP):
        for number, phase in enumerate(phases):
            matrix[at : at + SPAN, at, number] = phase
    return _Oversampler(matrix.reshape(len(matrix), -1), max(float(np.abs(phase).sum()) for phase in phases))


@cache
def _fade() -> Float32:
    """(samples,) 1 over a block, to 0 over its context."""
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(CONTEXT) + 0.5) / CONTEXT)
    return np.concatenate([rise, np.ones(BLOCK), rise[::-1]]).astype(np.float32)
