"""The minutes of a training: who gets how many, and what is shown of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_training import small_options

from bridge.training import time_budget as time_budget_module
from bridge.training.time_budget import TimeBudget
from bridge.training.train import _budget


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, as its only element."""
    time_s = [1000.0]
    monkeypatch.setattr(time_budget_module.time, "monotonic", lambda: time_s[0])
    return time_s


def started() -> TimeBudget:
    """Of one minute that begins now."""
    budget = TimeBudget.of(1, preparing=0.4, rendering_more=0.0, evaluates=True)
    budget.set_spent(0.0)
    return budget


def test_everything_is_within_the_minutes() -> None:
    budget = TimeBudget.of(10, preparing=0.4, rendering_more=0.7, evaluates=True)
    assert (budget.prepare_s, budget.render_more_s, budget.learn_s, budget.total_s) == pytest.approx(
        (240, 420, 540, 600)
    )
    alone = TimeBudget.of(10, preparing=0.4, rendering_more=0.0, evaluates=False)
    assert alone.learn_s == 600, "without evaluation all of it is for learning"


def test_the_time_left_falls_to_nothing_and_not_below(now: list[float]) -> None:
    budget = started()
    left = []
    for now[0] in (1000.0, 1024.5, 1061.0):
        left.append((budget.left_s, budget.is_preparing_over))
    assert left == [(60, False), (35.5, True), (0, True)]


@pytest.mark.parametrize(
    ("each_s", "loading_s", "most", "examples"),
    [
        (0.01, 9.0, 64, 64),
        (0.1, 0.0, 64, 24),
        (0.1, 9.0, 16, 16),
        (0.5, 0.0, 64, 4),
        (5.0, 0.0, 64, 2),
        (5.0, 0.0, 1, 1),
        (0.0, 0.0, 8, 8),
    ],
)
def test_a_shard_has_as_many_examples_as_its_time_allows(
    now: list[float], each_s: float, loading_s: float, most: int, examples: int
) -> None:
    """Of a minute, 2.4 s; what loading the plugins takes is not mistaken for the examples."""
    loading = iter([loading_s])

    def make(count: int) -> None:
        now[0] += next(loading, 0.0) + each_s * count

    assert started().shard_examples(make, most) == pytest.approx(examples, abs=1)


def test_where_updates_are_counted_shards_are_whole_and_nothing_is_timed() -> None:
    assert TimeBudget().shard_examples(lambda _: pytest.fail("made"), 64) == 64


def test_recordings_have_a_tenth_of_the_time_and_those_to_validate_by_a_third_of_that(now: list[float]) -> None:
    is_over = started().loading()
    over = []
    for now[0] in (1001.7, 1001.9, 1005.9, 1006.1):
        over.append((is_over("validation"), is_over("train")))
    assert over == [(False, False), (True, False), (True, False), (True, True)]


def test_preparing_has_its_share_after_reading_and_leaves_time_to_learn(now: list[float]) -> None:
    budget = started()
    now[0] = 1005.0
    budget.begin_preparing()
    is_half_over = budget.half_of_preparing()
    over = []
    for now[0] in (1016.9, 1017.1, 1028.9, 1029.1):
        over.append((is_half_over(), budget.is_preparing_over))
    assert over == [(False, False), (True, False), (True, False), (True, True)]
    late = started()
    now[0] += 45.0
    late.begin_preparing()
    assert late.prepare_s == pytest.approx(0.9 * late.learn_s)


@pytest.mark.parametrize(("minutes", "evaluation_s"), [(0.2, 3.0), (1.0, 10.0), (30.0, 180.0)])
def test_short_trainings_have_more_of_their_time_for_evaluation(minutes: float, evaluation_s: float) -> None:
    budget = TimeBudget.of(minutes, preparing=0.4, rendering_more=0.0, evaluates=True)
    assert budget.total_s - budget.learn_s == pytest.approx(evaluation_s)


def test_a_training_that_goes_on_counts_what_it_had_spent(now: list[float]) -> None:
    budget = started()
    budget.set_spent(45)
    now[0] += 5
    assert budget.left_s == 10


def test_progress_is_time_where_time_is_counted(now: list[float]) -> None:
    shown: list[tuple[float, str]] = []
    budget = started()
    now[0] += 30
    budget.learning(lambda *one: shown.append(one))(0.1, "a step")
    now[0] += 40
    budget.evaluating(lambda *one: shown.append(one))(0.0, "match: 1 of 4")
    assert shown == [(0.5, "a step"), (1.0, "evaluating, match: 1 of 4")]


def test_progress_is_work_where_updates_are_counted(folder: Path, tmp_path: Path) -> None:
    shown: list[float] = []
    budget = TimeBudget()
    for part in (budget.preparing, budget.learning, budget.evaluating):
        for share in (0.0, 1.0):
            part(lambda share, _: shown.append(share))(share, "...")
    assert shown == [0.0, 0.4, 0.4, 0.95, 0.95, 1.0]
    assert budget.left_s is None and not budget.is_preparing_over
    assert _budget(replace(small_options(folder, tmp_path), minutes=30, steps=100)).left_s is None
