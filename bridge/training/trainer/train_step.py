"""One update of learning, whatever is learned: the network, its optimizer, and the average of its weights that ships.

What an update learns from a batch stands in `encoder_train_step` and `frame_train_step`. No files and no clock here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from bridge.model.manifest import Manifest
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.prediction_modes import Shard, example_count
from bridge.training.trainer import checkpoint
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.settings import TrainerSettings, TrainingStage
from bridge.types import Indices

AVERAGE = "average"  # where a train step's state has the weights that ship


@dataclass(frozen=True)
class TrainStepSettings:
    """What a train step is built from.

    Attributes:
        manifest: of the model that is learned: its chain, features and encoder.
        learning: batch size and rates.
        renderer: draws the examples of stages that learn through the plugins.
        stages: all that the training will have.
        validation_renderer: draws those that such learning is validated by; None: `renderer`.
    """

    manifest: Manifest
    learning: TrainerSettings
    device: torch.device
    seed: int
    processes: ProcessGroup
    renderer: ExampleRenderer
    stages: Sequence[TrainingStage]
    validation_renderer: ExampleRenderer | None = None


class TrainStep(ABC):
    """The network that learns, its weights before that (`untrained`), and their running average (`average`)."""

    gradient_limit: ClassVar[float]  # norm to which gradients are clipped

    def __init__(self, settings: TrainStepSettings, encoder: nn.Module) -> None:
        self.settings, self.device = settings, settings.device
        self.encoder = encoder.to(self.device)
        self.untrained = {name: tensor.detach().clone() for name, tensor in self.encoder.state_dict().items()}
        self.average = {name: tensor.clone() for name, tensor in self.untrained.items()}
        self.optimizer = self.new_optimizer(self.encoder)

    @abstractmethod
    def update(self, examples: Shard, *, seed: int, step: int, rate: float, stage: TrainingStage) -> dict[str, float]:
        """Learn from one batch, which depends on seed and step alone.

        Args:
            rate: factor of the settings' learning rates, the stage's own included.

        Returns:
            What there is to report, by name.
        """

    @abstractmethod
    def validate(self, examples: Shard, weights: Mapping[str, Tensor] | None = None) -> dict[str, float]:
        """Return losses of `weights` (the averaged ones) on all of `examples`; a training keeps the lowest sum."""

    def state(self) -> dict[str, Tensor]:
        """Return all that a resumed training needs."""
        tensors = checkpoint.prefixed(self.encoder.state_dict(), "encoder")
        return (
            tensors
            | checkpoint.prefixed(self.average, AVERAGE)
            | checkpoint.pack_optimizer(self.optimizer, "optimizer")
        )

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        self.encoder.load_state_dict(checkpoint.tensors_with_prefix(tensors, "encoder"))
        average = checkpoint.tensors_with_prefix(tensors, AVERAGE)
        self.average = {name: tensor.to(self.device) for name, tensor in average.items()}
        checkpoint.unpack_optimizer(self.optimizer, "optimizer", tensors)

    def new_optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.AdamW(module.parameters(), weight_decay=self.settings.learning.weight_decay)

    def draw_batch(self, examples: Shard, generator: np.random.Generator) -> Indices:
        """Return this process's part of a batch of examples."""
        count = example_count(examples)
        chosen = generator.choice(count, size=min(self.settings.learning.batch, count), replace=False)
        return np.asarray(self.settings.processes.part(chosen), dtype=np.intp)

    def optimize(self, module: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, rate: float) -> None:
        """Step down the gradient of `loss`; not where nothing could be rendered, or the gradient is not finite."""
        module.zero_grad()
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        self.settings.processes.average_gradients(module)
        norm = nn.utils.clip_grad_norm_(module.parameters(), self.gradient_limit)
        if not torch.isfinite(norm):
            return
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()

    def update_average(self, step: int) -> None:
        """Take the weights of update `step` into the average; a young average forgets its start."""
        decay = min(self.settings.learning.average_decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, tensor in self.encoder.state_dict().items():
                self.average[name].lerp_(tensor, 1 - decay)

    @contextmanager
    def with_weights(self, weights: Mapping[str, Tensor] | None) -> Iterator[None]:
        """The encoder with `weights` (the averaged ones), and without gradients, for what is done in here."""
        trained = {name: tensor.clone() for name, tensor in self.encoder.state_dict().items()}
        self.encoder.load_state_dict(self.average if weights is None else weights)
        with torch.no_grad():
            yield
        self.encoder.load_state_dict(trained)
