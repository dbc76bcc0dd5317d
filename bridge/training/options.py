"""The options of a training, and the folders that follow from them."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bridge.plugins.chain.chain import Chain
from bridge.training.data.recordings import find_files
from bridge.training.recipe import Recipe, load_recipe

DEFAULT_MINUTES = 30.0
SHARD_SCHEMA = 2  # of what the arrays of an example are called


@dataclass(frozen=True)
class TrainOptions:
    """The options of `bridge train`.

    Attributes:
        minutes: for the whole command, in which something must be learned; `steps` replaces them by a number of
            updates, which is repeatable, whatever comes of them.
        shards: of examples; None: as many as the minutes allow.
        keeps_work: leave examples and checkpoints where they are when the model is done.
        evaluated_cases: of each recording held back for the test, at most; 0 leaves the model without scores.
        tensorboard: folder of the curves.
        begin: of the command whose minutes these are, on the monotonic clock; None: when `train` is called.
    """

    chain: Chain
    data: tuple[Path, ...]
    output: Path
    task: str = "channel-strip"
    recipe: Recipe = field(default_factory=lambda: load_recipe("channel-strip"))
    minutes: float = DEFAULT_MINUTES
    steps: int | None = None
    shards: int | None = None
    resume: bool = False
    device: str = "cpu"
    seed: int = 0
    workers: int = 2
    command: str = ""
    is_preliminary: bool = False
    keeps_work: bool = False
    evaluated_cases: int = 4
    tensorboard: Path | None = None
    begin: float | None = None

    @property
    def name(self) -> str:
        """What the model is called: as its folder, "" where that has no name."""
        return self.output.resolve().name

    @property
    def work(self) -> Path:
        """Where examples and checkpoints lie until the model is done."""
        return self.output / ".training"

    @cached_property
    def examples(self) -> Path:
        """The folder of this training's examples, and of all that differ from it only in how they learn.

        Its name changes with what makes the examples: task, chain, files, seed and that part of the recipe.
        """
        files = [(file.name, file.path.stat().st_size) for file in find_files(self.data)]
        parts = (SHARD_SCHEMA, self.task, self.chain.key, files, self.seed, self.recipe.examples_signature)
        return self.work / hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    @property
    def checkpoints(self) -> Path:
        return self.examples / self.recipe.learning_signature

    @property
    def shard_count(self) -> int:
        """Of examples to learn from, at most."""
        examples = self.recipe.examples
        return self.shards or min(examples.most_shards, max(2, math.ceil(self.minutes * examples.shards_per_minute)))
