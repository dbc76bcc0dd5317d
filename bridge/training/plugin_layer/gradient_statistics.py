"""What a layer's gradients look like, for those who ask: how large, how much noise, how often clipped or lost.

Off by default. A layer that is given `GradientStatistics` adds to them at each backward pass; nothing is printed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from bridge.training.plugin_layer.perturbation import Perturbation
from bridge.types import Float64, Mask

SUMMED = ("renders", "failed_renders")


@dataclass
class GradientStatistics:
    """Collects one value of each kind per step. `summary` returns the means, `clear` starts again."""

    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, **values: float) -> None:
        for name, value in values.items():
            self.values[name].append(value)

    def add_gradient(self, perturbation: Perturbation, differences: Float64, valid: Mask, gradient: Float64) -> None:
        """Of one backward pass: `norm` (mean over the batch), `cosine` between the pairs' own estimates where each
        moves every control, `clipped_share` of the moves."""
        self.add(
            norm=float(np.linalg.norm(gradient.reshape(len(gradient), -1), axis=1).mean()),
            clipped_share=perturbation.clipped_share,
        )
        cosine = _cosine_between(perturbation, differences, valid)
        if cosine is not None:
            self.add(cosine=cosine)

    def summary(self) -> dict[str, float]:
        """Mean of each kind; `renders` and `failed_renders` are summed."""
        means = {name: float(np.mean(values)) for name, values in self.values.items() if name not in SUMMED}
        return means | {name: float(np.sum(self.values[name])) for name in SUMMED if name in self.values}

    def clear(self) -> None:
        self.values.clear()


def _cosine_between(perturbation: Perturbation, differences: Float64, valid: Mask) -> float | None:
    """Mean cosine of every two pairs' estimates of one example; None where pairs move different controls."""
    moves = perturbation.wanted != 0
    if perturbation.pairs < 2 or not bool((moves == moves[:1]).all()):
        return None
    pieces = perturbation.pieces(differences).reshape(perturbation.pairs, len(valid[0]), -1)
    lengths = np.linalg.norm(pieces, axis=2)
    counts = valid & (lengths > 0)
    unit = np.where(counts[..., None], pieces / np.maximum(lengths, 1e-30)[..., None], 0.0)
    number = counts.sum(0)
    pairs = number * (number - 1)
    total = np.square(unit.sum(0)).sum(1) - number
    return float((total[pairs > 0] / pairs[pairs > 0]).mean()) if (pairs > 0).any() else None
