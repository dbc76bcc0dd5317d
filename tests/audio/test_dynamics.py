"""How uneven a level is, by what is known beforehand."""

import numpy as np
import pytest

from bridge.audio.dynamics import active_moments, momentary_rms_db, unevenness_db
from bridge.decibels import amplitude_to_db, db_to_amplitude

RATE = 22050


def tone(seconds: float = 8.0, level: float = 0.1) -> np.ndarray:
    return (level * np.sin(np.arange(round(seconds * RATE)) / 10)).astype(np.float32)[None]


@pytest.mark.parametrize("step_db", [6.0, 12.0])
def test_a_step_between_two_halves_measures_half_of_it(step_db: float) -> None:
    halves = np.concatenate([tone(20.0), tone(20.0) * np.float32(db_to_amplitude(step_db))], axis=1)
    assert unevenness_db(halves, RATE) == pytest.approx(step_db / 2, rel=0.02)


def test_pauses_have_no_level_and_gain_does_not_count() -> None:
    sound = np.concatenate([tone(2.0), np.zeros((1, 2 * RATE), np.float32), tone(2.0)], axis=1)
    levels = momentary_rms_db(sound, RATE)
    assert not active_moments(levels)[round(2.3 / 0.1)]
    assert unevenness_db(4 * sound, RATE) == pytest.approx(unevenness_db(sound, RATE), abs=1e-3)


def test_less_than_one_window_has_one_level() -> None:
    assert momentary_rms_db(tone(0.1), RATE).shape == (1,)
    assert momentary_rms_db(tone(0.1), RATE)[0] == pytest.approx(amplitude_to_db(0.1) - 3.01, abs=0.1)
