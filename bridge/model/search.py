"""Search for better settings from an encoder's answer: CMA-ES inside the controls' bounds.

Knows nothing of audio: the caller says how far each candidate is from the target. The prior that keeps the search
near the encoder's answer stands against objectives that unaligned audio only approximates.
Method: N. Hansen, "The CMA Evolution Strategy: A Tutorial" (2016), as implemented by the package cmaes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cmaes import CMA
from numpy.typing import NDArray

Settings = NDArray[np.float32]
Measure = Callable[[NDArray[np.float32]], NDArray[np.float64]]

SIGMA = 0.08  # first step, as a share of each control's bounds
PRIOR_DB = 6.0  # cost in dB of moving every control by its whole bounds
STALE_GENERATIONS = 12
MIN_GAIN_DB = 0.01


@dataclass(frozen=True)
class Found:
    """The best settings seen, their cost, and how many candidates were measured."""

    settings: Settings
    cost_db: float
    start_cost_db: float
    candidates: int


def search(
    start: Settings,
    low: Settings,
    high: Settings,
    free: NDArray[np.bool_],
    measure: Measure,
    *,
    limit_s: float,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> Found:
    """Minimise `measure` over the free controls within `low` and `high`, for at most `limit_s` seconds.

    `measure` takes candidates (candidates, controls) and returns their distances in dB (candidates,); infinity
    marks a candidate that must not be taken. Everything else is (controls,). Never worse than `start` in cost.
    Ends early when `STALE_GENERATIONS` generations brought nothing.
    """
    begin = time.monotonic()
    best = start.copy()
    start_cost = cost = float(measure(start[None])[0])
    if not free.any() or limit_s <= 0:
        return Found(best, cost, start_cost, 1)
    optimizer = _optimizer(_to_box(start, low, high)[free], seed)
    origin = _to_box(start, low, high)
    count, stale = 1, 0
    while (elapsed := time.monotonic() - begin) < limit_s and stale < STALE_GENERATIONS:
        points = np.array([optimizer.ask() for _ in range(optimizer.population_size)])
        boxes = np.repeat(origin[None], len(points), axis=0)
        boxes[:, free] = points
        candidates = (low + boxes * (high - low)).astype(np.float32)
        prior_db = PRIOR_DB * np.mean((points - origin[free]) ** 2, axis=1)
        costs = measure(candidates) + prior_db
        count += len(points)
        optimizer.tell([(p, float(c) if np.isfinite(c) else 1e6) for p, c in zip(points, costs, strict=True)])
        leader = int(np.argmin(costs))
        stale = 0 if costs[leader] < cost - MIN_GAIN_DB else stale + 1
        if costs[leader] < cost:
            best, cost = candidates[leader], float(costs[leader])
        progress(min(1.0, elapsed / limit_s))
    return Found(best, cost, start_cost, count)


def _optimizer(origin: NDArray[np.float64], seed: int) -> CMA:
    bounds = np.tile((0.0, 1.0), (origin.size, 1))
    return CMA(mean=np.clip(origin, 0.01, 0.99), sigma=SIGMA, bounds=bounds, seed=seed)


def _to_box(settings: Settings, low: Settings, high: Settings) -> NDArray[np.float64]:
    return np.asarray((settings - low) / np.where(high > low, high - low, 1.0), np.float64)
