"""Medians with intervals that admit how few files there are. Knows no audio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.stats

from bridge.types import Float64

RESAMPLES = 1000
LEVEL = 0.95


def median_interval(values: Float64, names: Sequence[str], seed: int) -> tuple[float, float, float]:
    """(median, low, high): the median of `values` (cases,) and its 95% interval by bootstrap over files.

    `names` tells each case's file. Files are drawn with replacement, each with all its cases: cases of one file are
    not independent (B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 8).
    """
    files: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        files.setdefault(name, []).append(index)
    widest = max(len(members) for members in files.values())
    grid = np.full((len(files), widest), np.nan)
    for row, members in zip(grid, files.values(), strict=True):
        row[: len(members)] = values[members]
    drawn = np.random.default_rng(seed).integers(len(files), size=(RESAMPLES, len(files)))
    low, high = np.quantile(_medians(grid[drawn].reshape(RESAMPLES, -1)), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(np.median(values)), float(low), float(high)


def share_at_most(hits: int, cases: int) -> float:
    """The share that `hits` of `cases` leave possible: with 95% confidence there are no more among others like these.

    Source: C. Clopper, E. Pearson, "The use of confidence or fiducial limits" (1934), one-sided. Cases of one family
    are alike: where these are many, the bound is narrower than it should be.

    >>> round(share_at_most(0, 60), 3), round(share_at_most(1, 39), 3), share_at_most(3, 3)
    (0.049, 0.116, 1.0)
    """
    return 1.0 if hits >= cases else float(scipy.stats.beta.ppf(LEVEL, hits + 1, cases - hits))


def _medians(rows: Float64) -> Float64:
    """The median of each row (rows, n), NaN left out; each row holds at least one number."""
    rising = np.sort(rows, axis=1)  # NaN comes last
    count = np.isfinite(rising).sum(1)
    places = np.stack([(count - 1) // 2, count // 2], axis=1)
    return np.asarray(np.take_along_axis(rising, places, axis=1).mean(1))
