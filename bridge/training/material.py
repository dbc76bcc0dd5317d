"""What a training learns from: the recordings of each side, and the examples drawn from them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bridge.errors import AudioError
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training.learning.lessons import Shard, count_of
from bridge.training.learning.pool import fill_pool, read_pool
from bridge.training.learning.processes import Processes
from bridge.training.recipe import Recipe
from bridge.training.sources.files import Recording, find_files
from bridge.training.sources.studio import Studio
from bridge.training.tasks.task import SAMPLE_RATE_HZ, VALIDATION_SEED, Gathered, Searching, Task

# So many seeds have synthesised recordings of their own; those to validate by come after the last of theirs.
SYNTHESISED_SEEDS = VALIDATION_SEED // 1000


@dataclass(frozen=True)
class Order:
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

    def studio(self, host: PluginHost, recordings: list[Recording], *, augment: bool) -> Studio:
        return Studio(self.chain, host, recordings, SAMPLE_RATE_HZ, self.recipe.examples.clip_s, augment)


@dataclass(frozen=True)
class Material:
    """The recordings by side, the examples, and how many renders failed while they were made."""

    gathered: Gathered
    examples: Shard
    validation_examples: Shard
    failed_renders: int

    @property
    def count(self) -> int:
        return count_of(self.examples)


def gather(order: Order) -> Gathered:
    """The recordings that `order` asks for. AudioError when there is nothing to learn from."""
    takes = order.recipe.examples.synthesised_takes
    gathered = order.task.gather(order.data, seed=order.seed % SYNTHESISED_SEEDS, takes=takes)
    if not gathered.train or not gathered.validation:
        raise AudioError(
            f"{len(gathered.train)} recordings to learn from and {len(gathered.validation)} to check by are too few. "
            "Give folders with at least three files that sound, or let recordings be synthesised."
        )
    return gathered


def prepare(
    order: Order,
    gathered: Gathered,
    host: PluginHost,
    folder: Path,
    processes: Processes,
    *,
    progress: Callable[[float, str], None],
    must_stop: Callable[[], bool],
) -> Material:
    """Render the examples, each process its part. They are kept in `folder`; those already there are not made again.

    When `must_stop` says so, what has been made must do.
    """
    task = _settled(order, gathered, host, folder, processes, progress=progress, must_stop=must_stop)
    checked = min(order.recipe.examples.validation_shards, math.ceil(order.shards / 4))

    def fill(side: str, recordings: Sequence[Recording], seed: int, count: int, notify: Callable[[int], None]) -> None:
        fill_pool(
            _maker(task, order.recipe, order.studio(host, list(recordings), augment=side == "train"), seed),
            folder / side,
            range(processes.rank, count, processes.count),
            notify=notify,
            must_stop=must_stop,
        )

    def notify(done: int) -> None:
        made = min(order.shards, done * processes.count) * order.recipe.examples.shard_examples
        wanted = order.shards * order.recipe.examples.shard_examples
        progress(made / wanted, f"made {made:,} of {wanted:,} examples")

    fill(
        "validation", gathered.validation, order.seed + 1, checked, lambda _: progress(0.0, "made examples to check by")
    )
    fill("train", gathered.train, order.seed, order.shards, notify)
    processes.wait()
    pools = {
        side: read_pool(folder / side, count) for side, count in (("validation", checked), ("train", order.shards))
    }
    return Material(
        gathered,
        pools["train"].examples,
        pools["validation"].examples,
        sum(pool.failed_renders for pool in pools.values()),
    )


def _settled(
    order: Order,
    gathered: Gathered,
    host: PluginHost,
    folder: Path,
    processes: Processes,
    *,
    progress: Callable[[float, str], None],
    must_stop: Callable[[], bool],
) -> Task:
    """The task, ready to make examples: the first process finds out what there is to, the others read it."""
    if not isinstance(order.task, Searching):
        return order.task
    searching, studio = order.task, order.studio(host, list(gathered.train), augment=False)

    def settle() -> Task:
        return searching.settled(
            studio, order.recipe, folder, notify=lambda text: progress(0.0, text), must_stop=must_stop
        )

    task = settle() if processes.is_first else order.task
    processes.wait()
    return task if processes.is_first else settle()


def _maker(task: Task, recipe: Recipe, studio: Studio, seed: int) -> Callable[[int], tuple[Shard, int]]:
    def make(number: int) -> tuple[Shard, int]:
        failed_before = studio.failures.renders
        shard = task.make_shard(studio, recipe, np.random.default_rng([seed, number]))
        return shard, studio.failures.renders - failed_before

    return make
