"""The course of learning: update after update until time is up, with checkpoints and the best weights kept.

It holds the clock and the files of a training; what an update is stands in `learner`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.errors import ModelError
from bridge.training.objectives import Shard
from bridge.training.trainer import checkpoint
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.scalar_log import ScalarLog
from bridge.training.trainer.settings import TrainingStage
from bridge.training.trainer.train_step import TrainStep

Notify = Callable[[float, str], None]

REPORT_EVERY = 10
WARM_UP = 0.03  # share of the course in which rates rise
AVERAGE = "average"  # where a learner's state has the weights that ship


@dataclass
class Trainer:
    """The learning itself, from the first update to the last, with its checkpoints.

    Attributes:
        folder: of checkpoints; its name and its parent's are the training's signature.
        limit_s: time for all until the last update, over all resumes; `limit_steps` replaces it by a number of updates.
        take_in: called before each update; more examples may have come.
        prepared_s: how much of it was spent before the first update.
        log: where the losses of updates and checks go, beside the progress.
    """

    folder: Path
    examples: Shard
    validation_examples: Shard
    learner: TrainStep
    stages: Sequence[TrainingStage]
    seed: int
    validate_every: int
    checkpoint_every_s: float
    limit_s: float
    limit_steps: int | None
    take_in: Callable[[], None] = lambda: None
    prepared_s: float = 0.0
    processes: ProcessGroup = field(default_factory=ProcessGroup)
    log: ScalarLog = field(default_factory=ScalarLog)
    step: int = 0
    best: float = math.inf
    before_s: float = 0.0  # spent learning before a resume
    begin: float = field(default_factory=time.monotonic)
    _recent: list[dict[str, float]] = field(default_factory=list)
    _checked: int = -1  # the update after which was validated last

    @property
    def spent_s(self) -> float:
        """Of `limit_s`, over all runs of this training."""
        return self.prepared_s + self.before_s + time.monotonic() - self.begin

    @property
    def done(self) -> float:
        """Share of the course that lies behind, 0..1; the same in all processes."""
        if self.limit_steps is not None:
            return self._share
        return self.processes.agreed(self._share)

    def run(self, progress: Notify, is_cancelled: Callable[[], bool]) -> bool:
        """Learn until the course is done: True. False when cancelled, with a fresh checkpoint."""
        saved = time.monotonic()
        while (done := self.done) < 1.0:
            stage = find_stage(self.stages, done)
            rate = learning_rate_at(done) * stage.rate
            self.take_in()
            self._recent.append(
                self.learner.update(self.examples, seed=self.seed, step=self.step, rate=rate, stage=stage)
            )
            self.step += 1
            if self.step % REPORT_EVERY == 0:
                self._report(stage, progress)
            if self.step % self.validate_every == 0:
                self._validate(progress)
            stops = bool(self.processes.agreed(float(is_cancelled())))
            if stops or time.monotonic() - saved > self.checkpoint_every_s:
                self._save()
                saved = time.monotonic()
                if stops:
                    return False
        self._validate(progress)
        self._save()
        return True

    def load_best(self) -> None:
        """Put the best average of weights into the encoder."""
        tensors, _ = checkpoint.load_checkpoint(best_weights_file(self.folder), self._signature)
        self.learner.encoder.load_state_dict(checkpoint.tensors_with_prefix(tensors, AVERAGE))

    def resume(self) -> None:
        """Go on from the checkpoint. ModelError when it is damaged or of another training."""
        file, best_file = checkpoint_file(self.folder), best_weights_file(self.folder)
        tensors, stand = checkpoint.load_checkpoint(file, self._signature)
        try:
            self.learner.load_state(tensors)
        except (RuntimeError, KeyError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise ModelError(
                f"The checkpoint {file} does not fit this version ({first}). Train without --resume."
            ) from error
        self.step, self.best = stand.step, _score(stand)
        self.prepared_s, self.before_s, self.begin = stand.prepared_s, stand.elapsed_s, time.monotonic()
        if best_file.is_file():  # it can be newer than the checkpoint
            self.best = min(self.best, _score(checkpoint.load_checkpoint(best_file, self._signature)[1]))

    def _report(self, stage: TrainingStage, progress: Notify) -> None:
        """Tell the mean of what was learned from since the last time."""
        names = self._recent[-1]
        told = {name: [report[name] for report in self._recent if name in report] for name in names}
        self._recent.clear()
        losses = self.processes.mean({name: math.fsum(values) / len(values) for name, values in told.items()})
        self.log.add("learning", self.step, losses)
        progress(self._share, f"{stage.name}, step {self.step:,}: {_losses(losses)}")

    def _validate(self, progress: Notify) -> None:
        if not self.processes.is_first or self._checked == self.step:
            return
        self._checked = self.step
        losses = self.learner.validate(self.validation_examples)
        self.log.add("validation", self.step, losses)
        progress(self._share, f"step {self.step:,}: validation {_losses(losses)}")
        score = sum(losses.values())
        if score < self.best or not best_weights_file(self.folder).is_file():
            self.best = score if math.isfinite(score) else math.inf
            average = {name: t for name, t in self.learner.state().items() if name.startswith(f"{AVERAGE}.")}
            checkpoint.save_checkpoint(best_weights_file(self.folder), average, self._stand())

    def _save(self) -> None:
        if self.processes.is_first:
            checkpoint.save_checkpoint(checkpoint_file(self.folder), self.learner.state(), self._stand())

    def _stand(self) -> checkpoint.CheckpointState:
        return checkpoint.CheckpointState(
            step=self.step,
            prepared_s=self.prepared_s,
            elapsed_s=self.spent_s - self.prepared_s,
            best_validation=self.best if math.isfinite(self.best) else None,
            signature=self._signature,
        )

    @property
    def _share(self) -> float:
        """`done` by this process's own clock."""
        if self.limit_steps is not None:
            return min(1.0, self.step / self.limit_steps)
        learning_s = max(1.0, self.limit_s - self.prepared_s)
        return min(1.0, (self.spent_s - self.prepared_s) / learning_s)

    @property
    def _signature(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"


def checkpoint_file(folder: Path) -> Path:
    """All that a resumed training needs."""
    return folder / "checkpoint.safetensors"


def best_weights_file(folder: Path) -> Path:
    """The averaged weights that did best so far."""
    return folder / "best.safetensors"


def find_stage(stages: Sequence[TrainingStage], done: float) -> TrainingStage:
    """The stage that the share `done` (0..1) of the course falls into."""
    total = sum(stage.share for stage in stages)
    reached = 0.0
    for stage in stages:
        reached += stage.share / total
        if done < reached:
            return stage
    return stages[-1]


def _score(stand: checkpoint.CheckpointState) -> float:
    return math.inf if stand.best_validation is None else stand.best_validation


def learning_rate_at(done: float) -> float:
    """A short warm-up, then half a cosine down to a fiftieth."""
    if done < WARM_UP:
        return max(0.05, done / WARM_UP)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _losses(report: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in report.items())
