"""Settings that move in time: curves at frame rate, smoothed, thinned to breakpoints, and sampled once a block.

What is rendered comes from the breakpoints, as a user's host would draw the line between them. Plain NumPy, without
models or plugins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bridge.automix.job import AutomationCurve, ProxyChain
from bridge.types import Float32, Float64

BLOCK_S = 0.0015  # settings move in steps of about this: 64 samples at 44.1 kHz
LAW_POINTS = 65  # at which the conversion of a control to a proxy chain is sampled
_ROWS_AT_ONCE = 1 << 16


def smooth_curve(values: Float64, width: int) -> Float64:
    """Average `values` (..., frames) by a Hann window over `width` frames to either side: nothing shifts in time.

    The ends continue as they are. What is constant stays so, and the result never leaves the range of the values.

    >>> smooth_curve(np.array([0., 0, 0, 4, 0, 0, 0]), 1).tolist()
    [0.0, 0.0, 1.0, 2.0, 1.0, 0.0, 0.0]
    """
    if width < 1:
        return np.asarray(values, dtype=np.float64)
    weights = np.hanning(2 * width + 3)[1:-1]
    weights /= weights.sum()
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(width, width)], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * width + 1, axis=-1)
    return np.asarray(windows @ weights)


def shrink_activity(activity: Float64, *, before: int, behind: int) -> Float64:
    """Let `activity` (..., frames) end `before` frames sooner and begin `behind` frames later: a rolling minimum.

    A gate that needs time to open must begin to before the word does.
    """
    padded = np.pad(activity, [(0, 0)] * (activity.ndim - 1) + [(behind, before)], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, before + behind + 1, axis=-1)
    return np.asarray(windows.min(-1))


def thin_curve(times_s: Float64, values: Float64, tolerance: float) -> AutomationCurve:
    """Return as few breakpoints as needed to stay within `tolerance` of every value (Ramer 1972; Douglas and Peucker).

    The distance is taken along the value alone, as time and value share no unit. First and last point are kept.
    """
    kept = np.zeros(len(values), dtype=bool)
    kept[[0, -1]] = True
    open_spans = [(0, len(values) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        inner = slice(first + 1, last)
        along = (times_s[inner] - times_s[first]) / (times_s[last] - times_s[first])
        distance = np.abs(values[inner] - values[first] - along * (values[last] - values[first]))
        worst = int(np.argmax(distance))
        if distance[worst] > tolerance:
            middle = first + 1 + worst
            kept[middle] = True
            open_spans += [(first, middle), (middle, last)]
    return AutomationCurve(times_s[kept], values[kept])


def block_frames(sample_rate_hz: int) -> int:
    """Return the samples of a block, within which settings are constant: the power of two next to `BLOCK_S`."""
    return 1 << max(0, round(math.log2(BLOCK_S * sample_rate_hz)))


def block_rows(curves: Mapping[int, AutomationCurve], resting: Float32, *, frames: int, sample_rate_hz: int) -> Float32:
    """Return settings (blocks, controls) for a render of `frames` samples: `resting` (controls,) without a curve.

    `curves` are by the place of their control, in normalized values. Each block takes the curve's value at its middle.
    """
    block = block_frames(sample_rate_hz)
    count = max(1, -(-frames // block))
    rows = np.repeat(np.asarray(resting, dtype=np.float32)[None], count, axis=0)
    for first in range(0, count, _ROWS_AT_ONCE):
        part = slice(first, min(first + _ROWS_AT_ONCE, count))
        middles_s = (np.arange(part.start, part.stop, dtype=np.float64) + 0.5) * (block / sample_rate_hz)
        for place, curve in curves.items():
            rows[part, place] = curve.at(middles_s)
    return rows


def proxy_rows(proxy: ProxyChain, resting: Float32, rows: Float32, curves: Mapping[int, AutomationCurve]) -> Float32:
    """Return (blocks, controls of `proxy`) for `rows` (blocks, controls) of the model.

    Each control that moves is taken through `proxy.convert` at `LAW_POINTS` of its way, and interpolated in between.
    """
    converted = np.repeat(proxy.convert(resting)[None], len(rows), axis=0)
    for place, curve in curves.items():
        law_at = np.linspace(curve.values.min(), curve.values.max(), LAW_POINTS)
        moved = np.repeat(resting[None], LAW_POINTS, axis=0)
        moved[:, place] = law_at
        law = np.stack([proxy.convert(row) for row in moved])
        for column in np.flatnonzero(np.ptp(law, axis=0) > 0):
            converted[:, column] = np.interp(rows[:, place], law_at, law[:, column])
    return converted
