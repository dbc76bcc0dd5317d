"""Searches that know no encoder: random settings and CMA-ES, through the same plugins, for as many renders.

What they minimise is what an outsider knows: the distance of long-term profiles. They are opponents in an evaluation;
the search that people use is `bridge.automix.search`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from cmaes import CMA

from bridge.automix.pipeline import GUARD_WINDOW_S, GUARD_WINDOWS, Automix
from bridge.errors import PluginError
from bridge.features.mel import extract_features
from bridge.features.profile import profile_distance_db
from bridge.features.settings import FeatureSettings
from bridge.features.windows import choose_windows
from bridge.model.bundle import neutral_positions, positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, Render
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.mean_target import MeanTarget, MeanTargets
from bridge.training.evaluation.method import MethodResult
from bridge.types import Audio, Float64

FAILED_DB = 1e6  # what settings cost that a plugin failed at
FIRST_STEP = 0.3  # of CMA-ES, as a share of each control's range


@dataclass(frozen=True)
class SearchTrial:
    """Measures settings for one case by what an outsider knows: the long-term profile of the target."""

    case: EvaluationCase
    chain: Chain
    host: PluginHost
    target: MeanTarget
    features: FeatureSettings
    windows: Sequence[Audio]

    def distances(self, positions: Float64) -> Float64:
        """Distances in dB (n,) of positions (n, controls); infinite where a plugin failed."""
        rows = positions_to_normalized(self.chain, positions)
        rate, count = self.case.sample_rate_hz, len(self.windows)
        renders = [Render(window, rate, row) for row in rows for window in self.windows]
        answers = self.host.render(self.chain, renders, return_errors=True)
        return np.array([self._distance_db(answers[i : i + count]) for i in range(0, len(answers), count)])

    def _distance_db(self, answers: Sequence[Audio | PluginError]) -> float:
        windows = [answer for answer in answers if not isinstance(answer, PluginError)]
        if len(windows) < len(answers):
            return math.inf
        profile = extract_features(windows, self.case.sample_rate_hz, self.features).profile
        wanted, level_counts = self.target.profile, self.case.level_counts
        return profile_distance_db(profile, wanted, level_counts=level_counts, features=self.features)


Search = Callable[[SearchTrial, int, int], Float64]


def random_search(trial: SearchTrial, candidates: int, seed: int) -> Float64:
    """The best (controls,) positions of `candidates` drawn evenly, the neutral ones among them."""
    generator = np.random.default_rng(seed)
    start = neutral_positions(trial.chain)
    positions = np.vstack([start, generator.random((candidates - 1, start.size))])
    return np.asarray(positions[int(np.argmin(trial.distances(positions)))])


def cma_search(trial: SearchTrial, candidates: int, seed: int) -> Float64:
    """The best (controls,) positions of `candidates` that CMA-ES tries, beginning at the neutral ones."""
    start = neutral_positions(trial.chain).astype(np.float64)
    optimizer = CMA(
        mean=np.clip(start, 0.01, 0.99), sigma=FIRST_STEP, bounds=np.tile((0.0, 1.0), (start.size, 1)), seed=seed
    )
    best, cost, left = start, float(trial.distances(start[None])[0]), candidates - 1
    while left > 0:
        asked = np.array([optimizer.ask() for _ in range(optimizer.population_size)])[:left]
        costs = trial.distances(asked)
        left -= len(asked)
        if costs.min() < cost:
            best, cost = asked[int(np.argmin(costs))], float(costs.min())
        if len(asked) == optimizer.population_size:
            told = np.where(np.isfinite(costs), costs, FAILED_DB)
            optimizer.tell(list(zip(asked, map(float, told), strict=True)))
    return best


@dataclass(frozen=True)
class SearchMethod:
    """Settings of the same chain found by a search that knows no encoder, without a guard."""

    name: str
    search: Search
    targets: MeanTargets
    automix: Automix
    seed: int = 0

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:
        target = self.targets.of(case)
        if target is None:
            return None
        chain, host = self.automix.bundle.chain, self.automix.host
        windows = choose_windows([case.given], case.sample_rate_hz, window_s=GUARD_WINDOW_S, count=GUARD_WINDOWS)
        trial = SearchTrial(case, chain, host, target, self.automix.bundle.manifest.features, windows)
        candidates = max(1, budget // len(windows))
        settings = positions_to_normalized(chain, self.search(trial, candidates, self.seed))
        audio = host.render(chain, [Render(case.given, case.sample_rate_hz, settings)])[0]
        return MethodResult(audio, settings, renders=candidates * len(windows))
