"""The course of learning: update after update until time is up, with checkpoints and the best weights kept.

It holds the clock and the files of a training; what an update is stands in `learner`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from bridge.model.encoders import statistics_of
from bridge.training.learning import checkpoint
from bridge.training.learning.learner import Learner, draw_batch, take
from bridge.training.learning.pool import Shard
from bridge.training.material import Material

Notify = Callable[[float, str], None]

PREPARING_SHARE = 0.4  # of the progress shown belongs to making examples
JUDGING_FROM = 0.97
CHECKPOINT_EVERY_S = 30.0
VALIDATE_EVERY = 250
REPORT_EVERY = 20
WARM_UP = 0.03  # share of the course in which rates rise
SURROGATE_LEAD = 0.06  # share of the course before the encoder listens to the surrogate


@dataclass
class Course:
    """The learning itself, from the first update to the last, with its checkpoints."""

    folder: Path  # of checkpoints; its name is the training's signature
    material: Material
    learner: Learner
    seed: int
    limit_s: float
    limit_steps: int | None  # in place of the time
    step: int = 0
    best: float = math.inf
    before_s: float = 0.0  # spent learning before a resume
    begin: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> float:
        """Share of the course that lies behind, 0..1."""
        if self.limit_steps is not None:
            return min(1.0, self.step / self.limit_steps)
        return min(1.0, self._elapsed_s() / max(1.0, self.limit_s))

    def run(self, progress: Notify, is_cancelled: Callable[[], bool]) -> bool:
        """Learn until the course is done: True. False when cancelled, with a fresh checkpoint."""
        saved = time.monotonic()
        while (done := self.done) < 1.0:
            batch, crop = draw_batch(self.material.examples, self.seed, self.step, self.learner.device)
            report = self.learner.step(batch, rate=_rate(done), sound_share=_sound_share(done), crop=crop)
            self.step += 1
            if self.step % REPORT_EVERY == 0:
                left_s = self._elapsed_s() * (1 - done) / max(1e-6, done)
                progress(_shown(done), _describe(self.step, report, left_s))
            if self.step % VALIDATE_EVERY == 0:
                self._validate(progress)
            if is_cancelled() or time.monotonic() - saved > CHECKPOINT_EVERY_S:
                self._save(self._file)
                saved = time.monotonic()
                if is_cancelled():
                    return False
        self._validate(progress)
        return True

    def load_best(self) -> None:
        """Put the best average of weights into the encoder."""
        tensors, _ = checkpoint.load_checkpoint(self._best_file, self.folder.name)
        self.learner.encoder.load_state_dict(_part(tensors, "average"))

    def _validate(self, progress: Notify) -> None:
        score = sum(validate(self.learner, self.material.validation_examples).values())
        progress(_shown(self.done), f"step {self.step}: validation {score:.3f} dB")
        if score < self.best:
            self.best = score
            self._save(self._best_file)

    @property
    def _file(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def _best_file(self) -> Path:
        return self.folder / "best.safetensors"

    def _elapsed_s(self) -> float:
        return self.before_s + time.monotonic() - self.begin

    def _save(self, file: Path) -> None:
        stand = checkpoint.Progressed(
            step=self.step, elapsed_s=self._elapsed_s(), best_validation=self.best, signature=self.folder.name
        )
        learner = self.learner
        tensors = checkpoint.pack_state(learner.encoder, "encoder") | checkpoint.pack_state(
            learner.surrogate, "surrogate"
        )
        tensors |= {f"average.{name}": tensor for name, tensor in learner.average.items()}
        tensors |= checkpoint.pack_optimizer(learner.optimizer, "optimizer")
        tensors |= checkpoint.pack_optimizer(learner.surrogate_optimizer, "surrogate_optimizer")
        checkpoint.save_checkpoint(file, tensors, stand)

    def resume(self) -> None:
        """Go on from the checkpoint, where there is one. ModelError when it is damaged or of another training."""
        if not self._file.is_file():
            return
        tensors, stand = checkpoint.load_checkpoint(self._file, self.folder.name)
        self.step, self.best, self.before_s = stand.step, stand.best_validation, stand.elapsed_s
        self.begin = time.monotonic()
        learner = self.learner
        learner.encoder.load_state_dict(_part(tensors, "encoder"))
        learner.surrogate.load_state_dict(_part(tensors, "surrogate"))
        learner.average = {name: tensor.to(learner.device) for name, tensor in _part(tensors, "average").items()}
        checkpoint.unpack_optimizer(learner.optimizer, "optimizer", tensors)
        checkpoint.unpack_optimizer(learner.surrogate_optimizer, "surrogate_optimizer", tensors)


def validate(learner: Learner, examples: Shard) -> dict[str, float]:
    """The losses in dB of the averaged weights on all of `examples`."""
    trained = {name: tensor.clone() for name, tensor in learner.encoder.state_dict().items()}
    learner.encoder.load_state_dict(learner.average)
    with torch.no_grad():
        batch = take(examples, np.arange(len(examples["hidden"])), learner.device)
        dry, degraded = statistics_of(batch["dry"])[0], statistics_of(batch["degraded"])[0]
        losses = learner.losses(batch, slice(None), dry, degraded)
    learner.encoder.load_state_dict(trained)
    return {name: float(losses[name].mean()) for name in ("match_db", "automix_db")}


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def _shown(done: float) -> float:
    """The progress to show for a share of the course."""
    return PREPARING_SHARE + (JUDGING_FROM - PREPARING_SHARE) * done


def _rate(done: float) -> float:
    """A short warm-up, then half a cosine down to a fiftieth."""
    if done < WARM_UP:
        return max(0.05, done / WARM_UP)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _sound_share(done: float) -> float:
    return min(1.0, max(0.0, (done - SURROGATE_LEAD) / SURROGATE_LEAD))


def _describe(step: int, report: dict[str, float], left_s: float) -> str:
    losses = ", ".join(f"{name} {value:.2f}" for name, value in report.items())
    return f"step {step}: {losses}; {left_s / 60:.1f} min left"
