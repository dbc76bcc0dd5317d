"""Labels by search: the settings whose sound comes closest to a known target, where nobody knows what they are.

For paired tasks: dry and processed audio lie beside each other sample by sample, so that log-mel frames can be compared
one by one. First one joint search for the setting that serves a handful of passages best, switches and choices
included; then, passage by passage, small steps from there. Everything is in positions, 0..1 over each control's range.

Sources: R. Hamano et al., "CatCMA: Stochastic Optimization for Mixed-Category Problems" (2024), as implemented by the
package cmaes; K. Levenberg (1944) and D. Marquardt (1963), damped least squares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from cmaes import CMA, CatCMA, CatCMAwM

from bridge.automix.search import SearchSpace
from bridge.errors import PluginError
from bridge.features.mel import log_mel
from bridge.features.profile import active_frames
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import categories_of, neutral_positions, positions_to_normalized
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.types import Audio, Float32, Float64, NormalizedArray

Measure = Callable[[NormalizedArray], Float64]

FAILED_DB = 100.0  # what a render counts that a plugin failed
DIFFERENCE = 0.04  # step of a control for its slope, as a share of its range
DAMPINGS = (0.3, 2.0, 12.0)
LONGEST_STEP = 0.2
REWEIGHTINGS = 4
LEAST_GAIN_DB = 0.01
PROMISING, REFINED = 6, 2  # choices that are tried, and that are refined
SIGMA = 0.22  # first step of a joint search, as a share of each range


@dataclass(frozen=True)
class LabelPassage:
    """A stretch of a pair: `dry` and `processed`, (channels, samples) each, aligned.

    The first `lead_in_s` are rendered and not compared: plugins come to rest in them.
    """

    dry: Audio = field(repr=False)
    processed: Audio = field(repr=False)
    sample_rate_hz: int
    lead_in_s: float = 0.0


@dataclass(frozen=True)
class SearchedLabel:
    """A setting (controls,), and how far in dB it leaves the sound from its target."""

    position: NormalizedArray
    distance_db: float


class LabelObjective:
    """Measures settings by how far they leave the frames of passages from their targets.

    Args:
        loudness_counts: off, a passage that is louder as a whole is as good.
    """

    def __init__(
        self,
        chain: Chain,
        host: PluginHost,
        passages: Sequence[LabelPassage],
        features: FeatureSettings,
        *,
        loudness_counts: bool = True,
    ) -> None:
        self.chain, self.host, self.passages, self.features = chain, host, passages, features
        self.loudness_counts = loudness_counts
        self.space = label_space(chain)
        self._targets = [self._frames(passage.processed, passage) for passage in passages]
        self._audible = [active_frames(target) for target in self._targets]

    def cost(self, positions: NormalizedArray) -> Float64:
        """Return the mean absolute differences in dB (candidates,) of positions (candidates, controls)."""
        return np.array([np.mean([np.abs(part).mean() for part in parts]) for parts in self._differences(positions)])

    def residuals(self, positions: NormalizedArray) -> Float64:
        """Return the differences to the targets in dB, of all passages in a row, (candidates, points)."""
        rows = [np.concatenate([part.ravel() for part in parts]) for parts in self._differences(positions)]
        return np.stack(rows).astype(np.float64)

    def _differences(self, positions: NormalizedArray) -> list[list[Float32]]:
        """For each candidate and passage the differences (bands, audible frames) in dB to the target."""
        rows = positions_to_normalized(self.chain, np.atleast_2d(positions))
        renders = [RenderInput(one.dry, one.sample_rate_hz, row) for row in rows for one in self.passages]
        results = iter(self.host.render(self.chain, renders, return_errors=True))
        return [[self._difference(index, next(results)) for index in range(len(self.passages))] for _ in rows]

    def _difference(self, index: int, result: Audio | PluginError) -> Float32:
        target, audible = self._targets[index], self._audible[index]
        if isinstance(result, PluginError):
            return np.full_like(target[:, audible], FAILED_DB)
        difference = (self._frames(result, self.passages[index]) - target)[:, audible]
        return difference if self.loudness_counts else difference - np.median(difference)

    def _frames(self, audio: Audio, passage: LabelPassage) -> Float32:
        compared = np.ascontiguousarray(audio[:, round(passage.lead_in_s * passage.sample_rate_hz) :])
        with torch.inference_mode():
            frames = log_mel(torch.from_numpy(compared), passage.sample_rate_hz, self.features)
        return np.asarray(frames.numpy(), dtype=np.float32)


def label_space(chain: Chain) -> SearchSpace:
    """Return the whole of a chain's settings; a step of it is a position."""
    controls = len(chain.controls)
    return SearchSpace(np.zeros(controls), np.ones(controls), np.ones(controls, np.bool_), categories_of(chain))


def search_labels(
    chain: Chain,
    measure: Measure,
    *,
    generations: int,
    population: int,
    seed: int,
    notify: Callable[[int, float], None] = lambda _generation, _cost: None,
    must_stop: Callable[[], bool] = lambda: False,
) -> SearchedLabel:
    """Search, from the neutral position, for the one with the least `measure`, switches and choices included.

    Args:
        measure: takes positions (candidates, controls) and returns costs (candidates,).
        generations, population: of the evolution. Every choice is equally likely at first.
        must_stop: called after every generation.
    """
    space, best = label_space(chain), neutral_positions(chain)
    optimizer = _new_optimizer(space, best, population, seed)
    cost = float(measure(best[None])[0])
    for generation in range(generations):
        points = [optimizer.ask() for _ in range(population)]
        candidates = np.stack([_position_of(point, space) for point in points])
        costs = measure(candidates)
        optimizer.tell([(point, float(one)) for point, one in zip(points, costs, strict=True)])
        leader = int(np.argmin(costs))
        if costs[leader] < cost:
            best, cost = candidates[leader], float(costs[leader])
        notify(generation, cost)
        if must_stop():
            break
    return SearchedLabel(best, cost)


