"""One update of an encoder that predicts one setting for a whole sound, and of the surrogate that predicts what that
sounds like: the losses that a stage weighs, on a batch of examples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import torch
from torch import Tensor

from bridge.errors import SettingsError
from bridge.features.mel_bands import loudness_weights_db
from bridge.model.bundle import build_encoder, neutral_positions
from bridge.model.encoders import Encoder, EncoderOutput, mel_statistics
from bridge.training.losses.profile_losses import (
    category_loss,
    jacobian_loss,
    neutral_loss,
    position_loss,
    profile_loss,
    spread_loss,
    straight_through_clamp,
)
from bridge.training.prediction_modes import PredictionMode, Shard, example_count
from bridge.training.trainer import checkpoint
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.plugin_loss import Draw, PluginLoss
from bridge.training.trainer.settings import LossWeights, TrainingStage
from bridge.training.trainer.surrogate import Surrogate
from bridge.training.trainer.train_step import TrainStep, TrainStepSettings
from bridge.types import Indices

Batch = dict[str, Tensor]

MIN_CROP_FRAMES = 108  # two and a half seconds
TRUNK_FRAMES = 129  # three seconds of each clip go through the convolutions, the costliest part of an update
VALIDATION_EXAMPLES = 24  # rendered for one validation, where it is by the plugins


class EncoderTrainStep(TrainStep):
    """Learns modes from shards; see `prediction_modes.pack_examples` for what those hold.

    Args:
        modes: the questions that every example puts to the encoder.
        settings: see `TrainStepSettings`.
        draw: the task's way to draw examples, for stages that learn through the plugins.
    """

    encoder: Encoder
    gradient_limit = 5.0

    def __init__(self, modes: Sequence[PredictionMode], settings: TrainStepSettings, draw: Draw) -> None:
        torch.manual_seed(settings.seed)
        manifest, stages = settings.manifest, settings.stages
        chain, features = manifest.chain, manifest.features
        super().__init__(settings, build_encoder(manifest))
        self.modes = tuple(modes)
        self.surrogate = Surrogate(features.bands, len(chain.controls)).to(self.device)
        self.surrogate_optimizer = self.new_optimizer(self.surrogate)
        self._has_surrogate = any(stage.loss.surrogate or stage.loss.jacobian for stage in stages)
        self._neutral = torch.from_numpy(neutral_positions(chain)).to(self.device)
        without_role = [float(not control.role) for control in chain.controls]
        self._without_role = torch.tensor(without_role, device=self.device)  # others the guard sets, by loudness
        slots = [slot.name for slot in chain.slots]
        self._slots = torch.tensor([slots.index(control.slot) for control in chain.controls], device=self.device)
        self._weights_db = torch.from_numpy(loudness_weights_db(features)).to(self.device)
        self._plugin_loss = PluginLoss(modes, draw, settings.renderer, features, settings.processes)
        by_plugins = [stage for stage in stages if stage.loss.plugins]
        self._validation_stage = _with_more_examples(by_plugins[-1]) if by_plugins else None
        validation_renderer = settings.validation_renderer or settings.renderer
        self._validation_loss = PluginLoss(modes, draw, validation_renderer, features, ProcessGroup())

    def update(self, examples: Shard, *, seed: int, step: int, rate: float, stage: TrainingStage) -> dict[str, float]:
        self._check(examples, stage)
        batch, crop = self._draw(examples, seed, step)
        weights, learning = stage.loss, self.settings.learning
        losses = self._losses(batch, weights, crop, self._learned_slots(stage))
        if not losses and not weights.plugins:
            raise SettingsError(
                f"The stage {stage.name!r} weighs nothing that this chain can be taught by, such as choices where it "
                "has none. Give it another loss in the recipe."
            )
        total = torch.zeros((), device=self.device)
        for kind, value in _sum_by_kind(losses).items():
            total = total + getattr(weights, kind) * value
        report = {name: float(value.detach()) for name, value in losses.items()}
        if weights.plugins:
            through = self._plugin_loss(self.encoder, self._learned_slots(stage), stage, seed, step)
            total = total + weights.plugins * through
            report["plugins"] = float(through.detach())
            report |= {f"plugins_gradient_{name}": value for name, value in self._plugin_loss.latest.items()}
        self.optimize(self.encoder, self.optimizer, total, learning.rate * rate)
        surrogate_db = self._surrogate_loss(batch)
        if surrogate_db is not None:
            self.optimize(self.surrogate, self.surrogate_optimizer, surrogate_db, learning.surrogate_rate * rate)
            report["surrogate_db"] = float(surrogate_db.detach())
        self.update_average(step)
        return report

    def validate(self, examples: Shard, weights: Mapping[str, Tensor] | None = None) -> dict[str, float]:
        """By the sound that the plugins make, where a stage learns through them; by the one that the surrogate
        predicts, where there is one; by positions and choices otherwise, and where nobody knows those, by targets."""
        with self.with_weights(weights):
            return self._validate_through_plugins() or self._validate_on(examples)

    def _validate_through_plugins(self) -> dict[str, float]:
        """On the same examples every time; infinite where nothing rendered. Empty where no stage has it."""
        if self._validation_stage is None:
            return {}
        everything = torch.ones_like(self._neutral)
        loss = self._validation_loss(self.encoder, everything, self._validation_stage, self.settings.seed, 0)
        return {"plugins": float(loss) if self._validation_loss.has_rendered else math.inf}

    def _validate_on(self, examples: Shard) -> dict[str, float]:
        batch = take_batch(examples, np.arange(example_count(examples)), self.device)
        is_by_sound = self._has_surrogate and self._have(batch, "rendered")
        weights = LossWeights(surrogate=1.0) if is_by_sound else LossWeights(position=1.0, category=1.0)
        everything = torch.ones_like(self._neutral)
        losses = self._losses(batch, weights, slice(None), everything)
        losses = losses or self._losses(batch, LossWeights(target=1.0), slice(None), everything)
        scores = {name: float(value) for name, value in losses.items()}
        surrogate_db = self._surrogate_loss(batch)
        # A surrogate that knows nothing yet must not make the encoder look good.
        return scores | ({} if surrogate_db is None else {"surrogate_db": float(surrogate_db)})

    def state(self) -> dict[str, Tensor]:
        tensors = super().state() | checkpoint.prefixed(self.surrogate.state_dict(), "surrogate")
        return tensors | checkpoint.pack_optimizer(self.surrogate_optimizer, "surrogate_optimizer")

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        super().load_state(tensors)
        self.surrogate.load_state_dict(checkpoint.tensors_with_prefix(tensors, "surrogate"))
        checkpoint.unpack_optimizer(self.surrogate_optimizer, "surrogate_optimizer", tensors)

    def predict(self, batch: Batch, crop: slice = slice(None)) -> dict[str, EncoderOutput]:
        """Return the encoder's output for each mode of a batch."""
        outputs: dict[str, EncoderOutput] = {}
        for name, mode in ((mode.name, mode) for mode in self.modes):
            reference = batch[f"{name}.reference"][..., crop] if mode.has_reference else None
            outputs[name] = self.encoder(batch[f"{name}.input"][..., crop], reference, trunk_frames=TRUNK_FRAMES)
        return outputs

    def learned_controls(self, mode: PredictionMode) -> Tensor:
        """Return (controls,) 1 for the controls that this mode teaches, 0 for those that are set by rule."""
        return torch.ones_like(self._neutral) if mode.loudness_counts else self._without_role

    def _losses(self, batch: Batch, weights: LossWeights, crop: slice, moving: Tensor) -> dict[str, Tensor]:
        """`MODE.KIND` to scalars, for the kinds that weigh anything; `moving`: see `_learned_slots`."""
        return {
            f"{mode.name}.{kind}": value
            for mode, output in zip(self.modes, self.predict(batch, crop).values(), strict=True)
            for kind, value in self._mode_losses(mode, output, batch, weights, moving).items()
        }

    def _mode_losses(
        self, mode: PredictionMode, output: EncoderOutput, batch: Batch, weights: LossWeights, moving: Tensor
    ) -> dict[str, Tensor]:
        target, truth = batch[f"{mode.name}.target"], batch[f"{mode.name}.position"]
        weights_db = None if mode.loudness_counts else self._weights_db
        position = torch.where(moving > 0, straight_through_clamp(output.position), self._neutral)
        losses: dict[str, Tensor] = {}
        if weights.surrogate:
            sound = mel_statistics(batch[f"{mode.name}.input"])[0]
            losses["surrogate"] = profile_loss(self.surrogate(sound, position), target, weights_db).mean()
        if weights.target:
            predicted = (output.target_mean_db, output.target_spread_db)
            losses["target"] = profile_loss(predicted, target, weights_db).mean()
        if weights.defaults:
            losses["defaults"] = neutral_loss(output.position, self._neutral).mean()
        if not truth.shape[1]:
            return losses
        learned = self.learned_controls(mode) * moving
        if weights.category and output.logits:
            losses["category"] = category_loss(output.logits, truth, self.encoder.categories, learned[None]).mean()
            learned = learned * self.encoder.continuous
        if weights.position:
            losses["position"] = position_loss(output.position, truth, learned[None]).mean()
        if weights.spread:
            losses["spread"] = spread_loss(output.spread, output.position, truth).mean()
        if weights.jacobian and f"{mode.name}.jacobian" in batch:
            jacobian = batch[f"{mode.name}.jacobian"]
            losses["jacobian"] = jacobian_loss(position, truth, jacobian, target, weights_db).mean()
        return losses

    def _surrogate_loss(self, batch: Batch) -> Tensor | None:
        """None where no stage needs the surrogate, or nothing was rendered that it could learn from."""
        parts = []
        for name in (mode.name for mode in self.modes):
            if self._has_surrogate and f"{name}.rendered" in batch:
                sound = mel_statistics(batch[f"{name}.input"])[0]
                predicted = self.surrogate(sound, batch[f"{name}.position"])
                parts.append(profile_loss(predicted, batch[f"{name}.rendered"], None).mean())
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
        """Whether any mode's examples hold `what`; see `prediction_modes.pack_examples`."""
        return any(f"{mode.name}.{what}" in examples for mode in self.modes)

    def _learned_slots(self, stage: TrainingStage) -> Tensor:
        """(controls,) 1 for the controls of the slots that the stage learns; the others stay neutral."""
        return (self._slots < (stage.slots or len(self._slots) + 1)).float()

    def _draw(self, examples: Shard, seed: int, step: int) -> tuple[Batch, slice]:
        """This process's part of the batch of `step`, and the frames of it that the encoder gets."""
        generator = np.random.default_rng([seed, step, 1])
        chosen = self.draw_batch(examples, generator)
        frames = examples[f"{self.modes[0].name}.input"].shape[-1]
        length = int(generator.integers(min(MIN_CROP_FRAMES, frames), frames, endpoint=True))
        start = int(generator.integers(0, frames - length, endpoint=True))
        return take_batch(examples, chosen, self.device), slice(start, start + length)


def take_batch(examples: Shard, chosen: Indices, device: torch.device) -> Batch:
    """Return the examples numbered `chosen` as float32 tensors."""
    return {name: torch.from_numpy(array[chosen].astype(np.float32)).to(device) for name, array in examples.items()}


def _with_more_examples(stage: TrainingStage) -> TrainingStage:
    """A stage that puts the same questions to the plugins, but more of them."""
    more = msgspec.structs.replace(stage.plugins, examples=max(VALIDATION_EXAMPLES, stage.plugins.examples))
    return msgspec.structs.replace(stage, plugins=more)


def _sum_by_kind(losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The sum of each kind over the modes."""
    kinds: dict[str, Tensor] = {}
    for name, value in losses.items():
        kind = name.rpartition(".")[2]
        kinds[kind] = kinds[kind] + value if kind in kinds else value
    return kinds
