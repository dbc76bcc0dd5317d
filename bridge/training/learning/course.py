"""The course of learning: update after update until time is up, with checkpoints and the best weights kept.

It holds the clock and the files of a training; what an update is stands in `learner`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.training.learning import checkpoint
from bridge.training.learning.learner import Learner
from bridge.training.learning.lessons import Shard
from bridge.training.learning.processes import Processes
from bridge.training.learning.settings import Stage

Notify = Callable[[float, str], None]

CHECKPOINT_EVERY_S = 30.0
REPORT_EVERY = 20
WARM_UP = 0.03  # share of the course in which rates rise


@dataclass
class Course:
    """The learning itself, from the first update to the last, with its checkpoints.

    Attributes:
        folder: of checkpoints; its name is the training's signature.
        limit_s: time to learn, over all resumes; `limit_steps` replaces it by a number of updates.
    """

    folder: Path
    examples: Shard
    validation_examples: Shard
    learner: Learner
    stages: Sequence[Stage]
    seed: int
    validate_every: int
    limit_s: float
    limit_steps: int | None
    processes: Processes = field(default_factory=Processes)
    step: int = 0
    best: float = math.inf
    before_s: float = 0.0  # spent learning before a resume
    begin: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> float:
        """Share of the course that lies behind, 0..1; the same in all processes."""
        if self.limit_steps is not None:
            return min(1.0, self.step / self.limit_steps)
        return self.processes.agreed(min(1.0, self._elapsed_s() / max(1.0, self.limit_s)))

    def run(self, progress: Notify, is_cancelled: Callable[[], bool]) -> bool:
        """Learn until the course is done: True. False when cancelled, with a fresh checkpoint."""
        saved = time.monotonic()
        while (done := self.done) < 1.0:
            stage = stage_at(self.stages, done)
            rate = _rate(done) * stage.rate
            report = self.learner.update(self.examples, seed=self.seed, step=self.step, rate=rate, stage=stage)
            self.step += 1
            if self.step % REPORT_EVERY == 0:
                left_s = self._elapsed_s() * (1 - done) / max(1e-6, done)
                progress(done, _describe(stage.name, self.step, report, left_s))
            if self.step % self.validate_every == 0:
                self._validate(progress)
            stops = bool(self.processes.agreed(float(is_cancelled())))
            if stops or time.monotonic() - saved > CHECKPOINT_EVERY_S:
                self._save(self._file)
                saved = time.monotonic()
                if stops:
                    return False
        self._validate(progress)
        return True

    def load_best(self) -> None:
        """Put the best average of weights into the encoder."""
        tensors, _ = checkpoint.load_checkpoint(self._best_file, self.folder.name)
        self.learner.encoder.load_state_dict(checkpoint.part(tensors, "average"))

    def resume(self) -> None:
        """Go on from the checkpoint, where there is one. ModelError when it is damaged or of another training."""
        if not self._file.is_file():
            return
        tensors, stand = checkpoint.load_checkpoint(self._file, self.folder.name)
        self.step, self.best, self.before_s = stand.step, stand.best_validation, stand.elapsed_s
        self.begin = time.monotonic()
        self.learner.load_state(tensors)

    def _validate(self, progress: Notify) -> None:
        if not self.processes.is_first:
            return
        losses = self.learner.validate(self.validation_examples)
        score = sum(losses.values())
        progress(self._elapsed_share(), f"step {self.step:,}: validation {_losses(losses)}")
        if score < self.best or not self._best_file.is_file():
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

    def _elapsed_share(self) -> float:
        if self.limit_steps is not None:
            return min(1.0, self.step / self.limit_steps)
        return min(1.0, self._elapsed_s() / max(1.0, self.limit_s))

    def _save(self, file: Path) -> None:
        if not self.processes.is_first:
            return
        stand = checkpoint.Progressed(
            step=self.step, elapsed_s=self._elapsed_s(), best_validation=self.best, signature=self.folder.name
        )
        checkpoint.save_checkpoint(file, self.learner.state(), stand)


def stage_at(stages: Sequence[Stage], done: float) -> Stage:
    """The stage that the share `done` (0..1) of the course falls into."""
    total = sum(stage.share for stage in stages)
    reached = 0.0
    for stage in stages:
        reached += stage.share / total
        if done < reached:
            return stage
    return stages[-1]


def _rate(done: float) -> float:
    """A short warm-up, then half a cosine down to a fiftieth."""
    if done < WARM_UP:
        return max(0.05, done / WARM_UP)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _describe(stage: str, step: int, report: dict[str, float], left_s: float) -> str:
    return f"{stage}, step {step:,}: {_losses(report)}; {left_s / 60:.1f} min left"


def _losses(report: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in report.items())
