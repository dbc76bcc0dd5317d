"""One update of learning: what the encoder and the surrogate learn from a batch of lessons.

Holds networks, optimizers and the running average of the weights that ships. It reads no files and no clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from bridge.errors import SettingsError
from bridge.features.bands import loudness_weights_db
from bridge.model.bundle import build_encoder, neutral_positions
from bridge.model.encoders import Encoder, EncoderOutput, mel_statistics
from bridge.model.manifest import Manifest
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.losses.profile_losses import (
    category_loss,
    defaults_loss,
    jacobian_loss,
    position_loss,
    profile_loss,
    spread_loss,
    straight_through_clamp,
)
from bridge.training.objectives import Shard, TrainingObjective, example_count
from bridge.training.trainer import checkpoint
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.plugin_loss import Draw, PluginLoss
from bridge.training.trainer.settings import LossWeights, TrainerSettings, TrainingStage
from bridge.training.trainer.surrogate import Surrogate

Batch = dict[str, Tensor]

MIN_CROP_FRAMES = 108  # two and a half seconds
TRUNK_FRAMES = 129  # three seconds of each clip go through the convolutions, the costliest part of an update
GRADIENT_LIMIT = 5.0
CHECKED_EXAMPLES = 24  # rendered for one validation, where it is by the plugins


class TrainStep(Protocol):
    """What the course of a training drives."""

    @property
    def encoder(self) -> nn.Module: ...

    def update(self, examples: Shard, *, seed: int, step: int, rate: float, stage: TrainingStage) -> dict[str, float]:
        """One update from a batch that depends on seed and step alone. What there is to report, by name.

        `rate` is the factor of the settings' rates, the stage's own included.
        """
        ...

    def validate(self, examples: Shard) -> dict[str, float]:
        """Losses of the averaged weights on all of `examples`, by name; the training keeps the lowest sum."""
        ...

    def state(self) -> dict[str, Tensor]:
        """All that a resumed training needs."""
        ...

    def load_state(self, tensors: Mapping[str, Tensor]) -> None: ...


@dataclass(frozen=True)
class TrainStepSettings:
    """What a learner is made of. `studio` draws the examples of stages that learn through the plugins, `checking` those
    that such learning is validated by (None: the same)."""

    manifest: Manifest
    settings: TrainerSettings
    device: torch.device
    seed: int
    processes: ProcessGroup
    studio: ExampleRenderer
    stages: Sequence[TrainingStage]
    checking: ExampleRenderer | None = None


class EncoderTrainStep:
    """Learns lessons by updates; `average` holds the weights that ship."""

    encoder: Encoder

    def __init__(self, lessons: Sequence[TrainingObjective], setup: TrainStepSettings, draw: Draw) -> None:
        torch.manual_seed(setup.seed)
        chain, bands = setup.manifest.chain, setup.manifest.features.bands
        self.lessons, self.setup, self.device = tuple(lessons), setup, setup.device
        self.encoder = build_encoder(setup.manifest).to(self.device)
        self.surrogate = Surrogate(bands, len(chain.controls)).to(self.device)
        self.average = {name: tensor.detach().clone() for name, tensor in self.encoder.state_dict().items()}
        decay = setup.settings.weight_decay
        self.optimizer = torch.optim.AdamW(self.encoder.parameters(), weight_decay=decay)
        self.surrogate_optimizer = torch.optim.AdamW(self.surrogate.parameters(), weight_decay=decay)
        self._neutral = torch.from_numpy(neutral_positions(chain)).to(self.device)
        by_rule = [float(not control.role) for control in chain.controls]
        self._learned_alone = torch.tensor(by_rule, device=self.device)  # the guard sets the loudness by rule
        slots = [slot.name for slot in chain.slots]
        self._slots = torch.tensor([slots.index(control.slot) for control in chain.controls], device=self.device)
        self._has_surrogate = any(stage.loss.surrogate or stage.loss.jacobian for stage in setup.stages)
        self._plugin_loss = PluginLoss(lessons, draw, setup.studio, setup.manifest.features, setup.processes)
        checking, by_plugins = setup.checking or setup.studio, [stage for stage in setup.stages if stage.loss.plugins]
        self._checks = PluginLoss(lessons, draw, checking, setup.manifest.features, ProcessGroup())
        self._checked_as = _for_checking(by_plugins[-1]) if by_plugins else None
        self._weights_db = torch.from_numpy(loudness_weights_db(setup.manifest.features)).to(self.device)

    def update(self, examples: Shard, *, seed: int, step: int, rate: float, stage: TrainingStage) -> dict[str, float]:
        self._check(examples, stage)
        batch, crop = self._draw(examples, seed, step)
        weights = stage.loss
        losses = self._losses(batch, weights, crop, self._moving(stage))
        if not losses and not weights.plugins:
            raise SettingsError(
                f"The stage {stage.name!r} weighs nothing that this chain can be taught by, such as choices where it "
                "has none. Give it another loss in the recipe."
            )
        total = torch.zeros((), device=self.device)
        for kind, value in _by_kind(losses).items():
            total = total + getattr(weights, kind) * value
        report = {name: float(value.detach()) for name, value in losses.items()}
        if weights.plugins:
            through = self._plugin_loss(self.encoder, self._moving(stage), stage, seed, step)
            total = total + weights.plugins * through
            report["plugins"] = float(through.detach())
            report |= {f"plugins_gradient_{name}": value for name, value in self._plugin_loss.latest.items()}
        self._step(self.encoder, self.optimizer, total, self.setup.settings.rate * rate)
        surrogate_db = self._surrogate_loss(batch)
        if surrogate_db is not None:
            self._step(
                self.surrogate, self.surrogate_optimizer, surrogate_db, self.setup.settings.surrogate_rate * rate
            )
            report["surrogate_db"] = float(surrogate_db.detach())
        decay = min(self.setup.settings.average_decay, (1 + step) / (10 + step))  # a young average forgets its start
        with torch.no_grad():
            for name, tensor in self.encoder.state_dict().items():
                self.average[name].lerp_(tensor, 1 - decay)
        return report

    def validate(self, examples: Shard) -> dict[str, float]:
        """By the sound that the plugins make, where a stage learns through them; by the one that the surrogate
        foretells, where there is one; by positions and choices otherwise, and where nobody knows those, by targets."""
        trained = {name: tensor.clone() for name, tensor in self.encoder.state_dict().items()}
        self.encoder.load_state_dict(self.average)
        with torch.no_grad():
            scores = self._validate_through_plugins() or self._validate_on(examples)
        self.encoder.load_state_dict(trained)
        return scores

    def _validate_through_plugins(self) -> dict[str, float]:
        """On the same examples every time; infinite where nothing rendered. Empty where no stage asks for it."""
        if self._checked_as is None:
            return {}
        found = self._checks(self.encoder, torch.ones_like(self._neutral), self._checked_as, self.setup.seed, 0)
        return {"plugins": float(found) if self._checks.has_rendered else math.inf}

    def _validate_on(self, examples: Shard) -> dict[str, float]:
        batch = take_batch(examples, np.arange(example_count(examples)), self.device)
        is_by_sound = self._has_surrogate and self._have(batch, "rendered")
        weights = LossWeights(surrogate=1.0) if is_by_sound else LossWeights(position=1.0, category=1.0)
        moving = torch.ones_like(self._neutral)
        losses = self._losses(batch, weights, slice(None), moving)
        losses = losses or self._losses(batch, LossWeights(target=1.0), slice(None), moving)
        scores = {name: float(value) for name, value in losses.items()}
        foretold = self._surrogate_loss(batch)
        # What a surrogate that knows nothing yet says of the encoder must not look good.
        return scores | ({} if foretold is None else {"surrogate_db": float(foretold)})

    def state(self) -> dict[str, Tensor]:
        tensors = checkpoint.pack_state(self.encoder, "encoder") | checkpoint.pack_state(self.surrogate, "surrogate")
        tensors |= {f"average.{name}": tensor for name, tensor in self.average.items()}
        tensors |= checkpoint.pack_optimizer(self.optimizer, "optimizer")
        return tensors | checkpoint.pack_optimizer(self.surrogate_optimizer, "surrogate_optimizer")

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        checkpoint.unpack_state(self.encoder, "encoder", tensors)
        checkpoint.unpack_state(self.surrogate, "surrogate", tensors)
        self.average = {
            name: tensor.to(self.device) for name, tensor in checkpoint.tensors_with_prefix(tensors, "average").items()
        }
        checkpoint.unpack_optimizer(self.optimizer, "optimizer", tensors)
        checkpoint.unpack_optimizer(self.surrogate_optimizer, "surrogate_optimizer", tensors)

    def answers(self, batch: Batch, crop: slice = slice(None)) -> dict[str, EncoderOutput]:
        """The encoder's answer to each lesson of a batch."""
        heard: dict[str, EncoderOutput] = {}
        for lesson in self.lessons:
            reference = batch[f"{lesson.name}.reference"][..., crop] if lesson.has_reference else None
            heard[lesson.name] = self.encoder(
                batch[f"{lesson.name}.heard"][..., crop], reference, trunk_frames=TRUNK_FRAMES
            )
        return heard

    def learned(self, lesson: TrainingObjective) -> Tensor:
        """(controls,) 1 for the controls that this lesson teaches, 0 for those that are set by rule."""
        return torch.ones_like(self._neutral) if lesson.level_counts else self._learned_alone

    def _losses(self, batch: Batch, weights: LossWeights, crop: slice, moving: Tensor) -> dict[str, Tensor]:
        """`LESSON.KIND` to scalars, for the kinds that weigh anything."""
        losses: dict[str, Tensor] = {}
        for lesson, answer in zip(self.lessons, self.answers(batch, crop).values(), strict=True):
            for kind, value in self._lesson_losses(lesson, answer, batch, weights, moving).items():
                losses[f"{lesson.name}.{kind}"] = value
        return losses

    def _lesson_losses(
        self, lesson: TrainingObjective, answer: EncoderOutput, batch: Batch, weights: LossWeights, moving: Tensor
    ) -> dict[str, Tensor]:
        target, truth = batch[f"{lesson.name}.target"], batch[f"{lesson.name}.position"]
        equal = None if lesson.level_counts else self._weights_db
        position = torch.where(moving > 0, straight_through_clamp(answer.position), self._neutral)
        losses: dict[str, Tensor] = {}
        if weights.surrogate:
            sound = mel_statistics(batch[f"{lesson.name}.heard"])[0]
            losses["surrogate"] = profile_loss(self.surrogate(sound, position), target, equal).mean()
        if weights.target:
            predicted = (answer.target_mean_db, answer.target_spread_db)
            losses["target"] = profile_loss(predicted, target, equal).mean()
        if weights.defaults:
            losses["defaults"] = defaults_loss(answer.position, self._neutral).mean()
        if truth.shape[1]:
            taught = self.learned(lesson) * moving
            if weights.category and answer.logits:
                chosen = category_loss(answer.logits, truth, self.encoder.categories, taught[None])
                losses["category"] = chosen.mean()
                taught = taught * self.encoder.continuous
            if weights.position:
                losses["position"] = position_loss(answer.position, truth, taught[None]).mean()
            if weights.spread:
                losses["spread"] = spread_loss(answer.spread, answer.position, truth).mean()
            if weights.jacobian and f"{lesson.name}.jacobian" in batch:
                jacobian = batch[f"{lesson.name}.jacobian"]
                losses["jacobian"] = jacobian_loss(position, truth, jacobian, target, equal).mean()
        return losses

    def _surrogate_loss(self, batch: Batch) -> Tensor | None:
        """None where no stage asks the surrogate, or nothing was rendered that it could learn from."""
        parts = []
        for lesson in self.lessons:
            if self._has_surrogate and f"{lesson.name}.rendered" in batch:
                sound = mel_statistics(batch[f"{lesson.name}.heard"])[0]
                told = self.surrogate(sound, batch[f"{lesson.name}.position"])
                parts.append(profile_loss(told, batch[f"{lesson.name}.rendered"], None).mean())
        return torch.stack(parts).mean() if parts else None

    def _check(self, examples: Shard, stage: TrainingStage) -> None:
        """SettingsError for a stage that weighs what these examples cannot teach."""
        for loss, needed in (("surrogate", "rendered"), ("jacobian", "jacobian")):
            if getattr(stage.loss, loss) and not self._have(examples, needed):
                raise SettingsError(
                    f"The stage {stage.name!r} weighs {loss}, but this task renders nothing to learn it from. "
                    "Leave that loss out of the recipe."
                )

    def _have(self, examples: Mapping[str, object], what: str) -> bool:
        """Whether any lesson's examples hold `what`; see `lessons.pack`."""
        return any(f"{lesson.name}.{what}" in examples for lesson in self.lessons)

    def _moving(self, stage: TrainingStage) -> Tensor:
        """(controls,) 1 for the controls of the slots that the stage learns."""
        return (self._slots < (stage.slots or len(self._slots) + 1)).float()

    def _draw(self, examples: Shard, seed: int, step: int) -> tuple[Batch, slice]:
        """This process's part of the batch of `step`, and the frames of it that the encoder hears."""
        generator = np.random.default_rng([seed, step, 1])
        count = example_count(examples)
        chosen = generator.choice(count, size=min(self.setup.settings.batch, count), replace=False)
        frames = examples[f"{self.lessons[0].name}.heard"].shape[-1]
        length = int(generator.integers(min(MIN_CROP_FRAMES, frames), frames, endpoint=True))
        start = int(generator.integers(0, frames - length, endpoint=True))
        return take_batch(examples, self.setup.processes.part(chosen), self.device), slice(start, start + length)

    def _step(self, module: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, rate: float) -> None:
        """Nothing moves where no example could be rendered, or where the gradient is not finite."""
        module.zero_grad()
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        self.setup.processes.average_gradients(module)
        norm = nn.utils.clip_grad_norm_(module.parameters(), GRADIENT_LIMIT)
        if not torch.isfinite(norm):
            return
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()


def take_batch(examples: Shard, chosen: np.ndarray, device: torch.device) -> Batch:
    return {name: torch.from_numpy(array[chosen].astype(np.float32)).to(device) for name, array in examples.items()}


def _for_checking(stage: TrainingStage) -> TrainingStage:
    """The same questions as a stage puts to the plugins, but more of them."""
    more = msgspec.structs.replace(stage.plugins, examples=max(CHECKED_EXAMPLES, stage.plugins.examples))
    return msgspec.structs.replace(stage, plugins=more)


def _by_kind(losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The sum of each kind over the lessons."""
    kinds: dict[str, Tensor] = {}
    for name, value in losses.items():
        kind = name.rpartition(".")[2]
        kinds[kind] = kinds[kind] + value if kind in kinds else value
    return kinds
