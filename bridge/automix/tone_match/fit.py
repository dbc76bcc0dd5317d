"""Least squares: which settings of the measured plugins, and which gain, come nearest to a wanted curve.

Levenberg-Marquardt from a few starts at once, in one matrix product a step (SciPy goes from one start, and no user's
installation needs it). The unknowns are normalized values; what is not free stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.automix.tone_match.responses import ChainResponse
from bridge.types import Float64, Indices

STARTS, STEPS = 4, 14
START_SPREAD = 0.25  # of a range, that the further starts lie from the first
PULL_DB = 0.3  # that a whole range costs: of settings that sound alike, the nearer ones
_STEP = 0.02  # of a range, for the slopes
_DAMPING, _EASED, _TIGHTENED = 1e-1, 0.3, 6.0


@dataclass(frozen=True)
class GainRange:
    """What the gain behind the filters may be, in dB. Where the level is open, it may be anything."""

    low_db: float = -np.inf
    high_db: float = np.inf


@dataclass(frozen=True)
class _Problem:
    response: ChainResponse
    wanted_db: Float64
    weights: Float64
    gain: GainRange
    start: Float64
    free: Indices
    low: Float64
    high: Float64

    def full(self, values: Float64) -> Float64:
        """(n, controls) with (n, free) in their places."""
        rows = np.repeat(self.start[None], len(values), axis=0)
        rows[:, self.free] = values
        return rows

    def gains_db(self, rest: Float64) -> Float64:
        """(n,) the best gain for what (n, bands) is left."""
        return np.asarray(np.clip(rest @ self.weights, self.gain.low_db, self.gain.high_db))

    def residuals(self, values: Float64) -> Float64:
        """(n, bands + free) in dB; the sum of squares is the cost."""
        rest = self.wanted_db - self.response.at(self.full(values))
        rest = (rest - self.gains_db(rest)[:, None]) * np.sqrt(self.weights)
        pull = PULL_DB * (values - self.start[self.free]) / (self.high - self.low)
        return np.concatenate([rest, pull], axis=1)


def fit_response(
    response: ChainResponse,
    wanted_db: Float64,
    weights: Float64,
    *,
    start: Float64,
    free: Indices,
    bounds: tuple[Float64, Float64],
    gain: GainRange,
    starts: int = STARTS,
    steps: int = STEPS,
) -> tuple[Float64, float]:
    """Return settings (controls,) and the gain in dB that come nearest to `wanted_db` (bands,).

    Args:
        weights: (bands,) how much each band counts.
        start: (controls,) normalized; what is not `free` stays there.
        free: those of the measured controls that may move.
        bounds: (controls,) each, the lowest and highest values.
        starts, steps: how thoroughly.
    """
    low, high = (bound[free] for bound in bounds)
    problem = _Problem(response, wanted_db, weights / weights.sum(), gain, start, free, low, high)
    if free.size == 0:
        rest = wanted_db - response.at(start[None])
        return start, float(problem.gains_db(rest)[0])
    generator = np.random.default_rng(0)
    first = np.clip(start[free], low, high)
    moves = START_SPREAD * (high - low) * generator.uniform(-1, 1, (starts - 1, free.size))
    values = _minimise(problem, np.vstack([first, np.clip(first + moves, low, high)]), steps)
    rows = problem.full(values)
    best = int(np.argmin(np.square(problem.residuals(values)).sum(1)))
    return rows[best], float(problem.gains_db(wanted_db - response.at(rows[best][None]))[0])


def _minimise(problem: _Problem, values: Float64, steps: int) -> Float64:
    """Go down from all starts (n, free) at once, each with its own damping."""
    count, unknowns = values.shape
    span = problem.high - problem.low
    damping = np.full(count, _DAMPING)
    rest = problem.residuals(values)
    for _ in range(steps):
        moves = np.where(values + _STEP * span > problem.high, -_STEP, _STEP) * span
        tried = values[:, None] + moves[:, :, None] * np.eye(unknowns)
        moved = problem.residuals(tried.reshape(-1, unknowns)).reshape(count, unknowns, -1)
        slopes = (moved - rest[:, None]) / moves[:, :, None]
        normal = slopes @ slopes.transpose(0, 2, 1)
        diagonal = np.einsum("nii->ni", normal)
        diagonal += damping[:, None] * (diagonal + 1e-3)
        down = -np.linalg.solve(normal, slopes @ rest[:, :, None])[:, :, 0]
        found = np.clip(values + down, problem.low, problem.high)
        left = problem.residuals(found)
        is_better = np.square(left).sum(1) < np.square(rest).sum(1)
        damping = np.clip(damping * np.where(is_better, _EASED, _TIGHTENED), 1e-6, 1e3)
        values, rest = np.where(is_better[:, None], found, values), np.where(is_better[:, None], left, rest)
    return values
