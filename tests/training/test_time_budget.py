"""The minutes of a training: who gets how many, and what is shown of them."""

import pytest

from bridge.training import time_budget as clock_module
from bridge.training.time_budget import TimeBudget


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, as its only element."""
    time_s = [1000.0]
    monkeypatch.setattr(clock_module.time, "monotonic", lambda: time_s[0])
    return time_s


def started() -> TimeBudget:
    """Of one minute that begins now."""
    clock = TimeBudget.of(1, None, preparing_share=0.4, judged_cases=4)
    clock.set_spent(0.0)
    return clock


def test_everything_is_within_the_minutes() -> None:
    clock = TimeBudget.of(10, None, preparing_share=0.4, judged_cases=4)
    assert (clock.prepared_s, clock.learned_s, clock.total_s) == pytest.approx((240, 540, 600))
    assert TimeBudget.of(10, None, 0.4, judged_cases=0).learned_s == 600  # nothing to judge: all of it is for learning


def test_the_time_left_falls_to_nothing_and_not_below(now: list[float]) -> None:
    clock = started()
    left = []
    for now[0] in (1000.0, 1024.5, 1061.0):
        left.append((clock.left_s, clock.has_prepared))
    assert left == [(60, False), (35.5, True), (0, True)]


def test_a_training_that_goes_on_counts_what_it_had_spent(now: list[float]) -> None:
    clock = started()
    clock.set_spent(45)
    now[0] += 5
    assert clock.left_s == 10


def test_progress_is_time_where_time_is_counted(now: list[float]) -> None:
    told: list[tuple[float, str]] = []
    clock = started()
    now[0] += 30
    clock.learning(lambda *one: told.append(one))(0.1, "a step")
    now[0] += 40
    clock.judging(lambda *one: told.append(one))(0.0, "match: 1 of 4")
    assert told == [(0.5, "a step"), (1.0, "judging, match: 1 of 4")]


def test_progress_is_work_where_updates_are_counted() -> None:
    told: list[float] = []
    clock = TimeBudget.of(30, 100, 0.4, 4)
    for part in (clock.preparing, clock.learning, clock.judging):
        for share in (0.0, 1.0):
            part(lambda share, _: told.append(share))(share, "...")
    assert told == [0.0, 0.4, 0.4, 0.95, 0.95, 1.0]
    assert clock.left_s is None and not clock.has_prepared
