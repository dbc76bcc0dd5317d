"""Searches that know no encoder: random settings and CMA-ES, through the same plugins, for as many renders.

What they minimise is what an outsider knows: the distance of long-term profiles to the target, without a guard.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bridge.automix.pipeline import GUARD_WINDOW_S, GUARD_WINDOWS, Automix
from bridge.automix.search import SearchSpace, search
from bridge.errors import PluginError
from bridge.features.mel import extract_features
from bridge.features.profile import profile_distance_db
from bridge.features.settings import FeatureSettings
from bridge.features.windows import choose_excerpts
from bridge.model.bundle import categories_of, neutral_positions, positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.mean_target import MeanTarget, MeanTargets
from bridge.training.evaluation.method import MethodResult
from bridge.types import Audio, Float64

SPREAD = 0.5  # of each control's range: nobody says where the right settings lie


@dataclass(frozen=True)
class SearchObjective:
    """What a search minimises for one case: the distance to the long-term profile of its target."""

    case: EvaluationCase
    chain: Chain
    host: PluginHost
    target: MeanTarget
    features: FeatureSettings
    windows: Sequence[Audio]

    def distances_db(self, positions: Float64) -> Float64:
        """Return distances in dB (n,) of positions (n, controls); infinite where a plugin failed."""
        rows = positions_to_normalized(self.chain, positions)
        rate, count = self.case.sample_rate_hz, len(self.windows)
        renders = [RenderInput(window, rate, row) for row in rows for window in self.windows]
        results = self.host.render(self.chain, renders, return_errors=True)
        return np.array([self._distance_db(results[i : i + count]) for i in range(0, len(results), count)])

    def _distance_db(self, results: Sequence[Audio | PluginError]) -> float:
        windows = [result for result in results if not isinstance(result, PluginError)]
        if len(windows) < len(results):
            return math.inf
        profile = extract_features(windows, self.case.sample_rate_hz, self.features).profile
        wanted, loudness_counts = self.target.profile, self.case.loudness_counts
        return profile_distance_db(profile, wanted, loudness_counts=loudness_counts, features=self.features)


Search = Callable[[SearchObjective, int, int], Float64]
"""(objective, candidates, seed) -> the best positions (controls,) of so many candidates, neutral among them."""


def random_search(objective: SearchObjective, candidates: int, seed: int) -> Float64:
    """Draw candidates evenly."""
    start = neutral_positions(objective.chain)
    positions = np.vstack([start, np.random.default_rng(seed).random((candidates - 1, start.size))])
    return np.asarray(positions[int(np.argmin(objective.distances_db(positions)))])


def cma_search(objective: SearchObjective, candidates: int, seed: int) -> Float64:
    """Search with CMA-ES from the neutral positions, wherever in the range of each control."""
    start, left = neutral_positions(objective.chain).astype(np.float64), candidates

    def measure(positions: Float64) -> Float64:  # the last generation is cut where the budget ends
        nonlocal left
        costs = np.full(len(positions), math.inf)
        if left > 0:
            costs[:left] = objective.distances_db(positions[:left])
        left -= len(positions)
        return costs

    is_free = np.ones(start.size, dtype=bool)
    space = SearchSpace(start, np.full(start.size, SPREAD), is_free, categories_of(objective.chain))
    return search(space, measure, limit_candidates=candidates, seed=seed).positions


@dataclass(frozen=True)
class SearchMethod:
    """Settings of the same chain found by a search."""

    name: str
    search: Search
    targets: MeanTargets
    automix: Automix
    seed: int = 0

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:
        target = self.targets.of(case)
        if target is None:
            return None
        chain, host = self.automix.model.chain, self.automix.host
        windows = choose_excerpts([case.given], case.sample_rate_hz, window_s=GUARD_WINDOW_S, count=GUARD_WINDOWS)
        objective = SearchObjective(case, chain, host, target, self.automix.model.manifest.features, windows)
        before = host.render_count
        positions = self.search(objective, max(1, budget // len(windows)), self.seed)
        renders, normalized = host.render_count - before, positions_to_normalized(chain, positions)
        audio = host.render(chain, [RenderInput(case.given, case.sample_rate_hz, normalized)])[0]
        return MethodResult(audio, normalized, renders=renders)
