"""lib/audio/excerpts.lua: what of a long track is listened to."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Stretch = tuple[float, float]


def choose(
    module: Callable[[str], Any], items: list[Stretch], start_s: float, end_s: float
) -> tuple[list[Stretch], list[Stretch]]:
    runtime, excerpts = module.runtime, module("audio.excerpts")  # type: ignore[attr-defined]
    table = runtime.table_from([runtime.table_from({b"start_s": a, b"end_s": b}) for a, b in items])
    merged = excerpts.merge(table, start_s, end_s)
    chosen = excerpts.choose(merged, start_s, end_s)
    return tuple([(s[b"start_s"], s[b"end_s"]) for s in found.values()] for found in (merged, chosen))  # type: ignore[return-value]


def test_a_short_track_is_heard_whole(module: Callable[[str], Any]) -> None:
    _, chosen = choose(module, [(1.0, 20.0), (40.0, 60.0)], 1.0, 60.0)
    assert chosen == [(1.0, 60.0)]


def test_an_hour_is_heard_in_spread_excerpts(module: Callable[[str], Any]) -> None:
    _, chosen = choose(module, [(0.0, 3600.0)], 0.0, 3600.0)
    assert len(chosen) == 12
    assert sum(b - a for a, b in chosen) == pytest.approx(120.0)
    assert chosen[0][0] < 300.0
    assert chosen[-1][1] > 3300.0


def test_gaps_of_a_long_track_are_not_heard(module: Callable[[str], Any]) -> None:
    items = [(0.0, 30.0), (3000.0, 3040.0)]
    _, chosen = choose(module, items, 0.0, 3040.0)
    assert chosen == items


def test_the_time_selection_cuts(module: Callable[[str], Any]) -> None:
    merged, _ = choose(module, [(0.0, 10.0), (8.0, 30.0), (50.0, 60.0)], 5.0, 55.0)
    assert merged == [(5.0, 30.0), (50.0, 55.0)]


@given(
    items=st.lists(st.tuples(st.floats(0, 4000), st.floats(0.01, 900)), min_size=1, max_size=12),
    bounds=st.tuples(st.floats(0, 2000), st.floats(1, 4000)),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_excerpts_rise_stay_inside_and_never_pass_the_limit(
    module: Callable[[str], Any], items: list[Stretch], bounds: Stretch
) -> None:
    start_s, end_s = bounds[0], bounds[0] + bounds[1]
    merged, chosen = (
        choose(module, [(a, a + b) for a, b in items], start_s, end_s) if _overlaps(items, start_s, end_s) else ([], [])
    )
    assert sum(b - a for a, b in chosen) <= 120.0 + 1e-6
    assert all(start_s <= a < b <= end_s for a, b in [*merged, *chosen])
    assert all(before[1] <= after[0] for before, after in pairwise(chosen))


def _overlaps(items: list[Stretch], start_s: float, end_s: float) -> bool:
    return any(max(a, start_s) < min(a + b, end_s) for a, b in items)
