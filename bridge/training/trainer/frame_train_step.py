"""One update of a network that predicts frame by frame: cross-entropy of activity and of speech, and how far a control
must move when it acts.

Of a stage's weights, `category` counts for the cross-entropies and `position` for the positions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from bridge.model.bundle import neutral_positions
from bridge.model.encoders.frame_encoder import FrameEncoder, FrameEncoderOutput
from bridge.training.prediction_modes import Shard, example_count
from bridge.training.trainer.settings import TrainingStage
from bridge.training.trainer.train_step import TrainStep, TrainStepSettings
from bridge.types import Indices

CROP_FRAMES = 300
SPEECH_SHARE = 0.3
ACTIVE_SHARE = 0.15
MOST_RAISED = 10.0
_AT_ONCE = 16  # of the validation examples


class FrameTrainStep(TrainStep):
    """Learns from shards of `input`, `loud_db`, `activity`, `weight`, `position`, `speech`; see `frame_labels`."""

    encoder: FrameEncoder
    gradient_limit = 2.0

    def __init__(self, settings: TrainStepSettings) -> None:
        torch.manual_seed(settings.seed)
        manifest = settings.manifest
        neutral = torch.from_numpy(neutral_positions(manifest.chain))
        super().__init__(settings, FrameEncoder(manifest.features.bands, manifest.encoder, neutral))

    def update(self, examples: Shard, *, seed: int, step: int, rate: float, stage: TrainingStage) -> dict[str, float]:
        generator = np.random.default_rng([seed, step, 1])
        chosen = self.draw_batch(examples, generator)
        frames = examples["input"].shape[-1]
        start = int(generator.integers(0, max(1, frames - CROP_FRAMES)))
        losses = self._losses(self._take(examples, chosen, slice(start, start + CROP_FRAMES)))
        total = stage.loss.category * (losses["activity"] + losses["speech"])
        total = total + stage.loss.position * losses["position"]
        self.optimize(self.encoder, self.optimizer, total, self.settings.learning.rate * rate)
        self.update_average(step)
        return {name: float(value.detach()) for name, value in losses.items()}

    def validate(self, examples: Shard, weights: Mapping[str, Tensor] | None = None) -> dict[str, float]:
        places = np.arange(example_count(examples))
        with self.with_weights(weights):
            parts = [
                self._losses(self._take(examples, places[first : first + _AT_ONCE], slice(None)))
                for first in range(0, len(places), _AT_ONCE)
            ]
        return {name: float(torch.stack([losses[name] for losses in parts]).mean()) for name in parts[0]}

    def predict(self, examples: Shard, chosen: Indices) -> FrameEncoderOutput:
        """Return the network's output for whole examples."""
        batch = self._take(examples, chosen, slice(None))
        with torch.no_grad():
            output: FrameEncoderOutput = self.encoder(batch["input"], batch["loud_db"])
        return output

    def _take(self, examples: Shard, chosen: Indices, crop: slice) -> dict[str, Tensor]:
        def taken(name: str) -> Tensor:
            rows = examples[name][chosen]
            part = rows[..., crop] if rows.ndim > 1 else rows
            return torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32)).to(self.device)

        return {name: taken(name) for name in examples}

    def _losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        output: FrameEncoderOutput = self.encoder(batch["input"], batch["loud_db"])
        cross_entropy = nn.functional.binary_cross_entropy_with_logits
        active = batch["activity"]
        weight = _balanced(batch["weight"], active)
        activity = cross_entropy(output.activity, active, weight=weight, reduction="sum") / weight.sum().clamp_min(1)
        position = ((output.position - batch["position"]).abs() * active).sum() / active.sum().clamp_min(1)
        speech = SPEECH_SHARE * cross_entropy(output.speech, batch["speech"])  # weighed so in validation as well
        return {"activity": activity, "speech": speech, "position": position}


def _balanced(weight: Tensor, active: Tensor) -> Tensor:
    """(batch, controls, frames) with the frames in which a control acts raised to `ACTIVE_SHARE` of its weight, at
    most `MOST_RAISED` times: a control that seldom acts would else learn never to."""
    acting = (weight * active).sum((0, 2), keepdim=True)
    resting = (weight * (1 - active)).sum((0, 2), keepdim=True)
    raised = (ACTIVE_SHARE / (1 - ACTIVE_SHARE) * resting / acting.clamp_min(1)).clamp(1, MOST_RAISED)
    return weight * (1 + (raised - 1) * active)
