"""The training loop: update after update until time is up, with checkpoints and the best weights kept.

It counts the time and writes the files of a training; what one update is stands in `train_step`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from bridge.errors import ModelError
from bridge.training.dataset import WORTH_JOINING, Dataset
from bridge.training.trainer import checkpoint
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.scalar_log import ScalarLog
from bridge.training.trainer.settings import TrainingStage
from bridge.training.trainer.train_step import AVERAGE, TrainStep

Notify = Callable[[float, str], None]

REPORT_EVERY = 10
WARM_UP = 0.03  # share of the training in which rates rise
LEAST_UPDATES, MOST_ADDED_S = 10, 10.0  # so many are made, where those after the first take no longer than this


@dataclass
class Trainer:
    """The learning itself, from the first update to the last, with its checkpoints.

    Attributes:
        folder: of checkpoints; its name and its parent's are the training's signature.
        dataset, validation: what is learned from, which may grow meanwhile, and what the best weights are chosen by.
        limit_s: time for all until the last update, over all resumes; `limit_steps` replaces it by a number of updates.
        prepared_s: how much of it was spent before the first update.
        best: the lowest loss that a check found; infinite before.
        untrained, learned: at the end, the losses of the weights before the first update and of those that ship.
        log: where the losses of updates and checks go, beside the progress.
    """

    folder: Path
    dataset: Dataset
    validation: Dataset
    train_step: TrainStep
    stages: Sequence[TrainingStage]
    seed: int
    validate_every: int
    checkpoint_every_s: float
    limit_s: float
    limit_steps: int | None
    prepared_s: float = 0.0
    processes: ProcessGroup = field(default_factory=ProcessGroup)
    log: ScalarLog = field(default_factory=ScalarLog)
    step: int = 0
    best: float = math.inf
    untrained: float = math.inf
    learned: float = math.inf
    elapsed_s: float = 0.0  # spent learning before a resume
    begin: float = field(default_factory=time.monotonic)
    _reports: list[dict[str, float]] = field(default_factory=list)  # of the updates since the last was shown
    _validated: int = -1  # the update after which was validated last
    _first_update_s: float = 0.0  # what the first update of this run took: it sets things up
    _update_s: float = 0.0  # and the latest

    @property
    def spent_s(self) -> float:
        """Of `limit_s`, over all runs of this training."""
        return self.prepared_s + self.elapsed_s + time.monotonic() - self.begin

    @property
    def has_learned(self) -> bool:
        """Whether the weights that ship do better than those before the first update."""
        return self.learned < self.untrained

    @property
    def done(self) -> float:
        """The share of the training that lies behind, 0..1; by step the same in all processes, by time agreed."""
        return self._share if self.limit_steps is not None else self.processes.agreed(self._share)

    def run(self, progress: Notify, is_cancelled: Callable[[], bool]) -> bool:
        """Learn until the time or the steps are used up: True. False when cancelled, with a fresh checkpoint."""
        saved = time.monotonic()
        while (done := self.done) < 1.0:
            stage = find_stage(self.stages, done)
            rate = learning_rate_at(done) * stage.rate
            self.dataset.join(least_share=WORTH_JOINING)
            begin = time.monotonic()
            report = self.train_step.update(
                self.dataset.examples, seed=self.seed, step=self.step, rate=rate, stage=stage
            )
            self._update_s = time.monotonic() - begin
            self._first_update_s = self._first_update_s or self._update_s
            self._reports.append(report)
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
        self._compare()
        return True

    def load_best(self) -> None:
        """Put the best average of weights into the encoder."""
        self.train_step.encoder.load_state_dict(self._best_weights())

    def resume(self) -> None:
        """Go on from the checkpoint. ModelError when it is damaged or of another training."""
        file, best_file = checkpoint_file(self.folder), best_weights_file(self.folder)
        tensors, state = checkpoint.load_checkpoint(file, self._signature)
        try:
            self.train_step.load_state(tensors)
        except (RuntimeError, KeyError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise ModelError(
                f"The checkpoint {file} does not fit this version ({first}). Train without --resume."
            ) from error
        self.step, self.best = state.step, state.best_score
        self.prepared_s, self.elapsed_s, self.begin = state.prepared_s, state.elapsed_s, time.monotonic()
        if best_file.is_file():  # it can be newer than the checkpoint
            self.best = min(self.best, checkpoint.load_checkpoint(best_file, self._signature)[1].best_score)

    def _report(self, stage: TrainingStage, progress: Notify) -> None:
        """Show the mean of the updates since the last time."""
        mean: dict[str, float] = {}
        for name in self._reports[-1]:
            values = [report[name] for report in self._reports if name in report]
            mean[name] = math.fsum(values) / len(values)
        self._reports.clear()
        losses = self.processes.mean(mean)
        self.log.add("learning", self.step, losses)
        progress(self._share, f"{stage.name}, step {self.step:,}: {_losses(losses)}")

    def _validate(self, progress: Notify) -> None:
        if not self.processes.is_first or self._validated == self.step:
            return
        self._validated = self.step
        losses = self.train_step.validate(self.validation.examples)
        self.log.add("validation", self.step, losses)
        progress(self._share, f"step {self.step:,}: validation {_losses(losses)}")
        score = _sum(losses)
        if score < self.best or not best_weights_file(self.folder).is_file():
            self.best = score
            state = self.train_step.state()
            average = {name: tensor for name, tensor in state.items() if name.startswith(f"{AVERAGE}.")}
            checkpoint.save_checkpoint(best_weights_file(self.folder), average, self._state())

    def _compare(self) -> None:
        """Find out what was learned: both by the surrogate as it is now, which knew nothing at the beginning."""
        if not self.processes.is_first:
            return
        validate, examples = self.train_step.validate, self.validation.examples
        self.untrained = _sum(validate(examples, self.train_step.untrained))
        self.learned = _sum(validate(examples, self._best_weights()))

    def _best_weights(self) -> dict[str, Tensor]:
        tensors, _ = checkpoint.load_checkpoint(best_weights_file(self.folder), self._signature)
        return checkpoint.tensors_with_prefix(tensors, AVERAGE)

    def _save(self) -> None:
        if self.processes.is_first:
            checkpoint.save_checkpoint(checkpoint_file(self.folder), self.train_step.state(), self._state())

    def _state(self) -> checkpoint.CheckpointState:
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
        least_s = self._first_update_s + min((LEAST_UPDATES - 1) * self._update_s, MOST_ADDED_S)
        learning_s = max(1.0, least_s, self.limit_s - self.prepared_s)
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
    """Return the stage that the share `done` (0..1) of the training falls into."""
    total = sum(stage.share for stage in stages)
    reached = 0.0
    for stage in stages:
        reached += stage.share / total
        if done < reached:
            return stage
    return stages[-1]


def learning_rate_at(done: float) -> float:
    """Return the factor of the learning rate, 0..1: a short warm-up, then half a cosine down to a fiftieth."""
    if done < WARM_UP:
        return max(0.05, done / WARM_UP)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _sum(losses: Mapping[str, float]) -> float:
    """The loss of a check; infinite where it says nothing."""
    score = math.fsum(losses.values())
    return score if math.isfinite(score) else math.inf


def _losses(report: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in report.items())
