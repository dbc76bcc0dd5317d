"""Search for better settings from a prediction that is nearly right: CMA-ES, with choices as choices.

Works in positions, 0..1 over each control's range, and knows nothing of audio: the caller says what candidates cost.
Steps are as large, control by control, as the start can be wrong; the same measure makes the prior by which a caller
holds the search near a prediction: the costs of unaligned sounds are too coarse to be followed anywhere.
Methods: N. Hansen, "The CMA Evolution Strategy: A Tutorial" (2016); R. Hamano et al., "CatCMA: Stochastic
Optimization for Mixed-Category Problems" (2024), as implemented by the package cmaes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bridge.extras import require_extra
from bridge.model.encoders.categories import Category
from bridge.types import Float64, Indices, Mask

if TYPE_CHECKING:
    from cmaes import CatCMAwM

Measure = Callable[[Float64], Float64]

SIGMA = 0.6  # first step, in spreads
STALE_GENERATIONS = 6
MIN_GAIN_DB = 0.01
FAILED_DB = 1e6  # what a candidate costs that must not be taken
OTHER_CHOICE = 2.0  # spreads that another choice than the start's counts in the prior
_EDGE = 1e-3  # of a range: the mean starts so far inside
_CHOICE_CHANCES = (0.5, 0.95)  # of the start's choice, in the first generation


@dataclass(frozen=True)
class SearchSpace:
    """Where a search starts and where it may go.

    Attributes:
        start: (controls,) positions; what is not `free` stays there.
        spread: (controls,) how far from the truth the start is likely to be; of a choice, the chance that it is
            another one.
        categories: which controls are choices.
    """

    start: Float64 = field(repr=False)
    spread: Float64 = field(repr=False)
    free: Mask = field(repr=False)
    categories: Sequence[Category] = ()

    @property
    def ranged(self) -> Indices:
        """The free controls with a range."""
        chosen = [category.control for category in self.categories]
        return np.array([i for i in np.flatnonzero(self.free) if i not in chosen], dtype=np.intp)

    @property
    def chosen(self) -> list[Category]:
        """The free controls of choices."""
        return [category for category in self.categories if self.free[category.control]]

    def around(self, count: int, generator: np.random.Generator, share: float) -> Float64:
        """`count` candidates (count, controls): `share` of a spread around the start, choices as they are."""
        steps = generator.normal(size=(count, self.start.size)) * share * self.spread
        moved = np.zeros(self.start.size, dtype=bool)
        moved[self.ranged] = True
        return np.where(moved, np.clip(self.start + steps, 0, 1), self.start)

    def prior(self, positions: Float64) -> Float64:
        """How far from the start (candidates,), in spreads, on average over the free controls."""
        apart = np.zeros((len(positions), self.start.size))
        ranged = self.ranged
        apart[:, ranged] = np.abs(positions - self.start)[:, ranged] / self.spread[ranged]
        for category in self.chosen:
            is_other = self._choices(category, positions[:, category.control]) != self._start_choice(category)
            apart[:, category.control] = OTHER_CHOICE * is_other
        return np.asarray(apart.sum(1) / max(1, int(self.free.sum())))

    def positions(self, steps: Float64, choices: Sequence[int]) -> Float64:
        """(controls,) from steps in spreads of the ranged controls and the number of each choice."""
        position = self.start.copy()
        ranged = self.ranged
        position[ranged] = np.clip(self.start[ranged] + steps * self.spread[ranged], 0, 1)
        for category, choice in zip(self.chosen, choices, strict=True):
            position[category.control] = category.places[choice]
        return position

    def optimizer(self, seed: int) -> CatCMAwM:
        """CMA-ES over steps in spreads, beginning at the start. Raises ExtraMissing where cmaes is not installed."""
        require_extra("refine", "A search for better settings")
        from cmaes import CatCMAwM

        ranged, chosen = self.ranged, self.chosen
        low, high = -self.start[ranged] / self.spread[ranged], (1 - self.start[ranged]) / self.spread[ranged]
        edge = _EDGE / self.spread[ranged]
        return CatCMAwM(
            x_space=np.stack([low, high], axis=1).tolist() if ranged.size else None,
            c_space=[len(category.places) for category in chosen] or None,
            mean=np.clip(np.zeros(ranged.size), low + edge, high - edge) if ranged.size else None,
            sigma=SIGMA,
            cat_param=self._chances(chosen) if chosen else None,
            seed=seed,
        )

    def _chances(self, chosen: Sequence[Category]) -> Float64:
        """(choices, most places): how often each place is tried first."""
        chances = np.zeros((len(chosen), max(len(category.places) for category in chosen)))
        for row, category in zip(chances, chosen, strict=True):
            count = len(category.places)
            own = float(np.clip(1 - self.spread[category.control], *_CHOICE_CHANCES))
            row[:count] = (1 - own) / max(1, count - 1)
            row[self._start_choice(category)] = own
        return chances

    def _start_choice(self, category: Category) -> int:
        return int(self._choices(category, self.start[category.control]))

    @staticmethod
    def _choices(category: Category, positions: Float64 | np.float64) -> Indices:
        return np.searchsorted(np.array(category.edges), positions, side="right")


@dataclass(frozen=True)
class SearchResult:
    """The best positions (controls,) seen, their cost, the start's, and how many were measured."""

    positions: Float64
    cost_db: float
    start_cost_db: float
    candidates: int


def search(
    space: SearchSpace,
    measure: Measure,
    *,
    limit_s: float = math.inf,
    limit_candidates: float = math.inf,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> SearchResult:
    """Minimise a cost within a space, from its start.

    Ends when time or candidates are used up, or when `STALE_GENERATIONS` generations brought nothing.

    Args:
        space: of positions (controls,).
        measure: takes candidates (candidates, controls) and returns their costs in dB, (candidates,); infinity marks
            one that must not be taken. What should hold the search near the start is part of it: `SearchSpace.prior`.
        limit_s: in seconds.
        limit_candidates: how many are measured at most.
        seed: 0 or more.
        progress: gets the share that is done, 0..1.

    Returns:
        The best candidate, never worse than the start in cost.
    """
    begin = time.monotonic()
    best = space.start.copy()
    start_cost = cost = float(measure(best[None])[0])
    count, stale = 1, 0
    if not space.free.any() or limit_s <= 0:
        return SearchResult(best, cost, start_cost, count)
    optimizer = space.optimizer(seed)
    while stale < STALE_GENERATIONS and count < limit_candidates:
        if (elapsed := time.monotonic() - begin) >= limit_s:
            break
        asked = [optimizer.ask() for _ in range(optimizer.population_size)]
        candidates = np.stack([space.positions(_steps(one), _numbers(one)) for one in asked])
        costs = measure(candidates)
        count += len(asked)
        if count < limit_candidates:  # the last generation may be cut, which CatCMA with margin cannot learn from
            known = [float(c) if np.isfinite(c) else FAILED_DB for c in costs]
            optimizer.tell(list(zip(asked, known, strict=True)))
        leader = int(np.argmin(costs))
        stale = 0 if costs[leader] < cost - MIN_GAIN_DB else stale + 1
        if costs[leader] < cost:
            best, cost = candidates[leader], float(costs[leader])
        progress(min(1.0, max(elapsed / limit_s, count / limit_candidates)))
    return SearchResult(best, cost, start_cost, count)


def _steps(solution: CatCMAwM.Solution) -> Float64:
    return np.zeros(0) if solution.x is None else np.asarray(solution.x, dtype=np.float64)


def _numbers(solution: CatCMAwM.Solution) -> list[int]:
    return [] if solution.c is None else [int(row.argmax()) for row in solution.c]
