"""Windows of a long recording that stand for all of it: a bounded number, short, loud and spread over time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from bridge.types import Audio

FADE_S = 0.01  # a window that began in the middle of a sound would click, and a boosted click looks like a peak


def choose_excerpts(excerpts: Sequence[Audio], sample_rate_hz: int, *, window_s: float, count: int) -> list[Audio]:
    """Return the loudest windows of a sound, faded in.

    Where there is more audio than they hold, time is cut into equal stretches and the loudest window of each is taken;
    the window with the highest peak is always among them.

    Args:
        excerpts: (channels, samples) each; those shorter than half a window are joined first.
        sample_rate_hz: of all of them.
        window_s: about how long a window is, in seconds.
        count: of the windows, at most.

    Returns:
        (channels, samples) each, in order of time.
    """
    windows = cut_excerpts(excerpts, sample_rate_hz, window_s=window_s)
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


def cut_excerpts(excerpts: Sequence[Audio], sample_rate_hz: int, *, window_s: float) -> list[Audio]:
    """Return all of `excerpts` (channels, samples) in windows of about `window_s`; short ones are joined, not left out.

    Each window begins `FADE_S` early and is faded in over that, so that nothing of the sound is lost between two.
    """
    length = max(1, round(window_s * sample_rate_hz))
    fade = round(FADE_S * sample_rate_hz)
    return [window for excerpt in _joined(excerpts, length) for window in _cut(excerpt, length, fade)]


def _joined(excerpts: Sequence[Audio], length: int) -> list[Audio]:
    """Excerpts shorter than half a window put together with what follows, until they fill one."""
    joined: list[Audio] = []
    short: list[Audio] = []
    gathered = 0
    for excerpt in excerpts:
        if not short and excerpt.shape[-1] * 2 >= length:
            joined.append(excerpt)
            continue
        short.append(excerpt)
        gathered += excerpt.shape[-1]
        if gathered >= length:
            joined.append(np.concatenate(short, axis=1))
            short, gathered = [], 0
    return [*joined, np.concatenate(short, axis=1)] if short else joined


def _cut(excerpt: Audio, length: int, fade: int) -> list[Audio]:
    """Consecutive windows of `length` samples; a rest shorter than half of that joins the window before it."""
    samples = excerpt.shape[-1]
    whole = max(1, int(np.floor(samples / length + 0.5)))
    bounds = [index * length for index in range(whole)] + [samples]
    pieces = [excerpt[:, max(0, start - fade) : end] for start, end in itertools.pairwise(bounds) if end > start]
    return [_faded_in(piece, min(fade, piece.shape[-1])) for piece in pieces]


def _faded_in(window: Audio, fade: int) -> Audio:
    faded = window.copy()
    faded[:, :fade] *= np.sin(np.linspace(0.0, np.pi / 2, fade, endpoint=False, dtype=np.float32)) ** 2
    return faded
