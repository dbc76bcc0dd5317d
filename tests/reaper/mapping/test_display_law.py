"""Displayed texts as quantities: units, steps, conversions, and laws that invert within a displayed step."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.reaper.mapping.display_law import (
    conversion,
    measure_fx_display_law,
    octaves_of_q,
    q_of_octaves,
    read_quantity,
)

GRID = [point / 32 for point in range(33)]


@pytest.mark.parametrize(
    ("text", "value", "unit", "step"),
    [
        ("-3.5 dB", -3.5, "dB", 0.1),
        ("1.25 kHz", 1250.0, "Hz", 10.0),
        ("80 Hz", 80.0, "Hz", 1.0),
        ("4.0:1", 4.0, "", 0.1),
        ("1.5 s", 1500.0, "ms", 100.0),
        ("15 ms", 15.0, "ms", 1.0),
        ("2.00", 2.0, None, 0.01),
        ("1.40 oct", 1.4, "oct", 0.01),
        ("50%", 50.0, "%", 1.0),
        ("1,5 kHz", 1500.0, "Hz", 100.0),
    ],
)
def test_a_text_is_a_number_with_unit_and_step(text: str, value: float, unit: str | None, step: float) -> None:
    quantity = read_quantity(text)
    assert quantity is not None
    assert (quantity.value, quantity.unit, quantity.step) == (pytest.approx(value), unit, pytest.approx(step))


def test_a_text_without_number_is_none() -> None:
    assert read_quantity("Off") is None
    assert read_quantity("") is None


def test_an_infinite_end_is_read() -> None:
    assert read_quantity("-inf dB").value == -math.inf  # type: ignore[union-attr]


@given(q=st.floats(0.05, 50))
def test_q_and_octaves_are_inverse(q: float) -> None:
    assert q_of_octaves(octaves_of_q(q)) == pytest.approx(q, rel=1e-9)


def test_one_octave_is_the_q_of_the_textbook() -> None:
    assert q_of_octaves(1.0) == pytest.approx(math.sqrt(2.0), rel=1e-9)  # RBJ: BW = 1 octave
    assert octaves_of_q(1 / math.sqrt(2)) == pytest.approx(1.8999686, rel=1e-6)


@given(value=st.floats(0.05, 20))
@pytest.mark.parametrize(
    ("unit", "shown"), [("", "oct"), ("Q", "oct"), ("oct", "Q"), ("s", "ms"), ("", "%"), ("dB", "dB"), ("", "")]
)
def test_conversions_return_what_they_took(unit: str, shown: str, value: float) -> None:
    units = conversion(unit, shown)
    assert units is not None
    there, back = units
    assert back(there(value)) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(("unit", "shown"), [("Hz", "dB"), ("dB", "%"), ("ms", "Hz"), ("", "dB")])
def test_what_has_no_standard_conversion_has_none(unit: str, shown: str) -> None:
    assert conversion(unit, shown) is None


def test_a_law_over_seconds_and_milliseconds_is_one_law() -> None:
    law = measure_fx_display_law([(0.0, "10 ms"), (0.5, "900 ms"), (0.75, "1.4 s"), (1.0, "2.0 s")])
    assert law is not None
    assert law.unit == "ms"
    assert law.value(0.75) == pytest.approx(1400)


@pytest.mark.parametrize(
    "texts",
    [["Off", "On"], ["1 Hz", "2 dB"], ["1", "5", "3"], ["7 Hz"], []],
    ids=["words", "units", "bend", "one", "none"],
)
def test_texts_that_are_no_law_have_none(texts: list[str]) -> None:
    assert measure_fx_display_law([(i / max(len(texts) - 1, 1), text) for i, text in enumerate(texts)]) is None


@given(
    low=st.floats(-60, 60),
    width=st.floats(5, 500),
    bend=st.floats(0.4, 3),
    falling=st.booleans(),
    digits=st.integers(1, 3),
    wanted=st.floats(0, 1),
)
def test_a_wanted_value_is_displayed_within_what_the_law_says_it_leaves_open(
    low: float, width: float, bend: float, falling: bool, digits: int, wanted: float
) -> None:
    def shown(normalized: float) -> float:
        return low + width * (1 - normalized if falling else normalized) ** bend

    law = measure_fx_display_law([(n, f"{shown(n):.{digits}f} dB") for n in GRID])
    assert law is not None
    value = shown(wanted)
    normalized = law.normalized(value)
    left_open = abs(shown(min(normalized + law.uncertainty(normalized), 1)) - shown(normalized))
    cell = max(abs(shown(n + 1 / 32) - shown(n)) for n in GRID[:-1])
    assert abs(shown(normalized) - value) <= left_open + 2 * 10**-digits + 0.25 * cell


@given(
    bend=st.floats(0.6, 2.5),
    falling=st.booleans(),
    is_log=st.booleans(),
    high=st.sampled_from([20.0, 500.0, 20_000.0]),
    n=st.floats(0, 1),
)
def test_a_text_that_is_sure_is_what_the_fx_displays(
    bend: float, falling: bool, is_log: bool, high: float, n: float
) -> None:
    def shown(normalized: float) -> float:
        position = (1 - normalized if falling else normalized) ** bend
        return (high / 0.1) ** position * 0.1 if is_log else high * position

    law = measure_fx_display_law([(point, f"{shown(point):.2f} ms") for point in GRID])
    assert law is not None
    if law.is_sure(n):
        assert law.value(n) == pytest.approx(shown(n), rel=0.02, abs=0.02)


def test_a_law_that_falls_is_as_exact_as_one_that_rises() -> None:
    """Slow attacks come first here; the fast ones lie close together at the other end."""
    law = measure_fx_display_law([(n, f"{500 * (1 - n) ** 0.7:.2f} ms") for n in GRID])
    assert law is not None
    assert law.value(0.999) == pytest.approx(500 * 0.001**0.7, rel=0.01)
    assert law.normalized(500 * 0.001**0.7) == pytest.approx(0.999, abs=1e-4)
    assert law.is_sure(0.999)


def test_a_text_between_far_points_of_an_unknown_curve_is_not_sure() -> None:
    law = measure_fx_display_law([(0.0, "0.00"), (0.2, "0.10"), (0.5, "30.00"), (0.6, "31.00"), (1.0, "90.00")])
    assert law is not None
    assert law.is_sure(0.5)
    assert not law.is_sure(0.35)


@given(n=st.floats(0, 1))
@pytest.mark.parametrize(("form", "scale"), [("{:.1f} Hz", 1), ("{:.2f} kHz", 1000), ("{:+.1f} dB", 1), ("{:.2f}", 1)])
def test_an_expected_text_has_the_form_that_the_fx_uses(form: str, scale: int, n: float) -> None:
    law = measure_fx_display_law([(point, form.format((20 + 4000 * point) / scale)) for point in GRID])
    assert law is not None
    expected, exact = read_quantity(law.text(n)), read_quantity(form.format((20 + 4000 * n) / scale))
    assert expected is not None
    assert exact is not None
    assert expected.value == pytest.approx(exact.value, abs=1.5 * exact.step)
    assert law.text(n).partition(" ")[2] == form.partition(" ")[2]
