"""What learns frame by frame: cross-entropy of acting and of speech, and how far a control must move when it acts.

Of a stage's weights, `category` counts for the cross-entropies and `position` for the positions. Holds the network,
its optimizer and the running average of the weights that ships. It reads no files and no clock.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from bridge.model.bundle import neutral_positions
from bridge.model.encoders.frame_encoder import FrameEncoder, FrameEncoderOutput
from bridge.training.objectives import Shard, example_count
from bridge.training.trainer import checkpoint
from bridge.training.trainer.settings import TrainingStage
from bridge.training.trainer.train_step import TrainStepSettings

CROP_FRAMES = 300
GRADIENT_LIMIT = 2.0
SPEECH_SHARE = 0.3
ACTING_SHARE = 0.15
MOST_RAISED = 10.0
_AT_ONCE = 16  # of the validation examples


class FrameTrainStep:
    """Learns from shards of `heard`, `loud_db`, `activity`, `weight`, `position`, `speech`; see `frame_labels`."""

    encoder: FrameEncoder

    def __init__(self, setup: TrainStepSettings) -> None:
        torch.manual_seed(setup.seed)
        self.setup, self.device = setup, setup.device
        neutral = torch.from_numpy(neutral_positions(setup.manifest.chain))
        self.encoder = FrameEncoder(setup.manifest.features.bands, setup.manifest.encoder, neutral).to(self.device)
        self.average = {name: tensor.detach().clone() for name, tensor in self.encoder.state_dict().items()}
        self.optimizer = torch.optim.AdamW(self.encoder.parameters(), weight_decay=setup.settings.weight_decay)

    def update(self, examples: Shard, *, seed: int, step: int, rate: float, stage: TrainingStage) -> dict[str, float]:
        generator = np.random.default_rng([seed, step, 1])
        count = example_count(examples)
        drawn = generator.choice(count, size=min(self.setup.settings.batch, count), replace=False)
        chosen = self.setup.processes.part(drawn)
        frames = examples["heard"].shape[-1]
        start = int(generator.integers(0, max(1, frames - CROP_FRAMES)))
        losses = self._losses(self._take(examples, chosen, slice(start, start + CROP_FRAMES)))
        total = stage.loss.category * (losses["activity"] + SPEECH_SHARE * losses["speech"])
        total = total + stage.loss.position * losses["position"]
        self.encoder.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self.setup.processes.average_gradients(self.encoder)
        norm = nn.utils.clip_grad_norm_(self.encoder.parameters(), GRADIENT_LIMIT)
        if torch.isfinite(norm):  # nothing moves by a gradient that is none
            for group in self.optimizer.param_groups:
                group["lr"] = self.setup.settings.rate * rate
            self.optimizer.step()
        decay = min(self.setup.settings.average_decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, tensor in self.encoder.state_dict().items():
                self.average[name].lerp_(tensor, 1 - decay)
        return {name: float(value.detach()) for name, value in losses.items()}

    def validate(self, examples: Shard) -> dict[str, float]:
        trained = {name: tensor.clone() for name, tensor in self.encoder.state_dict().items()}
        self.encoder.load_state_dict(self.average)
        found: list[dict[str, Tensor]] = []
        places = np.arange(example_count(examples))
        with torch.no_grad():
            for first in range(0, len(places), _AT_ONCE):
                found.append(self._losses(self._take(examples, places[first : first + _AT_ONCE], slice(None))))
        self.encoder.load_state_dict(trained)
        return {name: float(torch.stack([losses[name] for losses in found]).mean()) for name in found[0]}

    def state(self) -> dict[str, Tensor]:
        tensors = checkpoint.pack_state(self.encoder, "encoder")
        tensors |= {f"average.{name}": tensor for name, tensor in self.average.items()}
        return tensors | checkpoint.pack_optimizer(self.optimizer, "optimizer")

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        checkpoint.unpack_state(self.encoder, "encoder", tensors)
        self.average = {
            name: tensor.to(self.device) for name, tensor in checkpoint.tensors_with_prefix(tensors, "average").items()
        }
        checkpoint.unpack_optimizer(self.optimizer, "optimizer", tensors)

    def answer(self, examples: Shard, chosen: np.ndarray) -> FrameEncoderOutput:
        """What the network says of whole examples."""
        batch = self._take(examples, chosen, slice(None))
        with torch.no_grad():
            said: FrameEncoderOutput = self.encoder(batch["heard"], batch["loud_db"])
        return said

    def _take(self, examples: Shard, chosen: np.ndarray, crop: slice) -> dict[str, Tensor]:
        def taken(name: str) -> Tensor:
            rows = examples[name][chosen]
            part = rows[..., crop] if rows.ndim > 1 else rows
            return torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32)).to(self.device)

        return {name: taken(name) for name in examples}

    def _losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        answer: FrameEncoderOutput = self.encoder(batch["heard"], batch["loud_db"])
        crossed = nn.functional.binary_cross_entropy_with_logits
        acts = batch["activity"]
        weight = _balanced(batch["weight"], acts)
        missed = crossed(answer.activity, acts, weight=weight, reduction="sum") / weight.sum().clamp_min(1)
        moved = ((answer.position - batch["position"]).abs() * acts).sum() / acts.sum().clamp_min(1)
        speech = crossed(answer.speech, batch["speech"])
        return {"activity": missed, "speech": speech, "position": moved}


def _balanced(weight: Tensor, acts: Tensor) -> Tensor:
    """(batch, controls, frames) with the frames in which a control acts raised to `ACTING_SHARE` of its weight, at
    most `MOST_RAISED` times: a control that seldom acts would else learn never to."""
    acting = (weight * acts).sum((0, 2), keepdim=True)
    resting = (weight * (1 - acts)).sum((0, 2), keepdim=True)
    raised = (ACTING_SHARE / (1 - ACTING_SHARE) * resting / acting.clamp_min(1)).clamp(1, MOST_RAISED)
    return weight * (1 + (raised - 1) * acts)