def refine_label(
    objective: LabelObjective, start: SearchedLabel, *, rounds: int = 1, must_stop: Callable[[], bool] = lambda: False
) -> SearchedLabel:
    """Take small steps from `start` that bring the sound closer to its target; choices stay as they are.

    Each round takes one-sided differences of the frames by every control with a range and solves for the step, with
    errors weighed by their inverse (so that the mean absolute difference counts) and damped three times: heavily damped
    steps hold controls that hardly matter where they were. What sounds best is taken, and nothing that is worse. Once
    `must_stop`, no further round begins.
    """
    best, ranged = start, objective.space.ranged
    for _ in range(rounds):
        if must_stop():
            break
        residual, slopes = _slopes(objective, best.position)
        candidates = np.repeat(best.position[None], len(DAMPINGS), axis=0)
        steps = np.stack([_damped_step(residual, slopes, damping) for damping in DAMPINGS])
        candidates[:, ranged] = np.clip(candidates[:, ranged] + steps, 0, 1)
        costs = objective.cost(candidates)
        leader, here = int(np.argmin(costs)), float(np.abs(residual).mean())
        if costs[leader] >= here - LEAST_GAIN_DB:
            return SearchedLabel(best.position, here)
        best = SearchedLabel(candidates[leader], float(costs[leader]))
    return best


def sweep_choices(
    objective: LabelObjective, start: SearchedLabel, *, must_stop: Callable[[], bool] = lambda: False
) -> SearchedLabel:
    """Try every other choice of each control that chooses, with what small steps of the others could make of it.

    The steps are predicted by the slopes at `start`, so that each choice costs one render of a passage; the most
    promising ones are tried, and refined. Another choice is taken where it sounds better in the end. Once
    `must_stop`, no further control is swept.
    """
    space, best = objective.space, start
    if not space.categories or must_stop():
        return start
    _, slopes = _slopes(objective, best.position)
    for category in space.categories:
        if must_stop():
            break
        variants = np.repeat(best.position[None], len(category.places), axis=0)
        variants[:, category.control] = category.places
        residuals = objective.residuals(variants)
        steps = np.stack([_damped_step(residual, slopes, DAMPINGS[0]) for residual in residuals])
        promising = np.argsort(np.abs(residuals + steps @ slopes).mean(1))[:PROMISING]
        candidates = variants[promising]
        candidates[:, space.ranged] = np.clip(candidates[:, space.ranged] + steps[promising], 0, 1)
        costs = objective.cost(candidates)
        for leader in np.argsort(costs, kind="stable")[:REFINED]:
            refined = refine_label(objective, SearchedLabel(candidates[leader], float(costs[leader])))
            best = refined if refined.distance_db < best.distance_db - LEAST_GAIN_DB else best
    return best


def _slopes(objective: LabelObjective, centre: NormalizedArray) -> tuple[Float64, Float64]:
    """The differences to the target at `centre` (points,), and their slopes by the ranged controls (ranged, points)."""
    ranged = objective.space.ranged
    steps = np.where(centre[ranged] > 0.5, -DIFFERENCE, DIFFERENCE)
    tries = np.repeat(centre[None], 1 + len(ranged), axis=0)
    tries[np.arange(1, len(tries)), ranged] += steps.astype(np.float32)
    residuals = objective.residuals(tries)
    return residuals[0], (residuals[1:] - residuals[0]) / steps[:, None]


def _damped_step(residual: Float64, slopes: Float64, damping: float) -> Float64:
    """The step (ranged,) that least absolute differences ask for, held back by `damping` in dB per squared range."""
    step: Float64 = np.zeros(len(slopes))
    for _ in range(REWEIGHTINGS):
        weight = 1 / (np.abs(residual + step @ slopes) + 0.5) / residual.size
        weighed = slopes * weight
        solved = np.linalg.solve(weighed @ slopes.T + damping * np.eye(len(slopes)), -weighed @ residual)
        step = np.asarray(solved, dtype=np.float64)
    return np.clip(step, -LONGEST_STEP, LONGEST_STEP)


def _new_optimizer(space: SearchSpace, start: NormalizedArray, population: int, seed: int) -> CMA | CatCMA | CatCMAwM:
    """CMA-ES, or CatCMA where the chain has choices. With margin, CatCMA takes chains of fewer than two controls with a
    range; where there are more, it came less near in as many tries."""
    mean = np.clip(start[space.ranged], 0.02, 0.98).astype(np.float64)
    bounds, counts = np.tile((0.0, 1.0), (len(mean), 1)), [len(category.places) for category in space.categories]
    if not counts:
        return CMA(mean, SIGMA, bounds=bounds, seed=seed, population_size=population)
    if len(mean) > 1:
        return CatCMA(mean, SIGMA, np.array(counts), bounds=bounds, seed=seed, population_size=population)
    return CatCMAwM(
        x_space=bounds.tolist() if len(mean) else None,
        c_space=counts,
        mean=mean if len(mean) else None,
        sigma=SIGMA,
        seed=seed,
        population_size=population,
    )


def _position_of(point: Any, space: SearchSpace) -> NormalizedArray:
    """(controls,) of a point: of CMA-ES a vector; of CatCMA a vector, and for each choice a row with a 1 at it."""
    if not space.categories:
        return space.positions(point, []).astype(np.float32)
    values, rows = (point.x, point.c) if isinstance(point, CatCMAwM.Solution) else point
    choices = [int(np.argmax(row)) for row in rows]
    return space.positions(np.zeros(0) if values is None else values, choices).astype(np.float32)
