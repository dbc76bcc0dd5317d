"""The three values of a control: laws invert, displayed numbers are read, measured laws hold within a step."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import PluginError
from bridge.plugins.chain.control import Control, format_real_value, unit_of
from bridge.plugins.chain.display_law import RangeLaw, check_range, measure_display_law, parse_display


@given(
    low=st.floats(0.01, 100),
    width=st.floats(1.5, 1000),
    normalized=st.floats(-0.5, 1.5),
    scale=st.sampled_from(["linear", "log"]),
)
def test_a_range_law_inverts_inside_and_outside_of_its_range(
    low: float, width: float, normalized: float, scale: str
) -> None:
    law = RangeLaw(low=low, high=low * width, scale=scale)  # type: ignore[arg-type]
    real = law.to_real(normalized)
    if scale == "log" or real > 0:
        assert law.to_normalized(real) == pytest.approx(normalized, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("-3.5 dB", -3.5),
        ("+2", 2.0),
        ("−6.0 dB", -6.0),
        ("1.25 kHz", 1250.0),
        ("1,25 kHz", 1250.0),
        ("12,500.5 Hz", 12500.5),
        ("-inf", -math.inf),
        ("inf:1", math.inf),
        ("4.0:1", 4.0),
        ("30.070002", 30.070002),
        ("1e-3", 0.001),
        ("0,5", 0.5),
    ],
)
def test_displayed_numbers_are_read(text: str, number: float) -> None:
    assert parse_display(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "Off", "Auto", "Band 2", "—"])
def test_texts_without_a_number_are_none(text: str) -> None:
    assert parse_display(text) is None


@given(
    low=st.floats(-60, 0),
    width=st.floats(6, 120),
    bend=st.floats(0.3, 3),
    falling=st.booleans(),
    digits=st.integers(1, 3),
    target=st.floats(0, 1),
)
def test_a_measured_law_inverts_within_one_displayed_step(
    low: float, width: float, bend: float, falling: bool, digits: int, target: float
) -> None:
    def shown(normalized: float) -> float:
        position = 1 - normalized if falling else normalized
        return float(low + width * position**bend)

    law = measure_display_law([(n / 64, f"{shown(n / 64):.{digits}f} dB") for n in range(65)])
    assert law is not None
    wanted = shown(target)
    # the grid is linear between its points: the largest step between two of them bounds the error
    step = max(abs(shown(n / 64) - shown((n + 1) / 64)) for n in range(64)) + 2 * 10**-digits
    assert abs(shown(law.to_normalized(wanted)) - wanted) <= step


def test_an_infinite_end_is_left_out_of_a_law() -> None:
    law = measure_display_law([(0.0, "-inf"), (0.5, "-12.0"), (1.0, "12.0")])
    assert law is not None
    assert law.to_normalized(0.0) == pytest.approx(0.75)


@pytest.mark.parametrize("texts", [["Off", "On"], ["1", "3", "2"], ["5", "5", "5"], ["4"], []], ids=str)
def test_texts_that_are_no_monotonic_numbers_have_no_law(texts: list[str]) -> None:
    assert measure_display_law([(i / max(1, len(texts) - 1), t) for i, t in enumerate(texts)]) is None


def test_a_switch_shows_its_choices() -> None:
    law = RangeLaw(low=0, high=1)
    control = Control(slot="s", name="mode", unit="", law=law, choices=("Off", "Soft", "Hard"))
    assert [control.text(n) for n in (0.0, 0.5, 1.0)] == ["Off", "Soft", "Hard"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1250, "Hz", "1.25 kHz"),
        (80, "Hz", "80 Hz"),
        (-3.21, "dB", "-3.2 dB"),
        (2.0, "", "2"),
        (120.4, "ms", "120 ms"),
    ],
)
def test_values_are_formatted_for_people(value: float, unit: str, text: str) -> None:
    assert format_real_value(value, unit) == text


def test_units_follow_from_names() -> None:
    assert [unit_of(n) for n in ("cutoff_frequency_hz", "gain_db", "attack_ms", "ratio")] == [
        "Hz",
        "dB",
        "ms",
        "",
    ]


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [(1.0, 1.0, "linear"), (2.0, 1.0, "linear"), (0.0, 1.0, "log"), (math.nan, 1.0, "linear")],
)
def test_an_impossible_range_is_refused(low: float, high: float, scale: str) -> None:
    with pytest.raises(PluginError, match=r"eq\.gain"):
        check_range("eq.gain", low, high, scale)
