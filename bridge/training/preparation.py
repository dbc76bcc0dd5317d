"""The examples that are there before learning begins: some to learn from, some to validate by.

A shard of a slow chain has fewer examples: none is so large that it could not be made in its share of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import msgspec
import numpy as np

from bridge.atomic_files import write_file
from bridge.errors import PluginError
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer, RenderFailures
from bridge.training.dataset import Dataset, ShardStore
from bridge.training.options import TrainOptions
from bridge.training.recipe import ExampleSettings
from bridge.training.tasks.task import SAMPLE_RATE_HZ, Task, TaskRecordings
from bridge.training.time_budget import Notify, TimeBudget
from bridge.training.trainer.distributed import ProcessGroup


@dataclass(frozen=True)
class Preparation:
    """The making of the first examples, each process its part. A training that resumes takes those there are."""

    options: TrainOptions
    host: PluginHost
    processes: ProcessGroup
    budget: TimeBudget
    progress: Notify
    is_cancelled: Callable[[], bool]
    resumes: bool

    def run(self, task: Task, recordings: TaskRecordings) -> tuple[Dataset, Dataset] | None:
        """Return what is learned from and what is validated by; None when cancelled."""
        options, notify = self.options, self.budget.preparing(self.progress)
        self.budget.begin_preparing()
        renderer = ExampleRenderer(
            options.chain, self.host, recordings.train, SAMPLE_RATE_HZ, options.recipe.examples.clip_s
        )
        prepared = self._prepare_task(task, replace(renderer, augment=False), notify)
        if prepared is None:
            return None
        examples = self._sized(prepared, renderer)
        make_shard = partial(prepared.make_shard, recipe=msgspec.structs.replace(options.recipe, examples=examples))
        each, growth = examples.shard_examples, options.recipe.examples.shard_examples / examples.shard_examples
        count = math.ceil(options.shard_count * growth)
        validation_count = math.ceil(min(examples.validation_shards, math.ceil(options.shard_count / 4)) * growth)
        dataset = Dataset(make_shard, renderer, ShardStore(options.examples / "train"), options.seed, count)
        validation = Dataset(
            make_shard,
            replace(renderer, recordings=recordings.validation, augment=False),
            ShardStore(options.examples / "validation"),
            options.seed + 1,
            validation_count,
        )

        def notify_made(done: int) -> None:
            made = min(count, done * self.processes.count) * each
            notify(made / (count * each), f"made {made:,} of {count * each:,} examples")

        is_over = self.budget.half_of_preparing()
        self._make(
            validation,
            lambda _: notify(0.0, "made examples to validate by"),
            lambda: self._must_stop() or is_over(),
        )
        self._make(dataset, notify_made, self._must_stop)
        self.processes.wait()
        if self.processes.agreed(float(self.is_cancelled())):
            return None
        validation.load()
        dataset.load()
        return dataset, validation

    def _prepare_task(self, task: Task, renderer: ExampleRenderer, notify: Notify) -> Task | None:
        """The task, ready to make examples: the first process finds out what there is to, the others read it."""
        is_over = self.budget.half_of_preparing()
        prepare = partial(
            task.prepare,
            renderer,
            self.options.recipe,
            self.options.examples,
            notify=lambda text: notify(0.0, text),
            must_stop=lambda: self.resumes or is_over(),
            is_cancelled=self.is_cancelled,
        )
        prepared = prepare() if self.processes.is_first else None
        if self.processes.agreed(float(prepared is None)):
            return None
        return prepared or prepare()

    def _sized(self, task: Task, renderer: ExampleRenderer) -> ExampleSettings:
        """The recipe's settings with so many examples to a shard as its time allows: timed, and kept for a resume."""
        examples = self.options.recipe.examples
        file, size = self.options.examples / "shard_examples", examples.shard_examples

        def make(count: int) -> None:
            few = msgspec.structs.replace(examples, shard_examples=count)
            recipe = msgspec.structs.replace(self.options.recipe, examples=few)
            with suppress(PluginError):  # whether any can be made shows when they are needed
                task.make_shard(replace(renderer, failures=RenderFailures()), np.random.default_rng(0), recipe)

        if self.processes.is_first and self.budget.shard_s < math.inf:
            if not (self.resumes and file.is_file()):
                self.options.examples.mkdir(parents=True, exist_ok=True)
                write_file(file, str(self.budget.shard_examples(make, size)).encode())
            size = int(file.read_bytes())
        return msgspec.structs.replace(examples, shard_examples=round(self.processes.agreed(float(size))))

    def _make(self, dataset: Dataset, notify: Callable[[int], None], must_stop: Callable[[], bool]) -> None:
        numbers = range(self.processes.rank, dataset.shards, self.processes.count)
        dataset.make(numbers, must_stop=must_stop, is_cancelled=self.is_cancelled, notify=notify)

    def _must_stop(self) -> bool:
        return self.resumes or self.is_cancelled() or self.budget.is_preparing_over
