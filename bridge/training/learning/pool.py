"""A pool of examples on disk: shards made once, written whole, read back by a resumed training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import safetensors.numpy

from bridge.training.learning.lessons import Shard


def fill_pool(
    make: Callable[[int], Shard],
    folder: Path,
    count: int,
    *,
    notify: Callable[[int], None],
    must_stop: Callable[[], bool],
) -> Shard:
    """`count` shards as one, each made by its number or read from `folder`. Fewer once `must_stop` says so, never none.

    `notify` is told how many there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shards: list[Shard] = []
    for number in range(count):
        file = folder / f"{number:05d}.safetensors"
        if file.is_file():
            shards.append(safetensors.numpy.load_file(file))
        elif must_stop() and shards:
            break
        else:
            shards.append(make(number))
            part = file.with_name(file.name + ".part")
            part.write_bytes(safetensors.numpy.save({k: np.ascontiguousarray(v) for k, v in shards[-1].items()}))
            part.replace(file)
        notify(number + 1)
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}
