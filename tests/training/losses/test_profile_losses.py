"""Losses: nothing where nothing is wrong, the same distance as the guard's, gradients that point home."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from bridge.features.mel_bands import loudness_weights_db
from bridge.features.profile import SpectralProfile, profile_distance_db
from bridge.features.settings import FeatureSettings
from bridge.model.encoders import Category
from bridge.training.losses.profile_losses import (
    category_loss,
    jacobian_loss,
    position_loss,
    profile_loss,
    smooth_absolute,
    spread_loss,
    straight_through_clamp,
)

SWITCH = Category(control=2, places=(0.0, 0.5, 1.0), edges=(1 / 3, 2 / 3))
WEIGHTS_DB = torch.from_numpy(loudness_weights_db(FeatureSettings()))


@given(gain_db=st.floats(-12, 12))
def test_without_level_a_gain_costs_nothing(gain_db: float) -> None:
    target = torch.randn(3, 2, 64)
    loss = profile_loss((target[:, 0] + gain_db, target[:, 1]), target, WEIGHTS_DB)
    assert float(loss.max()) < 1e-3


def test_the_profile_loss_is_close_to_the_guards_distance() -> None:
    generator = np.random.default_rng(0)
    mean, spread, goal_mean, goal_spread = (generator.normal(0, 8, 64).astype(np.float32) for _ in range(4))
    sound, goal = SpectralProfile(mean, spread, 64), SpectralProfile(goal_mean, goal_spread, 64)
    target = torch.from_numpy(np.stack([goal_mean, goal_spread]))[None]
    for loudness_counts in (True, False):
        guard = profile_distance_db(sound, goal, loudness_counts=loudness_counts)
        profile = torch.from_numpy(mean)[None], torch.from_numpy(spread)[None]
        loss = profile_loss(profile, target, None if loudness_counts else WEIGHTS_DB)
        assert abs(float(loss) - guard) < 1.0


def test_the_best_spread_is_the_mean_error() -> None:
    errors = torch.tensor([0.05, 0.1, 0.3])
    candidates = torch.linspace(0.02, 0.5, 200)
    losses = [spread_loss(s.expand(3, 1), errors[:, None], torch.zeros(3, 1)).mean() for s in candidates]
    assert abs(float(candidates[int(torch.stack(losses).argmin())]) - float(errors.mean())) < 0.01


def test_the_spread_does_not_pull_at_the_answer() -> None:
    position = torch.tensor([[0.2]], requires_grad=True)
    spread = torch.tensor([[0.1]], requires_grad=True)
    spread_loss(spread, position, torch.tensor([[0.5]])).sum().backward()
    assert position.grad is None
    assert spread.grad is not None and float(spread.grad) < 0


def test_controls_without_weight_do_not_count() -> None:
    wrong = torch.tensor([[0.0, 1.0]])
    assert float(position_loss(wrong, torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))) == 0


@given(x=st.floats(-50, 50))
def test_the_rounded_corner_stays_below_the_absolute_value(x: float) -> None:
    value = float(smooth_absolute(torch.tensor(x, dtype=torch.float64)))
    assert abs(x) - 0.5 - 1e-9 <= value <= abs(x) + 1e-9


def test_choices_that_are_right_and_sure_cost_nothing_and_a_guess_costs_its_entropy() -> None:
    truth, weight = torch.tensor([[0.3, 0.3, 0.9], [0.3, 0.3, 0.4]]), torch.ones(1, 3)
    sure = torch.tensor([[0.0, 0.0, 30.0], [0.0, 30.0, 0.0]])
    assert category_loss([sure], truth, [SWITCH], weight).max() < 1e-6
    torch.testing.assert_close(category_loss([torch.zeros(2, 3)], truth, [SWITCH], weight), torch.full((2,), np.log(3)))
    assert category_loss([], truth, [], weight).tolist() == [0.0, 0.0]


def test_choices_that_nobody_knows_or_that_weigh_nothing_teach_nothing() -> None:
    logits = torch.zeros(3, 3, requires_grad=True)
    truth = torch.tensor([[0.3, 0.3, torch.nan], [0.3, 0.3, 0.9], [torch.nan, 0.3, 0.9]])
    weight = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    loss = category_loss([logits], truth, [SWITCH], weight)
    loss.sum().backward()
    assert loss[:2].tolist() == [0.0, 0.0] < [float(loss[2].detach())] * 2
    assert logits.grad is not None
    assert logits.grad[:2].abs().sum() == 0 < logits.grad[2].abs().sum()


@given(position=st.floats(0, 1, width=32))
def test_learning_a_choice_ends_at_the_one_the_position_stands_for(position: float) -> None:
    logits = torch.zeros(1, 3, requires_grad=True)
    truth = torch.tensor([[0.0, 0.0, position]])
    (slope,) = torch.autograd.grad(category_loss([logits], truth, [SWITCH], torch.ones(1, 3)).sum(), logits)
    decoded, _ = SWITCH.decode(logits - slope)
    assert SWITCH.chosen(decoded).tolist() == SWITCH.chosen(truth[:, 2]).tolist()


def test_without_level_a_change_of_loudness_costs_nothing_to_first_order() -> None:
    """One control is a gain, the other tilts the spectrum; only the tilt is heard at equal loudness."""
    target, truth = torch.randn(2, 2, 64), torch.full((2, 2), 0.5)
    jacobian = torch.zeros(2, 2, 2, 64)
    jacobian[:, 0, 0] = 20.0
    jacobian[:, 1, 0] = torch.linspace(-10, 10, 64)
    louder, tilted = torch.tensor([[0.9, 0.5]]).expand(2, 2), torch.tensor([[0.5, 0.9]]).expand(2, 2)
    assert float(jacobian_loss(louder, truth, jacobian, target, WEIGHTS_DB).max()) < 1e-3
    assert float(jacobian_loss(louder, truth, jacobian, target, None).min()) > 5
    assert float(jacobian_loss(tilted, truth, jacobian, target, WEIGHTS_DB).min()) > 1


def test_to_first_order_the_loss_is_that_of_the_profile() -> None:
    target, truth = torch.randn(1, 2, 64) * 5, torch.full((1, 3), 0.5)
    jacobian, position = torch.randn(1, 3, 2, 64), truth + 1e-2 * torch.randn(1, 3)
    moved = target + torch.einsum("bc,bcsk->bsk", position - truth, jacobian)
    for weights_db in (None, WEIGHTS_DB):
        exact = profile_loss((moved[:, 0], moved[:, 1]), target, weights_db)
        torch.testing.assert_close(
            jacobian_loss(position, truth, jacobian, target, weights_db), exact, rtol=1e-2, atol=1e-5
        )


def test_a_held_position_comes_back_and_goes_no_farther() -> None:
    """Values are those of a clamp; outside, a gradient passes where descending it leads back in."""
    position = torch.tensor([-0.04, -0.04, 0.0, 0.4, 1.0, 1.03, 1.03], requires_grad=True)
    upstream = torch.tensor([1.0, -2.0, 3.0, 4.0, -5.0, 6.0, -7.0])
    value = straight_through_clamp(position)
    torch.testing.assert_close(value, position.detach().clamp(0, 1))
    value.backward(upstream)
    assert position.grad is not None
    assert position.grad.tolist() == [0.0, -2.0, 3.0, 4.0, -5.0, 6.0, 0.0]
