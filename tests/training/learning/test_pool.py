"""A pool: made once, read again, never empty, and no half-written shard in it."""

from pathlib import Path

import numpy as np

from bridge.training.learning.lessons import Shard
from bridge.training.learning.pool import fill_pool


def make(number: int) -> Shard:
    return {"match.heard": np.full((4, 2), number, np.float16), "match.position": np.full((4, 3), number, np.float32)}


def test_a_pool_is_filled_once_and_read_again(tmp_path: Path) -> None:
    made: list[int] = []

    def counted(number: int) -> Shard:
        made.append(number)
        return make(number)

    told: list[int] = []
    first = fill_pool(counted, tmp_path, 3, notify=told.append, must_stop=lambda: False)
    again = fill_pool(counted, tmp_path, 5, notify=told.append, must_stop=lambda: False)
    assert made == [0, 1, 2, 3, 4]
    assert told == [1, 2, 3, 1, 2, 3, 4, 5]
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name][:12])


def test_a_pool_that_must_stop_holds_at_least_one_shard(tmp_path: Path) -> None:
    examples = fill_pool(make, tmp_path, 50, notify=lambda _: None, must_stop=lambda: True)
    assert len(examples["match.heard"]) == 4
    assert not list(tmp_path.glob("*.part"))
