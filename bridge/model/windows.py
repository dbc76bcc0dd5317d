"""Which parts of a long recording are heard: a bounded number of short windows, loud ones, spread over time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]


def choose_windows(excerpts: Sequence[Audio], sample_rate_hz: int, *, window_s: float, count: int) -> list[Audio]:
    """At most `count` windows of at most `window_s`, as views of `excerpts` (channels, samples), in order of time.

    Where there is more audio than that, time is cut into equal stretches and the loudest window of each is taken;
    the window with the highest peak is always among them. Excerpts shorter than half a window are joined first.
    """
    windows = cut_windows(excerpts, sample_rate_hz, window_s=window_s)
    if len(windows) <= count:
        return windows
    energy = np.array([float(np.mean(np.square(window))) for window in windows])
    peak = np.array([float(np.abs(window).max()) for window in windows])
    stretches = np.array_split(np.arange(len(windows)), count)
    chosen = {int(stretch[np.argmax(energy[stretch])]) for stretch in stretches}
    highest = int(np.argmax(peak))
    if highest not in chosen:
        chosen.discard(next(i for i in chosen if any(i in s and highest in s for s in stretches)))
        chosen.add(highest)
    return [windows[index] for index in sorted(chosen)]


def cut_windows(excerpts: Sequence[Audio], sample_rate_hz: int, *, window_s: float) -> list[Audio]:
    """All of `excerpts` (channels, samples) in windows of about `window_s`; short excerpts are joined, not left out."""
    length = max(1, round(window_s * sample_rate_hz))
    return [window for excerpt in _joined(excerpts, length) for window in _cut(excerpt, length)]


def _joined(excerpts: Sequence[Audio], length: int) -> list[Audio]:
    """Neighbours put together until each is half a window long; longer ones stay views."""
    joined: list[Audio] = []
    short: list[Audio] = []
    for excerpt in excerpts:
        if not short and excerpt.shape[-1] * 2 >= length:
            joined.append(excerpt)
            continue
        short.append(excerpt)
        if sum(part.shape[-1] for part in short) * 2 >= length:
            joined.append(np.concatenate(short, axis=1))
            short = []
    if short:
        joined.append(np.concatenate(short, axis=1))
    return joined


def _cut(excerpt: Audio, length: int) -> list[Audio]:
    """Consecutive windows of `length` samples; a rest shorter than half of that joins the window before it."""
    samples = excerpt.shape[-1]
    whole = max(1, int(np.floor(samples / length + 0.5)))
    bounds = [index * length for index in range(whole)] + [samples]
    return [excerpt[:, start:end] for start, end in itertools.pairwise(bounds) if end > start]
