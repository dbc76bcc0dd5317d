"""Examples that become more beside learning: all arrive, in place and whole; faults arrive too."""

import threading

import numpy as np
import pytest
import torch

from bridge.errors import PluginError
from bridge.training.data.background_examples import BackgroundExamples, MustStop, Take
from bridge.training.objectives import Shard

LIMIT_S = 20.0


def shard(number: int, count: int = 4) -> Shard:
    rows = np.arange(number * count, (number + 1) * count, dtype=np.float32)
    return {"match.heard": np.stack([rows, rows], axis=1), "match.position": rows[:, None]}


def test_what_is_made_meanwhile_is_joined_row_by_row() -> None:
    examples, made = shard(0), threading.Event()

    def make(take: Take, must_stop: MustStop) -> None:
        for number in range(1, 6):
            take(shard(number))
        made.set()

    growth = BackgroundExamples(examples, make)
    with growth.running():
        assert made.wait(LIMIT_S)
        growth.take_in()
        assert len(examples["match.position"]) == 24
    np.testing.assert_array_equal(examples["match.position"][:, 0], np.arange(24))
    np.testing.assert_array_equal(examples["match.heard"][:, 1], examples["match.position"][:, 0])


def test_little_waits_until_there_is_more_or_the_end() -> None:
    examples, made = shard(0, count=100), threading.Event()

    def make(take: Take, must_stop: MustStop) -> None:
        take(shard(25))
        made.set()

    growth = BackgroundExamples(examples, make)
    with growth.running():
        assert made.wait(LIMIT_S)
        growth.take_in()
        assert len(examples["match.heard"]) == 100
    assert len(examples["match.heard"]) == 104


def test_the_making_ends_with_the_learning_and_the_threads_come_back() -> None:
    threads, stopped = torch.get_num_threads(), threading.Event()

    def make(take: Take, must_stop: MustStop) -> None:
        while not must_stop():
            pass
        stopped.set()

    with BackgroundExamples(shard(0), make).running():
        assert torch.get_num_threads() == max(1, threads // 2)
    assert stopped.is_set()
    assert torch.get_num_threads() == threads


def test_a_plugin_that_fails_for_good_is_told_where_it_is_learned() -> None:
    def make(take: Take, must_stop: MustStop) -> None:
        raise PluginError("All 64 examples failed to render.")

    growth = BackgroundExamples(shard(0), make)
    with pytest.raises(PluginError, match="All 64"), growth.running():
        pass
