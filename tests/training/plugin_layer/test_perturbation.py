"""Estimators on functions whose gradient is known: no plugin, no rendering."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from msgspec import structs

from bridge.model.bundle import categories_of
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import parse_chain
from bridge.training.plugin_layer.perturbation import (
    SPSA,
    CentralDifferences,
    Estimator,
    GroupedDifferences,
    Perturbation,
    step_sizes_from_sensitivity,
    step_sizes_over_choices,
)

CONTROLS = 24
ALL = np.ones(CONTROLS, np.bool_)
ESTIMATORS = [CentralDifferences(), SPSA(2), GroupedDifferences(4), GroupedDifferences(4, samples=3)]


def with_choices(low: float, high: float) -> Chain:
    """A filter's mode, held between `low` and `high` of its normalized range, and its cutoff."""
    text = '[[slot]]\nplugin = "builtin:LadderFilter"\n[slot.control.mode]\n[slot.control.cutoff_hz]\n'
    chain = parse_chain(text, source="test")
    mode, cutoff = chain.slots[0].controls
    bounded = structs.replace(mode, low=low, high=high)
    return structs.replace(chain, slots=(structs.replace(chain.slots[0], controls=(bounded, cutoff)),))


class Quadratic:
    """x'Ax / 2 + b'x, for positions (..., controls)."""

    def __init__(self, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        matrix = generator.normal(size=(CONTROLS, CONTROLS))
        self.matrix = matrix @ matrix.T / CONTROLS
        self.slope = generator.normal(size=CONTROLS)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        x = x.astype(np.float64)
        return np.einsum("...i,ij,...j->...", x, self.matrix, x) / 2 + x @ self.slope

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return x.astype(np.float64) @ self.matrix + self.slope


def estimate(estimator: Estimator, x: np.ndarray, loss: Quadratic, seed: int = 0) -> np.ndarray:
    tried = estimator.perturb(x, ALL, np.random.default_rng(seed))
    differences = loss(tried.plus) - loss(tried.minus)
    return tried.gradient(differences, np.ones(differences.shape, np.bool_))


def middle_of_what_is_tried(x: np.ndarray, step: float) -> np.ndarray:
    return (np.clip(x + step, 0, 1) + np.clip(x - step, 0, 1)) / 2


def inner(batch: int = 3) -> np.ndarray:
    return np.random.default_rng(7).uniform(0.2, 0.8, (batch, CONTROLS)).astype(np.float32)


def at_bounds() -> np.ndarray:
    x = inner(1)
    x[0, ::3], x[0, 1::3] = 0.0, 0.98
    return x


def test_central_differences_are_exact_on_a_quadratic() -> None:
    loss, x = Quadratic(), inner()
    np.testing.assert_allclose(estimate(CentralDifferences(), x, loss), loss.gradient(x), rtol=1e-3, atol=1e-3)


def test_at_a_bound_the_distance_really_moved_counts() -> None:
    """One control at 0 is tried between 0 and the step. Dividing by twice the step would give half the slope."""
    slope = Quadratic()
    slope.matrix[:] = 0
    x = np.zeros((1, CONTROLS), np.float32)
    tried = CentralDifferences(0.05).perturb(x, ALL, np.random.default_rng(0))
    differences = slope(tried.plus) - slope(tried.minus)
    gradient = tried.gradient(differences, np.ones(differences.shape, np.bool_))
    np.testing.assert_allclose(gradient[0], slope.slope, rtol=1e-4)
    np.testing.assert_allclose(differences[:, 0] / 0.1, slope.slope / 2, rtol=1e-4)
    assert tried.clipped_share == 1.0


@pytest.mark.parametrize("estimator", [SPSA(30_000), GroupedDifferences(6, samples=5_000)], ids=["SPSA", "grouped"])
def test_random_directions_are_unbiased_at_bounds_too(estimator: Estimator) -> None:
    """Their mean is the gradient in the middle of what was tried."""
    loss, x = Quadratic(), at_bounds()
    found = estimate(estimator, x, loss)[0]
    expected = loss.gradient(middle_of_what_is_tried(x, 0.05))[0]
    assert np.linalg.norm(found - expected) < 0.06 * np.linalg.norm(expected)


def test_naive_denominators_are_biased_at_bounds() -> None:
    """What the test above would find if each direction were divided by its full step: a fifth is missing."""
    loss, x = Quadratic(), at_bounds()
    tried = SPSA(30_000).perturb(x, ALL, np.random.default_rng(0))
    naive = ((loss(tried.plus) - loss(tried.minus))[..., None] / tried.wanted).mean(0)[0]
    expected = loss.gradient(middle_of_what_is_tried(x, 0.05))[0]
    assert np.linalg.norm(naive - expected) > 0.2 * np.linalg.norm(expected)


def test_groups_disturb_each_other_less_than_all_at_once() -> None:
    """The same number of renders: 8 pairs. Mean squared error over 200 draws."""
    loss, x = Quadratic(), inner(1)
    exact = loss.gradient(x)
    errors = {
        name: np.mean([np.square(estimate(estimator, x, loss, seed) - exact).sum() for seed in range(200)])
        for name, estimator in {"grouped": GroupedDifferences(8), "SPSA": SPSA(8)}.items()
    }
    assert errors["grouped"] < 0.85 * errors["SPSA"]


def test_each_control_is_in_one_group_of_each_sample() -> None:
    tried = GroupedDifferences(5, samples=2).perturb(inner(), ALL, np.random.default_rng(0))
    moves = (tried.wanted != 0).reshape(2, 5, 3, CONTROLS)
    assert (moves.sum(1) == 1).all()
    assert (moves.sum(3) >= CONTROLS // 5).all()
    assert not np.array_equal(moves[0], moves[1])


def test_as_many_groups_as_controls_are_central_differences() -> None:
    loss, x = Quadratic(), inner()
    np.testing.assert_allclose(
        estimate(GroupedDifferences(CONTROLS), x, loss), estimate(CentralDifferences(), x, loss), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
@given(x=arrays(np.float32, (2, CONTROLS), elements=st.floats(-0.5, 1.5, width=32)))
def test_nothing_outside_of_the_range_is_tried(estimator: Estimator, x: np.ndarray) -> None:
    tried = estimator.perturb(x, ALL, np.random.default_rng(0))
    for side in (tried.plus, tried.minus):
        assert side.dtype == np.float32
        assert side.min() >= 0 and side.max() <= 1
    assert (np.abs(tried.moved) <= np.abs(tried.wanted) + 1e-6).all()
    moved = tried.wanted != 0
    assert (np.abs(tried.moved)[moved] >= 0.049).all(), "clipped on both sides"


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_controls_that_are_not_free_stay_and_get_nothing(estimator: Estimator) -> None:
    free = ALL.copy()
    free[[0, 5]] = False
    x = inner()
    tried = estimator.perturb(x, free, np.random.default_rng(0))
    assert (tried.moved[..., [0, 5]] == 0).all()
    gradient = tried.gradient(np.ones(tried.plus.shape[:2]), np.ones(tried.plus.shape[:2], np.bool_))
    assert (gradient[:, [0, 5]] == 0).all()
    assert (tried.moved != 0).any(0).sum(1).tolist() == [CONTROLS - 2] * 3


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_each_block_of_moving_settings_is_moved_by_itself(estimator: Estimator) -> None:
    x = np.full((2, 40, CONTROLS), 0.5, np.float32)
    tried = estimator.perturb(x, ALL, np.random.default_rng(0))
    directions = np.sign(tried.moved)
    assert tried.plus.shape[1:] == x.shape
    assert 0.3 < (directions[..., 1:, :] == directions[..., :-1, :])[directions[..., 1:, :] != 0].mean() < 0.7


def test_pairs_that_failed_are_left_out() -> None:
    loss, x = Quadratic(), inner()
    tried = SPSA(3).perturb(x, ALL, np.random.default_rng(0))
    differences = loss(tried.plus) - loss(tried.minus)
    valid = np.ones((3, 3), np.bool_)
    valid[1, 2] = valid[:, 0] = False
    differences[~valid] = np.nan
    gradient = tried.gradient(differences, valid)
    assert (gradient[0] == 0).all()
    kept = Perturbation(tried.plus[[0, 2]], tried.minus[[0, 2]], tried.wanted[[0, 2]])
    expected = kept.gradient(differences[[0, 2]], np.ones((2, 3), np.bool_) & valid[[0, 2]])
    np.testing.assert_allclose(gradient[2], expected[2])


def test_steps_are_smaller_where_more_is_heard() -> None:
    steps = step_sizes_from_sensitivity([1.0, 4.0, 100.0, 0.25, 0.001, 0.0], finest=[0, 0, 0, 0, 0, 0.07])
    np.testing.assert_allclose(steps, [0.05, 0.025, 0.025, 0.1, 0.1, 0.14])


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.6, 1.0), (0.0, 0.5), (0.3, 0.7)])
def test_a_step_over_choices_reaches_the_next_from_each_place(low: float, high: float) -> None:
    """Also where bounds leave only some of them, whose edges then lie off the middle."""
    chain = with_choices(low, high)
    (category,) = categories_of(chain)
    steps = step_sizes_over_choices([category], len(chain.controls), 0.05)
    assert steps[1] == np.float32(0.05), "no switch"
    for number, place in enumerate(category.places):
        sides = torch.tensor([place - steps[0], place + steps[0]]).clamp(0, 1)
        reached = category.chosen(sides).tolist()
        assert reached[0] < number or number == 0
        assert reached[1] > number or number == len(category.places) - 1


@pytest.mark.parametrize("estimator", [CentralDifferences, SPSA, GroupedDifferences])
def test_each_control_may_have_a_step_of_its_own(estimator: type) -> None:
    steps = np.linspace(0.01, 0.1, CONTROLS, dtype=np.float32)
    tried = estimator(step=steps).perturb(inner(1), ALL, np.random.default_rng(0))
    np.testing.assert_allclose(np.abs(tried.moved).max((0, 1)), 2 * steps, rtol=1e-4)
