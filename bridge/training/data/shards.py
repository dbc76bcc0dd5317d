"""A pool of examples on disk: shards made once, written whole, read back by a resumed training.

Each shard is made from its number alone, so that several processes can fill one pool between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from bridge.atomic_files import write_file
from bridge.training.objectives import Shard

FAILED = "failed_renders"  # its name in a shard's metadata


@dataclass(frozen=True)
class ShardPool:
    """What a pool holds: its examples, and how many renders failed while they were made."""

    examples: Shard = field(repr=False)
    failed_renders: int


def write_shards(
    make: Callable[[int], tuple[Shard, int]],
    folder: Path,
    numbers: range,
    *,
    notify: Callable[[int], None],
    must_stop: Callable[[], bool],
    is_cancelled: Callable[[], bool] = lambda: False,
    take: Callable[[Shard], None] = lambda _: None,
) -> None:
    """Write those of the shards `numbers` into `folder` that are not there whole. Fewer once `must_stop` says so,
    but always shard 0 where it is asked for, and always those that are damaged; none any more once `is_cancelled`.

    `make` returns a shard and how many renders failed for it; `notify` is told how many of `numbers` there are, and
    `take` is given each shard that was not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for done, number in enumerate(numbers, start=1):
        file = _file(folder, number)
        if is_cancelled():
            return
        if not _is_whole(file):
            if must_stop() and number > 0 and not file.exists():
                continue
            shard, failed = make(number)
            plain = {name: np.ascontiguousarray(array) for name, array in shard.items()}
            write_file(file, safetensors.numpy.save(plain, {FAILED: str(failed)}))
            take(shard)
        notify(done)


def read_shards(folder: Path, count: int) -> ShardPool:
    """Those of the first `count` shards that were made, as one."""
    shards: list[Shard] = []
    failed = 0
    for file in [file for number in range(count) if (file := _file(folder, number)).is_file()]:
        with safetensors.safe_open(file, framework="np") as opened:
            shards.append({name: opened.get_tensor(name) for name in opened.keys()})  # noqa: SIM118 (not a dict)
            failed += int((opened.metadata() or {}).get(FAILED, "0"))
    return ShardPool({name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}, failed)


def _file(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.safetensors"


def _is_whole(file: Path) -> bool:
    """Whether the shard is there as it was written: a power cut can leave the first part of one."""
    if not file.is_file():
        return False
    try:
        with safetensors.safe_open(file, framework="np"):
            return True
    except (safetensors.SafetensorError, OSError):
        return False
