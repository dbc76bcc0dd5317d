"""lib/track/displayed_value.lua: whether two displayed texts say the same."""

from collections.abc import Callable
from typing import Any

import pytest

ALIKE = [
    ("-12.0 dB", "-12.0 dB"),
    ("12.0 ms", "12.1 ms"),  # one step of the display
    ("12.00 ms", "12.22 ms"),  # two percent
    ("-0.15 dB", "0.03"),  # two percent of an amplitude
    ("1.00 kHz", "1004.3 Hz"),
    ("1,5 kHz", "1500"),
    ("1,250.0 Hz", "1250 Hz"),
    ("0.25 s", "250 ms"),
    ("4.000:1", "4.01:1"),
    ("-inf", "-inf dB"),
    ("-inf", "-120.0 dB"),
    ("−∞ dB", "-inf"),
    ("DISABLED: -inf", "-120.0 dB"),
    ("DÉSACTIVÉ : 1,5 kHz", "1500 Hz"),
    ("+0.00 dB", "0.00"),
    ("On", "Off"),  # no numbers: nothing to compare
    ("", "-3.0 dB"),
    ("2.00 oct", "0.67 Q"),  # units that are not the same
]
DIFFERENT = [
    ("-12.0 dB", "-12.5 dB"),
    ("-12.0 dB", "12.0 dB"),
    ("1.00 kHz", "1.10 kHz"),
    ("1.00 kHz", "1.00 Hz"),
    ("100", "103.0"),
    ("-0.15", "0.03"),
    ("-inf", "-6.0 dB"),
    ("inf", "-inf"),
    ("DISABLED: -inf", "-6.0 dB"),
    ("−3.0 dB", "3.0"),
]


@pytest.mark.parametrize(("shown", "expected"), [*ALIKE, *DIFFERENT])
def test_texts_are_compared_by_their_numbers(module: Callable[[str], Any], shown: str, expected: str) -> None:
    display = module("track.displayed_value")
    is_alike = (shown, expected) in ALIKE
    assert display.agree(shown.encode(), expected.encode()) is is_alike
    assert display.agree(expected.encode(), shown.encode()) is is_alike


def test_slack_is_what_a_tolerance_leaves_open(module: Callable[[str], Any]) -> None:
    display = module("track.displayed_value")
    assert display.distance(b"1.0 kHz", b"1050 Hz") == 50.0
    assert display.distance(b"On", b"Off") == 0
    assert not display.agree(b"1000 Hz", b"1050 Hz")
    assert display.agree(b"1000 Hz", b"1050 Hz", 50.0)
