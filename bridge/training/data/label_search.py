"""Labels by search: the settings whose sound comes closest to a known target, where nobody knows what they are.

For paired tasks: dry and processed audio lie beside each other sample by sample, so that log-mel frames can be compared
one by one. First one joint search for the setting that serves a handful of passages best, switches and choices
included; then, passage by passage, small steps from there. Everything is in positions, 0..1 over each control's range.
Methods: R. Hamano et al., "CatCMA: Stochastic Optimization for Mixed-Category Problems" (2024), as implemented by the
package cmaes; Levenberg's and Marquardt's damped least squares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from cmaes import CMA, CatCMA, CatCMAwM
from numpy.typing import NDArray

from bridge.errors import PluginError
from bridge.features.mel import log_mel
from bridge.features.profile import audible_frames
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import categories_of, neutral_positions, positions_to_normalized
from bridge.model.encoders.categories import Category
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, Render
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
    """A setting, and how far in dB it leaves the sound from its target."""

    position: NormalizedArray
    distance_db: float


class LabelObjective:
    """Measures settings by how far they leave the frames of passages from their targets. With `level_counts` off, a
    passage that is louder as a whole is as good."""

    def __init__(
        self,
        chain: Chain,
        host: PluginHost,
        passages: Sequence[LabelPassage],
        features: FeatureSettings,
        *,
        level_counts: bool = True,
    ) -> None:
        self.chain, self.host, self.passages, self.features = chain, host, passages, features
        self.level_counts = level_counts
        self._targets = [self._frames(passage.processed, passage) for passage in passages]
        self._sounding = [audible_frames(target) for target in self._targets]

    def distances(self, positions: NormalizedArray) -> Float64:
        """(candidates, passages) mean absolute differences in dB, for positions (candidates, controls)."""
        return np.array([[np.abs(row).mean() for row in rows] for rows in self.residuals(positions)])

    def cost(self, positions: NormalizedArray) -> Float64:
        """(candidates,): the mean over the passages."""
        return np.asarray(self.distances(positions).mean(1))

    def residuals(self, positions: NormalizedArray) -> list[list[Float32]]:
        """For each candidate and passage the differences (bands, frames that sound) in dB to the target."""
        settings = positions_to_normalized(self.chain, np.atleast_2d(positions))
        renders = [Render(p.dry, p.sample_rate_hz, row) for row in settings for p in self.passages]
        answers = iter(self.host.render(self.chain, renders, return_errors=True))
        return [[self._residual(index, next(answers)) for index in range(len(self.passages))] for _ in settings]

    def _residual(self, index: int, made: Audio | PluginError) -> Float32:
        target, kept = self._targets[index], self._sounding[index]
        if isinstance(made, PluginError):
            return np.full_like(target[:, kept], FAILED_DB)
        difference = (self._frames(made, self.passages[index]) - target)[:, kept]
        return difference if self.level_counts else difference - np.median(difference)

    def _frames(self, audio: Audio, passage: LabelPassage) -> Float32:
        start = round(passage.lead_in_s * passage.sample_rate_hz)
        with torch.inference_mode():
            frames = log_mel(
                torch.from_numpy(np.ascontiguousarray(audio[:, start:])), passage.sample_rate_hz, self.features
            )
        return np.asarray(frames.numpy(), dtype=np.float32)


@dataclass(frozen=True)
class LabelSpace:
    """The controls of a chain as a search sees them: which move freely, and which choose among few, as encoders do."""

    free: NDArray[np.int64]
    categories: tuple[Category, ...]

    @classmethod
    def of(cls, chain: Chain) -> LabelSpace:
        categories = categories_of(chain)
        chosen = {category.control for category in categories}
        return cls(np.array([i for i in range(len(chain.controls)) if i not in chosen], dtype=np.int64), categories)

    def join(self, free: Float64, choices: Sequence[int]) -> NormalizedArray:
        """A position (controls,) from the values of the free controls and the number of each choice."""
        position = np.zeros(len(self.free) + len(self.categories), np.float32)
        position[self.free] = np.clip(free, 0, 1)
        for category, choice in zip(self.categories, choices, strict=True):
            position[category.control] = category.places[choice]
        return position

    def choices(self, position: NormalizedArray) -> list[int]:
        """The number of each choice, at a position (controls,)."""
        return [int(np.searchsorted(one.edges, position[one.control], side="right")) for one in self.categories]


def search_labels(
    chain: Chain,
    measure: Measure,
    *,
    generations: int,
    population: int,
    seed: int,
    start: NormalizedArray | None = None,
    sigma: float = SIGMA,
    notify: Callable[[int, float], None] = lambda _generation, _cost: None,
    must_stop: Callable[[], bool] = lambda: False,
) -> SearchedLabel:
    """The position with the least `measure`, switches and choices included.

    `measure` takes positions (candidates, controls) and returns costs (candidates,). Every choice is equally likely
    at first. `must_stop` is asked after every generation.
    """
    space = LabelSpace.of(chain)
    origin = neutral_positions(chain) if start is None else start
    optimizer = _Mixed(space, origin, sigma, population, seed)
    best, cost = origin, float(measure(origin[None])[0])
    for generation in range(generations):
        candidates = optimizer.ask()
        costs = measure(candidates)
        optimizer.tell(costs)
        leader = int(np.argmin(costs))
        if costs[leader] < cost:
            best, cost = candidates[leader], float(costs[leader])
        notify(generation, cost)
        if must_stop():
            break
    return SearchedLabel(best, cost)


def refine_label(ear: LabelObjective, start: SearchedLabel, *, rounds: int = 1) -> SearchedLabel:
    """Small steps from `start` that bring the sound closer to what `ear` holds it to; choices stay as they are.

    Each round takes one-sided differences of the frames by every free control and solves for the step, with errors
    weighed by their inverse (so that the mean absolute difference counts) and damped three times: heavily damped steps
    hold controls that hardly matter where they were. What sounds best is taken, and nothing that is worse.
    """
    best = start
    for _ in range(rounds):
        heard, slopes = _slopes(ear, best.position)
        candidates = np.stack([_stepped(ear, best.position, heard, slopes, damping) for damping in DAMPINGS])
        costs = ear.cost(candidates)
        leader, here = int(np.argmin(costs)), float(np.abs(heard).mean())
        if costs[leader] >= here - LEAST_GAIN_DB:
            return SearchedLabel(best.position, here)
        best = SearchedLabel(candidates[leader], float(costs[leader]))
    return best


def sweep_choices(ear: LabelObjective, start: SearchedLabel) -> SearchedLabel:
    """Every other choice of each control that chooses, with what small steps of the others could make of it.

    The steps are foretold by the slopes at `start`, so that each choice costs one render of a passage; the most
    promising ones are tried, and refined. Another choice is taken where it sounds better in the end.
    """
    space, best = LabelSpace.of(ear.chain), start
    if not space.categories:
        return start
    _, slopes = _slopes(ear, best.position)
    for category in space.categories:
        variants = np.repeat(best.position[None], len(category.places), axis=0)
        variants[:, category.control] = category.places
        sounds = [_flat(parts) for parts in ear.residuals(variants)]
        steps = [_damped_step(sound, slopes, DAMPINGS[0]) for sound in sounds]
        foretold = [np.abs(sound + step @ slopes).mean() for sound, step in zip(sounds, steps, strict=True)]
        promising = np.argsort(foretold)[:PROMISING]
        candidates = variants[promising]
        candidates[:, space.free] = np.clip(candidates[:, space.free] + np.stack(steps)[promising], 0, 1)
        tried = [SearchedLabel(one, float(cost)) for one, cost in zip(candidates, ear.cost(candidates), strict=True)]
        for label in sorted(tried, key=lambda one: one.distance_db)[:REFINED]:
            refined = refine_label(ear, label)
            best = refined if refined.distance_db < best.distance_db - LEAST_GAIN_DB else best
    return best


def _slopes(ear: LabelObjective, centre: NormalizedArray) -> tuple[Float64, Float64]:
    """The differences to the target at `centre`, (points,), and their slopes by the free controls, (free, points)."""
    free = LabelSpace.of(ear.chain).free
    steps = np.where(centre[free] > 0.5, -DIFFERENCE, DIFFERENCE)
    tries = np.repeat(centre[None], 1 + len(free), axis=0)
    tries[np.arange(1, len(tries)), free] += steps.astype(np.float32)
    heard = np.stack([_flat(parts) for parts in ear.residuals(tries)])
    return heard[0], (heard[1:] - heard[0]) / steps[:, None]


def _stepped(
    ear: LabelObjective, centre: NormalizedArray, heard: Float64, slopes: Float64, damping: float
) -> NormalizedArray:
    free, position = LabelSpace.of(ear.chain).free, centre.copy()
    position[free] = np.clip(position[free] + _damped_step(heard, slopes, damping), 0, 1)
    return position


def _flat(parts: Sequence[Float32]) -> Float64:
    return np.concatenate([part.ravel() for part in parts]).astype(np.float64)


def _damped_step(residual: Float64, slopes: Float64, damping: float) -> Float64:
    """The step (controls,) that least absolute differences ask for, held back by `damping` in dB per squared range."""
    step: Float64 = np.zeros(len(slopes))
    for _ in range(REWEIGHTINGS):
        weight = 1 / (np.abs(residual + step @ slopes) + 0.5) / residual.size
        weighed = slopes * weight
        solved = np.linalg.solve(weighed @ slopes.T + damping * np.eye(len(slopes)), -weighed @ residual)
        step = np.asarray(solved, dtype=np.float64)
    return np.clip(step, -LONGEST_STEP, LONGEST_STEP)


class _Mixed:
    """CMA-ES, or CatCMA where the chain has choices, asked for a generation at a time. With margin, CatCMA takes
    chains of fewer than two controls with a range; where there are more, it came less near in as many tries."""

    def __init__(self, space: LabelSpace, origin: NormalizedArray, sigma: float, population: int, seed: int) -> None:
        self._space, self._count = space, population
        mean = np.clip(origin[space.free], 0.02, 0.98).astype(np.float64)
        bounds = np.tile((0.0, 1.0), (len(mean), 1))
        counts = [len(category.places) for category in space.categories]
        self._optimizer: CMA | CatCMA | CatCMAwM
        if not counts:
            self._optimizer = CMA(mean, sigma, bounds=bounds, seed=seed, population_size=population)
        elif len(mean) > 1:
            self._optimizer = CatCMA(
                mean, sigma, np.array(counts), bounds=bounds, seed=seed, population_size=population
            )
        else:
            self._optimizer = CatCMAwM(
                x_space=bounds.tolist() if len(mean) else None,
                c_space=counts,
                mean=mean if len(mean) else None,
                sigma=sigma,
                seed=seed,
                population_size=population,
            )
        self._asked: list[Any] = []

    def ask(self) -> NormalizedArray:
        self._asked = [self._optimizer.ask() for _ in range(self._count)]
        return np.stack([self._position(point) for point in self._asked])

    def tell(self, costs: Float64) -> None:
        self._optimizer.tell([(point, float(cost)) for point, cost in zip(self._asked, costs, strict=True)])

    def _position(self, point: Any) -> NormalizedArray:
        """Of CMA-ES a vector; of CatCMA a vector, and for each choice a row with a 1 at what is chosen."""
        if not self._space.categories:
            return self._space.join(point, [])
        free, rows = (point.x, point.c) if isinstance(point, CatCMAwM.Solution) else point
        return self._space.join(np.zeros(0) if free is None else free, [int(np.argmax(row)) for row in rows])
