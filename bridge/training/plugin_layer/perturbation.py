"""Which positions are tried to estimate a gradient, and the gradient from what was rendered there.

A pair of positions, one to either side, gives one difference of a number (a loss, or the output's share along an
upstream gradient); every estimator here turns such differences into a gradient by the distance that each control
really moved. Nothing is rendered here.

Sources: central differences; SPSA (J. C. Spall 1992, "Multivariate stochastic approximation using a simultaneous
perturbation gradient approximation"), used for plugins by Martínez Ramírez et al. 2021 (DeepAFx).

Bias. A pair is clipped to 0..1, so near a bound it is narrower and its middle lies inside the range. Both directions
of a control are clipped alike, so its middle does not depend on the sign drawn: on a quadratic loss the expected
estimate is exactly the gradient at the middle of what was tried. Beyond a quadratic, the error grows with step².
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bridge.model.encoders.categories import Category
from bridge.types import Float32, Float64, Mask

Steps = float | Float32

_OVER_EDGE = 1e-3  # of a range: what lies on the edge may count as either choice
STEP = 0.05  # of a control's range: agrees with wider differences better than tiny steps, which drown in rounding
MOST_ALONE = 16  # controls that are moved one at a time before groups of them cost less


@dataclass(frozen=True, eq=False)
class Perturbation:
    """Positions to try: `plus` and `minus`, (pairs, batch, controls) or (pairs, batch, blocks, controls), in 0..1.

    `wanted` is how far apart the two should have been, signed and zero where a pair leaves a control alone.
    """

    plus: Float32
    minus: Float32
    wanted: Float32

    @property
    def pairs(self) -> int:
        return len(self.plus)

    @property
    def moved(self) -> Float64:
        """How far apart the two really are, signed, in the shape of `plus`."""
        return self.plus.astype(np.float64) - self.minus

    @property
    def clipped_share(self) -> float:
        """The share of moves that a bound made shorter."""
        tried = self.wanted != 0
        shorter = np.abs(self.moved) < 0.999 * np.abs(self.wanted)
        return float((shorter & tried).sum() / max(int(tried.sum()), 1))

    def pieces(self, differences: Float64) -> Float64:
        """Each pair's own estimate, in the shape of `plus`; zero where it moved nothing.

        `differences` is (pairs, batch), or (pairs, batch, blocks) where each block has a difference of its own.
        """
        spread = differences.reshape(*differences.shape, *(1,) * (self.plus.ndim - differences.ndim))
        moved = self.moved
        pieces: Float64 = np.divide(spread, moved, out=np.zeros_like(moved), where=moved != 0)
        return pieces

    def gradient(self, differences: Float64, valid: Mask) -> Float64:
        """Return the mean of the valid pairs' estimates, (batch, controls) or (batch, blocks, controls).

        `valid` (pairs, batch) leaves out pairs that could not be rendered. A control that no pair moved gets 0.
        """
        counts = (self.moved != 0) & valid.reshape(*valid.shape, *(1,) * (self.plus.ndim - 2))
        total = np.where(counts, self.pieces(np.where(_like(valid, differences), differences, 0.0)), 0.0).sum(0)
        mean: Float64 = total / np.maximum(counts.sum(0), 1)
        return mean


class Estimator(Protocol):
    """How positions are perturbed. An instance holds no state and may be used by several layers."""

    def perturb(self, positions: Float32, free: Mask, generator: np.random.Generator) -> Perturbation:
        """Return pairs about `positions`, (batch, controls) or (batch, blocks, controls) in 0..1.

        `free` (controls,) says which controls may be moved at all.
        """
        ...


@dataclass(frozen=True, eq=False)
class CentralDifferences:
    """One control at a time, to either side: 2 x controls renders, exact up to step².

    Where settings move in time, each block draws its own sign, so that every block gets a gradient from one pair.
    """

    step: Steps = STEP

    def perturb(self, positions: Float32, free: Mask, generator: np.random.Generator) -> Perturbation:
        controls = positions.shape[-1]
        chosen = np.eye(controls, dtype=np.float32)[np.flatnonzero(free)]
        signs = np.ones(1, np.float32) if positions.ndim == 2 else _signs((len(chosen), *positions.shape), generator)
        return _around(positions, _over(chosen, positions) * signs, self.step)


@dataclass(frozen=True, eq=False)
class SPSA:
    """All controls at once, in random directions: 2 x `samples` renders, whatever the number of controls.

    Unbiased to first order; each estimate carries the other controls' share as noise, which `samples` average out.
    """

    samples: int = 1
    step: Steps = STEP

    def perturb(self, positions: Float32, free: Mask, generator: np.random.Generator) -> Perturbation:
        signs = _signs((self.samples, *positions.shape), generator)
        return _around(positions, signs * free.astype(np.float32), self.step)


@dataclass(frozen=True, eq=False)
class GroupedDifferences:
    """Random groups of controls, one group at a time: 2 x min(groups, controls) x `samples` renders.

    Up to `groups` controls these are central differences. Above, each sample draws new groups and new signs; for the
    same renders the noise is less than SPSA's, as only the members of one group disturb each other.
    """

    groups: int = MOST_ALONE
    samples: int = 1
    step: Steps = STEP

    def perturb(self, positions: Float32, free: Mask, generator: np.random.Generator) -> Perturbation:
        movable = np.flatnonzero(free)
        groups = min(self.groups, len(movable))
        chosen = np.zeros((self.samples, groups, positions.shape[-1]), np.float32)
        for sample in chosen:
            for number, control in enumerate(generator.permutation(movable)):
                sample[number % groups, control] = 1.0
        pairs = _over(chosen.reshape(-1, positions.shape[-1]), positions)
        return _around(positions, pairs * _signs(pairs.shape, generator), self.step)


def step_sizes_from_sensitivity(
    sensitivity: npt.ArrayLike, *, step: float = STEP, finest: npt.ArrayLike = 0.0, reach: float = 2.0
) -> Float32:
    """Return a step for each control (controls,): the more it changes the sound, the smaller.

    Steps go with the inverse root of the sensitivity, so that a control that hardly matters is not drowned by the
    others and a strong one is not tried beyond where it bends.

    Args:
        sensitivity: (controls,) change of the sound over each control's range, in any unit.
        step: of a control of typical sensitivity; `reach` is the most that others differ by, as a factor.
        finest: (controls,) smallest move that the plugin keeps, in positions: no step is below two of those.
    """
    change = np.asarray(sensitivity, np.float64)
    typical = float(np.median(change[change > 0])) if (change > 0).any() else 1.0
    ratio = np.sqrt(typical / np.maximum(change, 1e-9))
    steps = step * np.clip(ratio, 1 / reach, reach)
    return np.maximum(steps, 2 * np.asarray(finest, np.float64)).astype(np.float32)


def step_sizes_over_choices(categories: Sequence[Category], controls: int, step: Steps = STEP) -> Float32:
    """Return a step for each of `controls` (controls,) where switches are moved as well: so far that from any of its
    places a switch reaches the next choice to either side. The others keep their `step`."""
    steps = np.array(np.broadcast_to(step, controls), dtype=np.float32)
    for category in categories:
        places, edges = np.array(category.places), np.array(category.edges)
        apart = np.maximum(edges - places[:-1], places[1:] - edges)
        steps[category.control] = apart.max() + _OVER_EDGE
    return steps


def _around(positions: Float32, directions: Float32, step: Steps) -> Perturbation:
    """Pairs about the positions, clipped to 0..1. `directions` (pairs, batch, ...) holds -1, 0 and 1."""
    centre = np.clip(positions, 0.0, 1.0, dtype=np.float32)
    move = directions * np.asarray(step, np.float32)
    plus = np.clip(centre + move, 0.0, 1.0)
    return Perturbation(plus, np.clip(centre - move, 0.0, 1.0), np.broadcast_to(2 * move, plus.shape))


def _signs(shape: tuple[int, ...], generator: np.random.Generator) -> Float32:
    """-1 and 1 in equal shares."""
    return (2 * generator.integers(0, 2, shape, dtype=np.int8) - 1).astype(np.float32)


def _over(chosen: Float32, positions: Float32) -> Float32:
    """(pairs, controls) -> (pairs, batch, controls) or (pairs, batch, blocks, controls)."""
    middle = (1,) * (positions.ndim - 1)
    shape = (len(chosen), *positions.shape)
    return np.broadcast_to(chosen.reshape(len(chosen), *middle, positions.shape[-1]), shape)


def _like(valid: Mask, differences: Float64) -> Mask:
    return valid.reshape(*valid.shape, *(1,) * (differences.ndim - valid.ndim))
