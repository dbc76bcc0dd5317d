"""The search: it finds a known optimum, keeps its bounds and fixed controls, and never returns something worse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.model.search import search

CONTROLS = 5
LOW, HIGH = np.zeros(CONTROLS, np.float32), np.ones(CONTROLS, np.float32)
ALL = np.ones(CONTROLS, bool)


def bowl(target: NDArray[np.float32]):  # type: ignore[no-untyped-def]
    def measure(candidates: NDArray[np.float32]) -> NDArray[np.float64]:
        return 40.0 * np.mean(np.abs(candidates - target), axis=1).astype(np.float64)

    return measure


def test_a_known_optimum_is_approached() -> None:
    target = np.array([0.4, 0.6, 0.5, 0.3, 0.7], np.float32)
    start = np.full(CONTROLS, 0.5, np.float32)
    found = search(start, LOW, HIGH, ALL, bowl(target), limit_s=20.0, seed=3)
    assert found.cost_db < 0.25 * found.start_cost_db
    assert np.abs(found.settings - target).mean() < 0.05


@settings(deadline=None, max_examples=15)
@given(
    start=st.lists(st.floats(0, 1, width=32), min_size=CONTROLS, max_size=CONTROLS),
    free=st.lists(st.booleans(), min_size=CONTROLS, max_size=CONTROLS),
    seed=st.integers(0, 1000),
)
def test_bounds_and_fixed_controls_hold_and_the_cost_never_rises(
    start: list[float], free: list[bool], seed: int
) -> None:
    origin, mask = np.array(start, np.float32), np.array(free)
    target = np.full(CONTROLS, 1.5, np.float32)  # outside of the bounds
    found = search(origin, LOW, HIGH, mask, bowl(target), limit_s=0.05, seed=seed)
    assert found.cost_db <= found.start_cost_db
    assert np.array_equal(found.settings[~mask], origin[~mask])
    assert ((found.settings >= 0) & (found.settings <= 1)).all()


def test_candidates_that_must_not_be_taken_are_not_taken() -> None:
    def measure(candidates: NDArray[np.float32]) -> NDArray[np.float64]:
        distance = 40.0 * candidates.mean(axis=1).astype(np.float64)
        return np.where(candidates[:, 0] < 0.45, np.inf, distance)

    found = search(np.full(CONTROLS, 0.5, np.float32), LOW, HIGH, ALL, measure, limit_s=1.0, seed=1)
    assert found.settings[0] >= 0.45
    assert found.cost_db < found.start_cost_db


@pytest.mark.parametrize("limit_s", [0.0, -1.0])
def test_no_time_means_no_search(limit_s: float) -> None:
    start = np.full(CONTROLS, 0.5, np.float32)
    found = search(start, LOW, HIGH, ALL, bowl(np.zeros(CONTROLS, np.float32)), limit_s=limit_s)
    assert found.candidates == 1
    assert np.array_equal(found.settings, start)
