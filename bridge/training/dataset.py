"""What a training learns from: the recordings of each side, and the examples drawn from them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bridge.audio.files import probe
from bridge.errors import AudioError
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.background_examples import BackgroundExamples, MustStop, Take
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.data.recordings import Recording, find_files
from bridge.training.data.shards import read_shards, write_shards
from bridge.training.objectives import Shard, example_count
from bridge.training.recipe import Recipe
from bridge.training.tasks.task import SAMPLE_RATE_HZ, VALIDATION_SEED, SearchingTask, Task, TaskData
from bridge.training.trainer.distributed import ProcessGroup
from bridge.training.trainer.trainer import Trainer

# So many seeds have synthesised recordings of their own; those to validate by come after the last of theirs.
SYNTHESISED_SEEDS = VALIDATION_SEED // 1000


@dataclass(frozen=True)
class DatasetSettings:
    """What material is made of; the same order gives the same material."""

    task: Task
    recipe: Recipe
    chain: Chain
    data: tuple[Path, ...]
    seed: int
    shards: int

    @cached_property
    def signature(self) -> str:
        """16 hexadecimal digits that change with what makes the examples: task, chain, files, seed and that part of
        the recipe. More shards are more of the same."""
        files = [(file.name, file.path.stat().st_size) for file in find_files(self.data)]
        told = repr((self.task.name, self.chain.key, files, self.seed, self.recipe.examples_signature))
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def studio(self, host: PluginHost, recordings: list[Recording], *, augment: bool) -> ExampleRenderer:
        return ExampleRenderer(self.chain, host, recordings, SAMPLE_RATE_HZ, self.recipe.examples.clip_s, augment)


@dataclass(frozen=True)
class Dataset:
    """The recordings by side, and the examples.

    Attributes:
        failed_at_first: how many renders failed until learning began.
        growth: makes further examples beside learning, into `examples`; None: these are all.
    """

    gathered: TaskData
    examples: Shard
    validation_examples: Shard
    failed_at_first: int
    growth: BackgroundExamples | None = None

    @contextmanager
    def growing(self, course: Trainer) -> Iterator[None]:
        """While `course` runs in here, what is made beside it is learned from as well."""
        if self.growth is None:
            yield
            return
        course.take_in = self.growth.take_in
        with self.growth.running():
            yield

    @property
    def failed_renders(self) -> int:
        """So many, of all that was rendered for examples until now."""
        return self.failed_at_first + (self.growth.failed_renders if self.growth else 0)

    @property
    def count(self) -> int:
        return example_count(self.examples)


def build_dataset(order: DatasetSettings) -> TaskData:
    """The recordings that `order` asks for. AudioError when there is nothing to learn from."""
    takes = order.recipe.examples.synthesised_takes
    gathered = order.task.gather(order.data, seed=order.seed % SYNTHESISED_SEEDS, takes=takes)
    if not gathered.train or not gathered.validation:
        raise AudioError(
            f"{len(gathered.train)} recordings to learn from and {len(gathered.validation)} to check by are too few. "
            "Give folders with at least three files that sound, or let recordings be synthesised."
        )
    for file in find_files(order.data):
        if file.name in gathered.test:  # read at the very end only: what is wrong with them is better told now
            probe(file.path)
    return gathered


@dataclass(frozen=True)
class DatasetBuilder:
    """The making of examples, each process its part. They are kept in `folder`; those already there are not made
    again. When `must_stop` says so, what has been made must do; until `has_grown` says so, further ones are made beside
    learning (by one process alone: several would have to agree on what there is at each update)."""

    order: DatasetSettings
    gathered: TaskData
    host: PluginHost
    folder: Path
    processes: ProcessGroup
    progress: Callable[[float, str], None]
    must_stop: Callable[[], bool]
    is_cancelled: Callable[[], bool]
    has_grown: Callable[[], bool] = lambda: True

    def run(self) -> Dataset | None:
        """None when cancelled."""
        if (task := self._settled()) is None:
            return None
        pools = {"validation": self._checked_by(task), "train": self._learned_from(task)}
        self.processes.wait()
        if self.processes.agreed(float(self.is_cancelled())):
            return None
        made = {side: read_shards(self.folder / side, count) for side, count in pools.items()}
        for side, pool in made.items():
            if not example_count(pool.examples):
                raise AudioError(
                    f"None of the examples ({side}) can be learned from: each changes its recording beyond reason. "
                    "Narrow the ranges of the chain, or give more shard_examples in the recipe."
                )
        failed_renders = sum(pool.failed_renders for pool in made.values())
        examples = made["train"].examples
        growth = self._growth(task, examples, pools["train"])
        return Dataset(self.gathered, examples, made["validation"].examples, failed_renders, growth)

    def _growth(self, task: Task, examples: Shard, count: int) -> BackgroundExamples | None:
        if self.processes.count > 1 or self.has_grown():
            return None
        make, folder = self._train_maker(task), self.folder / "train"

        def counted(number: int) -> tuple[Shard, int]:
            shard, failed = make(number)
            growth.failed_renders += failed
            return shard, failed

        def more(take: Take, must_stop: MustStop) -> None:
            write_shards(
                counted,
                folder,
                range(count),
                notify=lambda _: None,
                must_stop=lambda: must_stop() or self.has_grown(),
                take=take,
            )

        growth = BackgroundExamples(examples, more)
        return growth

    def _settled(self) -> Task | None:
        """The task, ready to make examples: the first process finds out what there is to, the others read it."""
        if not isinstance(task := self.order.task, SearchingTask):
            return task
        studio = self.order.studio(self.host, list(self.gathered.train), augment=False)

        def settle() -> Task | None:
            return task.settled(
                studio,
                self.order.recipe,
                self.folder,
                notify=lambda text: self.progress(0.0, text),
                must_stop=self.must_stop,
                is_cancelled=self.is_cancelled,
            )

        settled = settle() if self.processes.is_first else None
        if self.processes.agreed(float(settled is None)):
            return None
        return settled or settle()

    def _checked_by(self, task: Task) -> int:
        """Make the examples to choose the best weights by. How many shards there are of them."""
        count = min(self.order.recipe.examples.validation_shards, math.ceil(self.order.shards / 4))
        studio = self.order.studio(self.host, list(self.gathered.validation), augment=False)
        make = _maker(task, self.order.recipe, studio, self.order.seed + 1)
        self._fill("validation", make, count, lambda _: self.progress(0.0, "made examples to check by"))
        return count

    def _learned_from(self, task: Task) -> int:
        """Make the examples to learn from. How many shards there are of them, at most."""
        count, each = self.order.shards, self.order.recipe.examples.shard_examples

        def notify(done: int) -> None:
            made = min(count, done * self.processes.count) * each
            self.progress(made / (count * each), f"made {made:,} of {count * each:,} examples")

        self._fill("train", self._train_maker(task), count, notify)
        return count

    def _train_maker(self, task: Task) -> Callable[[int], tuple[Shard, int]]:
        studio = self.order.studio(self.host, list(self.gathered.train), augment=True)
        return _maker(task, self.order.recipe, studio, self.order.seed)

    def _fill(
        self, side: str, make: Callable[[int], tuple[Shard, int]], count: int, notify: Callable[[int], None]
    ) -> None:
        numbers = range(self.processes.rank, count, self.processes.count)
        write_shards(
            make,
            self.folder / side,
            numbers,
            notify=notify,
            must_stop=self.must_stop,
            is_cancelled=self.is_cancelled,
        )


def _maker(task: Task, recipe: Recipe, studio: ExampleRenderer, seed: int) -> Callable[[int], tuple[Shard, int]]:
    def make(number: int) -> tuple[Shard, int]:
        failed_before = studio.failures.renders
        shard = task.make_shard(studio, recipe, np.random.default_rng([seed, number]))
        return shard, studio.failures.renders - failed_before

    return make
