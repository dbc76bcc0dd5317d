"""Examples: repeatable, in shape, cheap to resume, and true to what the plugins did."""

from pathlib import Path

import numpy as np
import pytest

from bridge.model.manifest import FeatureSettings
from bridge.plugins.chain import Chain
from bridge.plugins.host import PluginHost
from bridge.training.learning import pool
from bridge.training.learning.pool import PoolMaker, fill_pool
from bridge.training.sources.files import find_files, read


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "SHARD_EXAMPLES", 12)
    monkeypatch.setattr(pool, "CLIP_S", 1.5)


@pytest.fixture
def maker(chain: Chain, host: PluginHost, folder: Path) -> PoolMaker:
    return PoolMaker(chain, host, FeatureSettings(), read(find_files([folder])), 44100, seed=3)


def test_a_shard_depends_on_its_seed_and_number_alone(maker: PoolMaker) -> None:
    first, again, other = maker.make(4), maker.make(4), maker.make(5)
    assert first.keys() == again.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    assert not np.array_equal(first["hidden"][:4], other["hidden"][:4])


def test_examples_that_change_nothing_sound_the_same(maker: PoolMaker) -> None:
    shards = [maker.make(number) for number in range(4)]
    hidden = np.concatenate([shard["hidden"] for shard in shards])
    wet = np.concatenate([shard["wet_profile"] for shard in shards])
    dry = np.concatenate([pool.profiles(pool.torch.from_numpy(s["dry"].astype(np.float32))) for s in shards])
    change_db = np.abs(wet[:, 0] - dry[:, 0]).mean(1)
    unchanged = (hidden == maker.chain.neutral).all(1) | (change_db < 0.1)
    assert unchanged.any() and not unchanged.all()
    assert change_db.max() > 2.0


def test_a_pool_is_filled_once_and_read_again(maker: PoolMaker, tmp_path: Path) -> None:
    made: list[int] = []
    first = fill_pool(maker, tmp_path, 3, notify=made.append, must_stop=lambda: False)
    stamps = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    again = fill_pool(maker, tmp_path, 3, notify=made.append, must_stop=lambda: False)
    assert made == [1, 2, 3, 1, 2, 3]
    assert {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == stamps
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])


def test_a_pool_that_must_stop_holds_at_least_one_shard(maker: PoolMaker, tmp_path: Path) -> None:
    examples = fill_pool(maker, tmp_path, 50, notify=lambda _: None, must_stop=lambda: True)
    assert 0 < len(examples["hidden"]) <= 12
    assert not list(tmp_path.glob("*.part"))
