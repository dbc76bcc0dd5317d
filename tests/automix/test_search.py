"""The search: it finds a known optimum and the right choices, keeps its bounds, and never returns something worse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.automix.search import Measure, SearchSpace, search
from bridge.model.encoders.categories import Category
from bridge.types import Float64, Mask

CONTROLS = 5
ALL = np.ones(CONTROLS, bool)
SWITCH = Category(control=1, places=(0.0, 0.5, 1.0), edges=(0.25, 0.75))
MODE = Category(control=4, places=(0.0, 1.0), edges=(0.5,))


def bowl(target: Float64) -> Measure:
    def measure(candidates: Float64) -> Float64:
        return np.asarray(40.0 * np.mean(np.abs(candidates - target), axis=1))

    return measure


def space(start: Float64, free: Mask = ALL, *, spread: float = 0.1, choices: bool = False) -> SearchSpace:
    return SearchSpace(start, np.full(CONTROLS, spread), free, (SWITCH, MODE) if choices else ())


def test_a_known_optimum_is_approached() -> None:
    target = np.array([0.4, 0.6, 0.5, 0.3, 0.7])
    found = search(space(np.full(CONTROLS, 0.5)), bowl(target), limit_candidates=1000, seed=3)
    assert found.cost_db < 0.25 * found.start_cost_db
    assert np.abs(found.positions - target).mean() < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_choices_are_recovered(seed: int) -> None:
    """Both start wrong, and the encoder was rather sure of them."""
    target = np.array([0.6, 1.0, 0.5, 0.45, 1.0])
    start = np.array([0.5, 0.0, 0.5, 0.5, 0.0])
    found = search(space(start, choices=True), bowl(target), limit_candidates=600, seed=seed)
    assert (found.positions[1], found.positions[4]) == (1.0, 1.0)


@pytest.mark.parametrize("only", [[1, 4], [1], [0]])
def test_choices_alone_and_ranges_alone_can_be_searched(only: list[int]) -> None:
    free = np.zeros(CONTROLS, bool)
    free[only] = True
    target = np.array([0.7, 1.0, 0.5, 0.5, 1.0])
    start = np.array([0.5, 0.0, 0.5, 0.5, 0.0])
    found = search(space(start, free, choices=True), bowl(target), limit_candidates=400)
    assert np.abs(found.positions - target)[only].max() < 0.05
    np.testing.assert_array_equal(found.positions[~free], start[~free])


@settings(deadline=None, max_examples=25)
@given(
    start=st.lists(st.floats(0, 1), min_size=CONTROLS, max_size=CONTROLS),
    free=st.lists(st.booleans(), min_size=CONTROLS, max_size=CONTROLS),
    spread=st.floats(0.01, 1.0),
    seed=st.integers(0, 1000),
)
def test_bounds_and_fixed_controls_hold_and_the_cost_never_rises(
    start: list[float], free: list[bool], spread: float, seed: int
) -> None:
    origin, mask = np.array(start), np.array(free)
    for category in (SWITCH, MODE):
        origin[category.control] = category.places[int(origin[category.control] > 0.5)]
    tried: list[Float64] = []

    def measure(candidates: Float64) -> Float64:
        tried.append(candidates)
        return bowl(np.full(CONTROLS, 1.5))(candidates)  # outside of the bounds

    where = space(origin, mask, spread=spread, choices=True)
    found = search(where, measure, limit_candidates=60, seed=seed)
    every = np.concatenate([*tried, where.around(20, np.random.default_rng(seed), 2.0), found.positions[None]])
    assert found.cost_db <= found.start_cost_db
    assert ((every >= 0) & (every <= 1)).all()
    assert (every[:, ~mask] == origin[~mask]).all()
    assert np.isin(every[:, SWITCH.control], SWITCH.places).all() and np.isin(every[:, MODE.control], MODE.places).all()


def test_a_strong_prior_keeps_the_start_and_a_weak_one_does_not() -> None:
    start, target = np.full(CONTROLS, 0.5), np.full(CONTROLS, 0.7)
    where = space(start)

    def held(prior_db: float) -> Measure:
        return lambda candidates: bowl(target)(candidates) + prior_db * where.prior(candidates)

    strong, weak = (search(where, held(prior_db), limit_candidates=400) for prior_db in (50.0, 0.1))
    np.testing.assert_allclose(strong.positions, start, atol=0.01)
    assert np.abs(weak.positions - target).max() < 0.1


def test_the_prior_counts_spreads_and_other_choices() -> None:
    where = space(np.array([0.5, 0.0, 0.5, 0.5, 0.0]), choices=True)
    moved = np.array([[0.7, 0.0, 0.5, 0.5, 0.0], [0.5, 0.5, 0.5, 0.5, 0.0], [0.5, 0.0, 0.5, 0.5, 0.0]])
    np.testing.assert_allclose(where.prior(moved), [2 / 5, 2 / 5, 0])


def test_candidates_that_must_not_be_taken_are_not_taken() -> None:
    def measure(candidates: Float64) -> Float64:
        return np.where(candidates[:, 0] < 0.45, np.inf, 40.0 * candidates.mean(axis=1))

    found = search(space(np.full(CONTROLS, 0.5)), measure, limit_candidates=200, seed=1)
    assert found.positions[0] >= 0.45
    assert found.cost_db < found.start_cost_db


def test_a_search_that_finds_nothing_ends_early() -> None:
    start = np.full(CONTROLS, 0.5)
    found = search(space(start), bowl(start), limit_s=60.0)
    assert found.candidates < 200
    np.testing.assert_array_equal(found.positions, start)


@pytest.mark.parametrize("limit_s", [0.0, -1.0])
def test_no_time_means_no_search(limit_s: float) -> None:
    start = np.full(CONTROLS, 0.5)
    found = search(space(start), bowl(np.zeros(CONTROLS)), limit_s=limit_s)
    assert found.candidates == 1
    assert np.array_equal(found.positions, start)
