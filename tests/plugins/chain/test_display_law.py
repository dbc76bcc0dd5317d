"""Measured laws on the axis that fits them: exact for straight, logarithmic and power laws, on a coarse grid."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.decibels import amplitude_to_db
from bridge.plugins.chain.display_law import display_law

GRID = [point / 32 for point in range(33)]


@given(low=st.floats(-60, 60), width=st.floats(1, 500), bend=st.floats(0.3, 4), wanted=st.floats(0, 1))
def test_a_power_law_is_met_between_the_points_of_the_grid(
    low: float, width: float, bend: float, wanted: float
) -> None:
    law = display_law([(n, low + width * n**bend) for n in GRID])
    assert law is not None
    real = low + width * wanted**bend
    assert law.to_real(law.to_normalized(real)) == pytest.approx(real, abs=1e-6 * width)
    assert law.to_real(wanted) == pytest.approx(real, abs=2e-3 * width)


@given(low=st.floats(0.1, 100), octaves=st.floats(1, 12), wanted=st.floats(0, 1))
def test_a_logarithmic_law_is_met_between_the_points_of_the_grid(low: float, octaves: float, wanted: float) -> None:
    law = display_law([(n, low * 2 ** (octaves * n)) for n in GRID])
    assert law is not None
    assert law.to_real(wanted) == pytest.approx(low * 2 ** (octaves * wanted), rel=2e-3)


@given(low=st.floats(0, 100), width=st.floats(10, 20000), base=st.floats(2, 1000), wanted=st.floats(0, 1))
def test_an_exponential_law_from_any_start_is_met(low: float, width: float, base: float, wanted: float) -> None:
    def shown(n: float) -> float:
        return low + width * (base**n - 1) / (base - 1)

    law = display_law([(n, shown(n)) for n in GRID])
    assert law is not None
    assert law.to_real(wanted) == pytest.approx(shown(wanted), rel=1e-3, abs=1e-4 * width)


@given(high=st.floats(0, 24), bend=st.floats(0.7, 1.6), wanted=st.floats(0.1, 1))
def test_decibels_over_an_amplitude_are_met(high: float, bend: float, wanted: float) -> None:
    def shown(n: float) -> float:
        return high + amplitude_to_db(n**bend)

    law = display_law([(0.0, -math.inf), *((n, shown(n)) for n in GRID[1:])])
    assert law is not None
    assert law.to_real(wanted) == pytest.approx(shown(wanted), abs=0.1)


@given(falling=st.booleans(), bend=st.floats(0.3, 4), digits=st.integers(0, 3))
def test_a_law_shows_what_was_shown_at_the_points_of_the_grid(falling: bool, bend: float, digits: int) -> None:
    points = [(n, round(100.0 * (1 - n if falling else n) ** bend, digits)) for n in GRID]
    law = display_law(points)
    assert law is not None
    for n, shown in points:
        if [value for _, value in points].count(shown) == 1:
            assert law.to_real(n) == pytest.approx(shown, abs=1e-6)
