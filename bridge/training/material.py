"""What a training learns from: the recordings of each side, and the examples rendered from them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import AudioError
from bridge.model.manifest import FeatureSettings
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training.learning.pool import SHARD_EXAMPLES, PoolMaker, Shard, fill_pool
from bridge.training.sources.files import FoundFile, Recording, find_files, read, split, synthesised

SAMPLE_RATE_HZ = 44100
VALIDATION_SHARDS = 6
VALIDATION_TAKES = 2
_VALIDATION_SEED = 500_000


@dataclass(frozen=True)
class Material:
    """Names of the recordings by side (`test` is not touched), and the examples."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    examples: Shard
    validation_examples: Shard

    @property
    def count(self) -> int:
        return len(self.examples["hidden"])


@dataclass(frozen=True)
class Recipe:
    """What material is made of; the same recipe gives the same material."""

    chain: Chain
    data: tuple[Path, ...]
    seed: int
    shards: int
    synthesised_takes: int
    features: FeatureSettings

    @property
    def signature(self) -> str:
        """16 hexadecimal digits that change with the chain, the files or the seed. More shards are more of the same."""
        files = [(file.name, file.path.stat().st_size) for file in find_files(self.data)]
        told = repr((self.chain.key, files, self.seed, self.synthesised_takes, self.features))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def prepare(
    recipe: Recipe,
    host: PluginHost,
    folder: Path,
    *,
    progress: Callable[[float, str], None],
    must_stop: Callable[[], bool],
) -> Material:
    """Read, synthesise and render. Examples are kept in `folder`; those already there are not made again.

    When `must_stop` says so, what has been made must do. AudioError when there is nothing to learn from.
    """
    progress(0.0, "reading recordings")
    sides = split(find_files(recipe.data))
    train_side = read(sides["train"]) + _synthesised(recipe.seed * 1000, recipe.synthesised_takes)
    validation = read(sides["validation"]) + _synthesised(
        _VALIDATION_SEED, min(VALIDATION_TAKES, recipe.synthesised_takes)
    )
    if not train_side or not validation:
        raise AudioError(
            f"{len(train_side)} recordings to learn from and {len(validation)} to check by are too few. "
            "Give folders with at least three files that sound, or let recordings be synthesised."
        )

    def maker(recordings: list[Recording], seed: int, *, augment: bool) -> PoolMaker:
        return PoolMaker(recipe.chain, host, recipe.features, recordings, SAMPLE_RATE_HZ, seed, augment)

    def notify(done: int) -> None:
        text = f"made {done * SHARD_EXAMPLES:,} of {recipe.shards * SHARD_EXAMPLES:,} examples"
        progress(done / recipe.shards, text)

    checked = fill_pool(
        maker(validation, recipe.seed + 1, augment=False),
        folder / "validation",
        min(VALIDATION_SHARDS, math.ceil(recipe.shards / 4)),
        notify=lambda _: None,
        must_stop=must_stop,
    )
    examples = fill_pool(
        maker(train_side, recipe.seed, augment=True),
        folder / "train",
        recipe.shards,
        notify=notify,
        must_stop=must_stop,
    )
    return Material(_names(train_side), _names(validation), _names(sides["test"]), examples, checked)


def _synthesised(seed: int, takes: int) -> list[Recording]:
    return synthesised(seed, takes=takes, sample_rate_hz=SAMPLE_RATE_HZ) if takes else []


def _names(recordings: list[Recording] | list[FoundFile]) -> tuple[str, ...]:
    return tuple(recording.name for recording in recordings)
