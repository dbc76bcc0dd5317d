"""A pool: made once, read again, never empty, and no half-written shard in it."""

from pathlib import Path

import numpy as np

from bridge.training.data.shards import read_shards, write_shards
from bridge.training.objectives import Shard


def make(number: int) -> tuple[Shard, int]:
    heard, position = np.full((4, 2), number, np.float16), np.full((4, 3), number, np.float32)
    return {"match.heard": heard, "match.position": position}, number


def fill(folder: Path, numbers: range, *, stops: bool = False) -> list[int]:
    """Which shards were made."""
    made: list[int] = []

    def counted(number: int) -> tuple[Shard, int]:
        made.append(number)
        return make(number)

    write_shards(counted, folder, numbers, notify=lambda _: None, must_stop=lambda: stops)
    return made


def test_a_pool_is_filled_once_and_read_again(tmp_path: Path) -> None:
    assert fill(tmp_path, range(3)) == [0, 1, 2]
    first = read_shards(tmp_path, 3)
    assert fill(tmp_path, range(5)) == [3, 4]
    again = read_shards(tmp_path, 5)
    for name, array in first.examples.items():
        np.testing.assert_array_equal(array, again.examples[name][:12])
    assert (first.failed_renders, again.failed_renders) == (3, 10)


def test_it_is_told_how_many_there_are(tmp_path: Path) -> None:
    told: list[int] = []
    for count in (2, 4):
        write_shards(make, tmp_path, range(count), notify=told.append, must_stop=lambda: False)
    assert told == [1, 2, 1, 2, 3, 4]


def test_several_processes_fill_one_pool(tmp_path: Path) -> None:
    assert fill(tmp_path / "both", range(0, 5, 2)) + fill(tmp_path / "both", range(1, 5, 2)) == [0, 2, 4, 1, 3]
    fill(tmp_path / "one", range(5))
    both, one = (read_shards(tmp_path / name, 5).examples for name in ("both", "one"))
    for name, array in one.items():
        np.testing.assert_array_equal(array, both[name])


def test_a_pool_that_must_stop_holds_at_least_one_shard(tmp_path: Path) -> None:
    assert fill(tmp_path, range(50), stops=True) == [0]
    assert len(read_shards(tmp_path, 50).examples["match.heard"]) == 4
    assert not list(tmp_path.glob("*.part"))


def test_a_shard_cut_short_is_made_again_even_when_it_must_stop(tmp_path: Path) -> None:
    fill(tmp_path, range(3))
    damaged = tmp_path / "00001.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-7])
    assert fill(tmp_path, range(5), stops=True) == [1]
    np.testing.assert_array_equal(read_shards(tmp_path, 5).examples["match.position"][::4, 0], [0, 1, 2])


def test_once_cancelled_nothing_is_made(tmp_path: Path) -> None:
    told: list[int] = []
    write_shards(make, tmp_path, range(3), notify=told.append, must_stop=lambda: False, is_cancelled=lambda: bool(told))
    assert told == [1] and len(list(tmp_path.iterdir())) == 1
    write_shards(
        make, tmp_path / "none", range(3), notify=told.append, must_stop=lambda: False, is_cancelled=lambda: True
    )
    assert told == [1] and not list((tmp_path / "none").iterdir())
