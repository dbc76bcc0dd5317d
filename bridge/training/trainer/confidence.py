"""Makes confidence mean something: fits, on songs not learned from, how wide the predicted spreads must be, and how far
the probabilities of choices are to be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bridge.model.encoders import Category, confidence_of
from bridge.model.manifest import ConfidenceCalibration
from bridge.training.objectives import Shard, example_count
from bridge.training.trainer.train_step import EncoderTrainStep, take_batch
from bridge.types import Float32

TOLERANCE = 0.1  # of a control's range
_FACTORS = np.geomspace(0.1, 10.0, 81)  # that widenings and temperatures are chosen from


@dataclass(frozen=True)
class ValidationAnswers:
    """The answers to all examples (n) of all lessons whose right positions are known.

    Attributes:
        position, truth, spread: (n, controls), in shares of each range.
        logits: (n, choices) for each of the encoder's categories.
    """

    position: Tensor
    truth: Tensor
    spread: Tensor
    logits: tuple[Tensor, ...]

    @property
    def errors(self) -> Float32:
        """(n, controls), absolute."""
        return (self.position - self.truth).abs().cpu().numpy()


def fit_confidence(learner: EncoderTrainStep, examples: Shard) -> ConfidenceCalibration:
    """The law whose mean confidence equals the share of hits, control by control, over all lessons."""
    answered = validation_answers(learner, examples)
    if answered is None:
        return ConfidenceCalibration(tolerance=TOLERANCE)
    hits = (answered.errors <= TOLERANCE).mean(0)
    spreads = answered.spread.cpu().numpy()
    confidence = 1 - np.exp(-TOLERANCE / (spreads[None] * _FACTORS[:, None, None]))  # (factors, n, controls)
    nearest = np.abs(confidence.mean(1) - hits).argmin(0)
    return ConfidenceCalibration(
        tolerance=TOLERANCE,
        widening=tuple(float(round(factor, 3)) for factor in _FACTORS[nearest]),
        temperatures=_temperatures(answered, learner.encoder.categories),
    )


def validation_answers(learner: EncoderTrainStep, examples: Shard) -> ValidationAnswers | None:
    """What the encoder says of `examples`; None where nobody knows what is right in any of them."""
    batch = take_batch(examples, np.arange(example_count(examples)), learner.device)
    with torch.no_grad():
        answers = learner.answers(batch)
    taught = [lesson.name for lesson in learner.lessons if batch[f"{lesson.name}.position"].shape[1]]
    if not taught:
        return None
    truth = torch.cat([batch[f"{name}.position"] for name in taught])
    known = torch.isfinite(truth).all(1)
    if not known.any():
        return None
    return ValidationAnswers(
        position=torch.cat([answers[name].position for name in taught]).clamp(0, 1)[known],
        truth=truth[known],
        spread=torch.cat([answers[name].spread for name in taught])[known],
        logits=tuple(torch.cat(given)[known] for given in zip(*(answers[name].logits for name in taught), strict=True)),
    )


def _temperatures(answered: ValidationAnswers, categories: Sequence[Category]) -> tuple[float, ...]:
    """For each category the one at which its mean probability equals the share of right choices."""
    found = []
    for category, logits in zip(categories, answered.logits, strict=True):
        right = category.chosen(answered.truth[:, category.control])
        hits = float((logits.argmax(1) == right).float().mean())
        told = np.array([float(confidence_of(logits, factor).mean()) for factor in _FACTORS])
        found.append(float(round(_FACTORS[np.abs(told - hits).argmin()], 3)))
    return tuple(found)
