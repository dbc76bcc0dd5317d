"""Levels that go astray: within their depth, audibly, never beyond full scale, the same from the same seed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.dynamics import unevenness_db
from bridge.training.data.gain_disturbance import DEPTH_DB, disturb_gain, gain_curve

RATE = 22050


def tone(seconds: float = 8.0, level: float = 0.1) -> np.ndarray:
    return (level * np.sin(np.arange(round(seconds * RATE)) / 10)).astype(np.float32)[None]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), duration_s=st.floats(0.5, 20))
def test_curves_stay_within_their_depth_and_reach_the_end(seed: int, duration_s: float) -> None:
    times_s, gains_db = gain_curve(duration_s, np.random.default_rng(seed))
    assert np.all(np.diff(times_s) >= 0) and times_s[0] == 0
    assert np.abs(gains_db).max() <= DEPTH_DB
    assert np.all(gains_db[::2] == gains_db[1::2]), "each level is held, then left"


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), level=st.floats(0.001, 0.9))
def test_a_disturbed_recording_is_uneven_and_is_within_full_scale(seed: int, level: float) -> None:
    uneven = disturb_gain(tone(level=level), RATE, np.random.default_rng(seed))
    assert np.abs(uneven).max() < 1
    assert unevenness_db(uneven, RATE) > 1.5
    np.testing.assert_array_equal(uneven, disturb_gain(tone(level=level), RATE, np.random.default_rng(seed)))
