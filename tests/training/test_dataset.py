"""A dataset: made once, read again, never empty, with no half-written shard in it; it grows beside learning."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from small_training import small_options

from bridge.errors import AudioError, PluginError
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost
from bridge.training.data.example_renderer import ExampleRenderer
from bridge.training.dataset import WORTH_JOINING, Dataset, ShardStore
from bridge.training.prediction_modes import Shard
from bridge.training.tasks.registry import find_task
from bridge.training.train import load_recordings

LIMIT_S = 20.0
NewDataset = Callable[..., Dataset]


@pytest.fixture
def new_dataset(chain: Chain, host: PluginHost, tmp_path: Path) -> NewDataset:
    """A dataset of shards of four examples that hold the drawn number; `made` lists them."""

    def new(shards: int, *, folder: str = "train", count: int = 4, hook: Callable[[], None] = lambda: None) -> Dataset:
        def make_shard(renderer: ExampleRenderer, generator: np.random.Generator) -> Shard:
            hook()
            renderer.failures.add(1, PluginError("NaN came back"))
            drawn = np.full(count, generator.random(), np.float32)
            return {"match.input": np.stack([drawn, drawn], 1).astype(np.float16), "match.position": drawn[:, None]}

        renderer = ExampleRenderer(chain, host, [], 44100, 1.0)
        return Dataset(make_shard, renderer, ShardStore(tmp_path / folder), seed=5, shards=shards)

    return new


def drawn(number: int) -> float:
    return float(np.float32(np.random.default_rng([5, number]).random()))


def make(dataset: Dataset, numbers: range | None = None, *, stops: bool = False) -> list[int]:
    """Make shards; which were not there before."""
    before = {number for number in range(100) if dataset.store.has_whole(number)}
    dataset.make(range(dataset.shards) if numbers is None else numbers, must_stop=lambda: stops)
    return sorted({number for number in range(100) if dataset.store.has_whole(number)} - before)


def wait_for(dataset: Dataset, number: int) -> None:
    """Until a shard is there that is made meanwhile."""
    waited, begun_s = threading.Event(), time.monotonic()
    while not dataset.store.has_whole(number):
        assert time.monotonic() - begun_s < LIMIT_S, f"shard {number} is not there"
        waited.wait(0.01)


def test_shards_are_made_once_and_read_again(new_dataset: NewDataset) -> None:
    first = new_dataset(3)
    assert make(first) == [0, 1, 2]
    first.load()
    again = new_dataset(5)
    assert make(again) == [3, 4]
    again.load()
    for name, array in first.examples.items():
        np.testing.assert_array_equal(array, again.examples[name][:12])
    np.testing.assert_array_equal(again.examples["match.position"][::4, 0], [drawn(n) for n in range(5)])
    assert (first.failed_renders, again.failed_renders) == (3, 5)
    assert first.renderer.failures.renders == 0, "a shard's failures are its own"


def test_how_many_there_are_is_notified(new_dataset: NewDataset) -> None:
    counts: list[int] = []
    for shards in (2, 4):
        new_dataset(shards).make(range(shards), must_stop=lambda: False, notify=counts.append)
    assert counts == [1, 2, 1, 2, 3, 4]


def test_several_processes_make_one_dataset(new_dataset: NewDataset) -> None:
    both, one = new_dataset(5, folder="both"), new_dataset(5, folder="one")
    assert make(both, range(0, 5, 2)) + make(both, range(1, 5, 2)) == [0, 2, 4, 1, 3]
    make(one)
    for dataset in (both, one):
        dataset.load()
    for name, array in one.examples.items():
        np.testing.assert_array_equal(array, both.examples[name])


def test_a_dataset_that_must_stop_holds_at_least_one_shard(new_dataset: NewDataset) -> None:
    dataset = new_dataset(50)
    assert make(dataset, stops=True) == [0]
    dataset.load()
    assert dataset.count == 4 and not list(dataset.store.folder.glob("*.part"))


def test_a_shard_cut_short_is_made_again_even_when_it_must_stop(new_dataset: NewDataset) -> None:
    make(dataset := new_dataset(3))
    damaged = dataset.store.folder / "00001.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-7])
    again = new_dataset(5)
    assert make(again, stops=True) == [1]
    again.load()
    np.testing.assert_array_equal(again.examples["match.position"][::4, 0], [drawn(n) for n in range(3)])


def test_once_cancelled_nothing_is_made(new_dataset: NewDataset) -> None:
    counts: list[int] = []
    dataset = new_dataset(3)
    dataset.make(range(3), must_stop=lambda: False, notify=counts.append, is_cancelled=lambda: bool(counts))
    assert counts == [1] and len(list(dataset.store.folder.iterdir())) == 1
    dataset.make(range(3), must_stop=lambda: False, notify=counts.append, is_cancelled=lambda: True)
    assert counts == [1] and len(list(dataset.store.folder.iterdir())) == 1


def test_examples_of_which_none_is_left_are_named(new_dataset: NewDataset) -> None:
    make(dataset := new_dataset(2, count=0))
    with pytest.raises(AudioError, match="shard_examples"):
        dataset.load()


def test_what_is_made_meanwhile_is_joined_row_by_row(new_dataset: NewDataset) -> None:
    make(dataset := new_dataset(6), range(1))
    dataset.load()
    with dataset.rendering_more(lambda: dataset.store.has_whole(3)):
        wait_for(dataset, 3)
        dataset.join()
        assert dataset.count >= 12
    assert dataset.count == 16, "no shard is begun when the time is up"
    position = dataset.examples["match.position"]
    np.testing.assert_array_equal(position[::4, 0], [drawn(n) for n in range(4)])
    np.testing.assert_array_equal(dataset.examples["match.input"], np.tile(position.astype(np.float16), 2))
    assert dataset.failed_renders == 4


def test_little_waits_until_there_is_more_or_the_end(new_dataset: NewDataset) -> None:
    make(dataset := new_dataset(7), range(6))
    dataset.load()
    with dataset.rendering_more(lambda: False):
        wait_for(dataset, 6)
        dataset.join(least_share=WORTH_JOINING)
        assert dataset.count == 24
    assert dataset.count == 28


def test_the_making_ends_with_the_learning_and_the_threads_come_back(new_dataset: NewDataset) -> None:
    threads, begun = torch.get_num_threads(), threading.Event()
    make(dataset := new_dataset(90), range(1))
    dataset.load()
    more = new_dataset(90, hook=begun.set)
    with more.rendering_more(lambda: False):
        assert begun.wait(LIMIT_S)
        assert torch.get_num_threads() == max(1, threads // 2)
    assert torch.get_num_threads() == threads
    assert more.count < 4 * 90


def test_a_plugin_that_fails_for_good_is_raised_where_it_is_learned(new_dataset: NewDataset) -> None:
    def fail() -> None:
        raise PluginError("All 64 examples failed to render.")

    with pytest.raises(PluginError, match="All 64"), new_dataset(3, hook=fail).rendering_more(lambda: False):
        pass


def test_no_synthesised_recording_is_on_two_sides(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name and by sound, at the seed whose own recordings would begin where those to validate by do."""
    monkeypatch.setenv("PATH", "")  # no espeak-ng and no FluidSynth: what Bridge itself synthesises will do
    options = small_options(folder, tmp_path)
    examples = msgspec.structs.replace(options.recipe.examples, synthesised_takes=1)
    recipe = msgspec.structs.replace(options.recipe, examples=examples)
    recordings = load_recordings(find_task(options.task), replace(options, recipe=recipe, seed=500))
    train, validation = (
        {one.name: one.audio for one in side if one.name.startswith("synthesised/")}
        for side in (recordings.train, recordings.validation)
    )
    assert train and validation
    assert train.keys().isdisjoint(validation)
    for audio in train.values():
        assert not any(np.array_equal(audio, other) for other in validation.values())
