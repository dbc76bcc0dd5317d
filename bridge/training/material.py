"""What a training learns from: the recordings of each side, and the examples drawn from them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.errors import AudioError
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training.learning.lessons import Shard, count_of
from bridge.training.learning.pool import fill_pool
from bridge.training.recipe import Recipe
from bridge.training.sources.files import Recording, find_files
from bridge.training.sources.studio import Studio
from bridge.training.tasks.task import SAMPLE_RATE_HZ, Gathered, Task


@dataclass(frozen=True)
class Order:
    """What material is made of; the same order gives the same material."""

    task: Task
    recipe: Recipe
    chain: Chain
    data: tuple[Path, ...]
    seed: int
    shards: int

    @property
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
    """The recordings by side, and the examples."""

    gathered: Gathered
    examples: Shard
    validation_examples: Shard

    @property
    def count(self) -> int:
        return count_of(self.examples)


def gather(order: Order) -> Gathered:
    """The recordings that `order` asks for. AudioError when there is nothing to learn from."""
    gathered = order.task.gather(order.data, seed=order.seed, takes=order.recipe.examples.synthesised_takes)
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
    *,
    progress: Callable[[float, str], None],
    must_stop: Callable[[], bool],
) -> Material:
    """Render the examples. They are kept in `folder`; those already there are not made again.

    When `must_stop` says so, what has been made must do.
    """

    def maker(studio: Studio, seed: int) -> Callable[[int], Shard]:
        def make(number: int) -> Shard:
            return order.task.make_shard(studio, order.recipe, np.random.default_rng([seed, number]))

        return make

    def notify(done: int) -> None:
        each = order.recipe.examples.shard_examples
        progress(done / order.shards, f"made {done * each:,} of {order.shards * each:,} examples")

    checked = fill_pool(
        maker(order.studio(host, list(gathered.validation), augment=False), order.seed + 1),
        folder / "validation",
        min(order.recipe.examples.validation_shards, math.ceil(order.shards / 4)),
        notify=lambda _: None,
        must_stop=must_stop,
    )
    examples = fill_pool(
        maker(order.studio(host, list(gathered.train), augment=True), order.seed),
        folder / "train",
        order.shards,
        notify=notify,
        must_stop=must_stop,
    )
    return Material(gathered, examples, checked)
