"""What an encoder is trained by: differences of long-term profiles in dB, and errors of positions.

Pure functions of tensors. Each returns one value per example, so that tasks can be weighed and reported apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from bridge.features.profile import SPREAD_WEIGHT
from bridge.model.encoders import Category


def profile_loss(profile: tuple[Tensor, Tensor], target: Tensor, weights_db: Tensor | None) -> Tensor:
    """Return the distance in dB of a profile from a target; see `profile.profile_distance_db`.

    Args:
        profile: mean and spread in dB, (batch, bands) each.
        target: (batch, 2, bands) mean and spread.
        weights_db: (bands,) of loudness: the two are compared at equal loudness; None: at the loudness they have.

    Returns:
        (batch,)
    """
    mean_db, spread_db = profile
    difference = mean_db - target[:, 0]
    if weights_db is not None:
        louder = _loudness_db(mean_db, spread_db, weights_db) - _loudness_db(target[:, 0], target[:, 1], weights_db)
        difference = difference - louder
    return smooth_absolute(difference).mean(1) + SPREAD_WEIGHT * smooth_absolute(spread_db - target[:, 1]).mean(1)


def straight_through_clamp(position: Tensor) -> Tensor:
    """Positions held to 0..1. One that lies outside passes a gradient where descending it leads back in.

    A plain clamp would pass none at all: what has once overshot a bound would stay there whatever it sounds like. One
    that let through what leads farther out would drive positions to where the sigmoid is flat.
    """
    held: Tensor = _StraightThroughClamp.apply(position)  # type: ignore[no-untyped-call]
    return held


class _StraightThroughClamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, position: Tensor) -> Tensor:
        ctx.save_for_backward(position)
        return position.clamp(0, 1)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:
        (position,) = ctx.saved_tensors
        leads_out = ((position < 0) & (upstream > 0)) | ((position > 1) & (upstream < 0))
        return upstream.masked_fill(leads_out, 0.0)


def position_loss(position: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted absolute error of positions, (batch,).

    Args:
        position: (batch, controls), 0..1.
        truth: (batch, controls), NaN where nobody knows it: that weighs nothing.
        weight: (batch or 1, controls).
    """
    known = torch.isfinite(truth)
    weight = weight * known
    error = smooth_absolute(position - torch.where(known, truth, position.detach()), 0.02)
    return (error * weight).sum(1) / weight.sum(1).clamp_min(1e-6)


def category_loss(logits: Sequence[Tensor], truth: Tensor, categories: Sequence[Category], weight: Tensor) -> Tensor:
    """Return the weighted cross-entropy of choices, in nats; 0 without categories.

    Args:
        logits: (batch, choices) for each category, as `EncoderOutput.logits`.
        truth: (batch, controls) positions, which need not stand at a choice's place: the one that the plugin takes
            there counts. NaN, where nobody knows it, weighs nothing.
        weight: (batch or 1, controls); only those of choices count.

    Returns:
        (batch,)
    """
    total = weights = truth.new_zeros(len(truth))
    for category, given in zip(categories, logits, strict=True):
        position = truth[:, category.control]
        share = weight[:, category.control] * torch.isfinite(position)
        chosen = category.chosen(torch.nan_to_num(position))
        total = total + share * torch.nn.functional.cross_entropy(given, chosen, reduction="none")
        weights = weights + share
    return total / weights.clamp_min(1e-6)


def neutral_loss(position: Tensor, neutral: Tensor) -> Tensor:
    """Mean absolute distance (batch,) of positions (batch, controls) from the neutral ones (controls,)."""
    return smooth_absolute(position - neutral, 0.02).mean(1)


def jacobian_loss(
    position: Tensor, truth: Tensor, jacobian: Tensor, target: Tensor, weights_db: Tensor | None
) -> Tensor:
    """Return the distance in dB of the sound at `position` from that at `truth`, to first order.

    Args:
        position, truth: (batch, controls).
        jacobian: (batch, controls, 2, bands) derivative of the profile by the position, at `truth`; NaN where it was
            not taken: such examples weigh nothing.
        target: (batch, 2, bands) profile around which the change of loudness is taken out, with `weights_db` (bands,).

    Returns:
        (batch,)

    Source: H. Han, V. Lostanlen, M. Lagrange, "Perceptual-neural-physical sound matching" (PNP, ICASSP 2023), with
    absolute differences in place of squared ones.
    """
    known = torch.isfinite(jacobian).flatten(1).all(1)
    step = torch.nan_to_num(position - truth)
    change = torch.einsum("bc,bcsk->bsk", step, torch.nan_to_num(jacobian))
    mean_db, spread_db = change[:, 0], change[:, 1]
    if weights_db is not None:  # the derivative of `_loudness_db`
        part = torch.softmax((target[:, 0] + target[:, 1] + weights_db) * (math.log(10) / 10), dim=1)
        mean_db = mean_db - (part * (mean_db + spread_db)).sum(1, keepdim=True)
    distance = smooth_absolute(mean_db).mean(1) + SPREAD_WEIGHT * smooth_absolute(spread_db).mean(1)
    return distance * known / known.float().mean().clamp_min(1e-6)


def spread_loss(spread: Tensor, position: Tensor, truth: Tensor) -> Tensor:
    """Return the negative log-likelihood of the errors under a Laplace distribution, (batch,).

    The error is taken as it is (no gradient): the spread learns from the position and does not pull at it.

    Args:
        spread: (batch, controls), the distribution's scale.
        position, truth: (batch, controls), 0..1; NaN where nobody knows the truth.
    """
    known = torch.isfinite(truth)
    error = (position.detach().clamp(0, 1) - torch.nan_to_num(truth)).abs()
    return ((torch.log(2 * spread) + error / spread) * known).mean(1)


def _loudness_db(mean_db: Tensor, spread_db: Tensor, weights_db: Tensor) -> Tensor:
    """(batch, 1); see `profile.loudness_db`."""
    natural = math.log(10) / 10
    return torch.logsumexp((mean_db + spread_db + weights_db) * natural, dim=1, keepdim=True) / natural


def smooth_absolute(x: Tensor, bend: float = 0.5) -> Tensor:
    """|x| with a round corner of width `bend`: the gradient fades out at zero."""
    return torch.sqrt(x.square() + bend * bend) - bend
