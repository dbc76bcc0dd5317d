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
from bridge.training.prediction_modes import Shard, example_count
from bridge.training.trainer.encoder_train_step import EncoderTrainStep, take_batch
from bridge.types import Float32

TOLERANCE = 0.1  # of a control's range
_FACTORS = np.geomspace(0.1, 10.0, 81)  # that widenings and temperatures are chosen from


@dataclass(frozen=True)
class ValidationOutputs:
    """What the encoder predicts for all examples (n) of all modes whose right positions are known.

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


def fit_confidence(train_step: EncoderTrainStep, examples: Shard) -> ConfidenceCalibration:
    """Return the law whose mean confidence equals the share of hits, control by control, over all modes."""
    outputs = validation_outputs(train_step, examples)
    if outputs is None:
        return ConfidenceCalibration(tolerance=TOLERANCE)
    hits = (outputs.errors <= TOLERANCE).mean(0)
    spreads = outputs.spread.cpu().numpy()
    confidence = 1 - np.exp(-TOLERANCE / (spreads[None] * _FACTORS[:, None, None]))  # (factors, n, controls)
    nearest = np.abs(confidence.mean(1) - hits).argmin(0)
    return ConfidenceCalibration(
        tolerance=TOLERANCE,
        widening=tuple(float(round(factor, 3)) for factor in _FACTORS[nearest]),
        temperatures=_temperatures(outputs, train_step.encoder.categories),
    )


def validation_outputs(train_step: EncoderTrainStep, examples: Shard) -> ValidationOutputs | None:
    """Return what the encoder predicts; None where nobody knows what is right in any of `examples`."""
    batch = take_batch(examples, np.arange(example_count(examples)), train_step.device)
    with torch.no_grad():
        outputs = train_step.predict(batch)
    names = [name for name in outputs if batch[f"{name}.position"].shape[1]]
    if not names:
        return None
    truth = torch.cat([batch[f"{name}.position"] for name in names])
    known = torch.isfinite(truth).all(1)
    if not known.any():
        return None
    return ValidationOutputs(
        position=torch.cat([outputs[name].position for name in names]).clamp(0, 1)[known],
        truth=truth[known],
        spread=torch.cat([outputs[name].spread for name in names])[known],
        logits=tuple(torch.cat(one)[known] for one in zip(*(outputs[name].logits for name in names), strict=True)),
    )


def _temperatures(outputs: ValidationOutputs, categories: Sequence[Category]) -> tuple[float, ...]:
    """For each category the one at which its mean probability equals the share of right choices."""
    temperatures = []
    for category, logits in zip(categories, outputs.logits, strict=True):
        right = category.chosen(outputs.truth[:, category.control])
        hits = float((logits.argmax(1) == right).float().mean())
        confidence = np.array([float(confidence_of(logits, factor).mean()) for factor in _FACTORS])
        temperatures.append(float(round(_FACTORS[np.abs(confidence - hits).argmin()], 3)))
    return tuple(temperatures)
