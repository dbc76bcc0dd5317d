"""Choices: any logits decode to one of them, and every position of the range stands for the one the plugin takes."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bridge.model.bundle import categories_of, positions_to_normalized
from bridge.model.encoders import Category, confidence_of
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw

NAMES = tuple("abcdefghijkl")


def chain_of(count: int, *, low: float = 0.0, high: float = 1.0) -> Chain:
    """A control with a range, and one of `count` choices."""
    law = RangeLaw(low=0.0, high=1.0)
    controls = (
        Control(slot="amp", name="gain", unit="dB", law=law),
        Control(slot="amp", name="stack", unit="", law=law, low=low, high=high, choices=NAMES[:count]),
    )
    return Chain(name="amp", slots=(Slot(name="amp", plugin="vst3:Amp", controls=controls),))


def category_of(count: int) -> Category:
    (category,) = categories_of(chain_of(count))
    return category


@given(data=st.data(), count=st.integers(2, 12))
@pytest.mark.slow
def test_any_logits_decode_to_a_choice(data: st.DataObject, count: int) -> None:
    chain, category = chain_of(count), category_of(count)
    given_logits = st.floats(allow_nan=False, allow_infinity=False, width=32)
    logits = torch.tensor([data.draw(st.lists(given_logits, min_size=count, max_size=count)) for _ in range(2)])
    position, error = category.decode(logits)
    settings = positions_to_normalized(chain, torch.stack([torch.zeros(2), position], 1).numpy())
    texts = [chain.controls[1].text(float(value)) for value in settings[:, 1]]
    assert texts == [NAMES[int(choice)] for choice in logits.argmax(1)]
    assert set(position.tolist()) <= set(torch.tensor(category.places).tolist())
    assert bool(((error >= 0) & (error <= 1)).all())
    assert bool(((confidence_of(logits) >= 1 / count - 1e-6) & (confidence_of(logits) <= 1 + 1e-6)).all())


@given(position=st.floats(0, 1, width=32), count=st.integers(2, 12))
def test_a_position_stands_for_the_choice_that_the_plugin_takes(position: float, count: int) -> None:
    chosen = int(category_of(count).chosen(torch.tensor([position]))[0])
    at = torch.tensor(position) * count
    if abs(at - at.round()) > 1e-4:  # on the edge itself either is right
        assert NAMES[chosen] == chain_of(count).controls[1].text(position)


@given(count=st.integers(2, 12))
def test_a_choice_stands_for_itself(count: int) -> None:
    category = category_of(count)
    assert category.chosen(torch.tensor(category.places)).tolist() == list(range(count))


def test_bounds_leave_some_choices_out() -> None:
    (category,) = categories_of(chain_of(5, low=0.2, high=0.8))
    settings = positions_to_normalized(
        chain_of(5, low=0.2, high=0.8), torch.tensor([[0.0, p] for p in category.places]).numpy()
    )
    assert [chain_of(5).controls[1].text(float(value)) for value in settings[:, 1]] == ["b", "c", "d"]
    assert categories_of(chain_of(5, low=0.2, high=0.3)) == ()
    assert categories_of(chain_of(1)) == ()


def test_the_expected_error_is_small_where_one_choice_is_sure() -> None:
    sure, torn = torch.tensor([[9.0, 0.0, 0.0]]), torch.tensor([[0.1, 0.0, 0.0]])
    category = category_of(3)
    assert float(category.decode(sure)[1]) < 0.01 < 0.4 < float(category.decode(torn)[1])
    assert confidence_of(sure) > 0.99 > 0.5 > confidence_of(torn)
