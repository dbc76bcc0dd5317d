"""Profiles and their distance: gain, pauses, and what a band cannot hear."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bridge.features.profile import SoundFeatures, SpectralProfile, profile_distance_db


def profile(seed: int, *, valid_bands: int = 64, shift_db: float = 0.0) -> SpectralProfile:
    generator = np.random.default_rng(seed)
    mean = (generator.normal(-40, 10, 64) + shift_db).astype(np.float32)
    return SpectralProfile(mean, generator.uniform(2, 8, 64).astype(np.float32), valid_bands)


@given(first=st.integers(0, 99), second=st.integers(0, 99), counts=st.booleans())
def test_distance_is_symmetric_and_zero_for_itself(first: int, second: int, counts: bool) -> None:
    a, b = profile(first), profile(second)
    assert profile_distance_db(a, a, loudness_counts=counts) == 0
    assert np.isclose(
        profile_distance_db(a, b, loudness_counts=counts), profile_distance_db(b, a, loudness_counts=counts), atol=1e-4
    )


@given(seed=st.integers(0, 99), gain_db=st.floats(-20, 20))
def test_a_louder_copy_differs_by_its_gain_or_not_at_all(seed: int, gain_db: float) -> None:
    plain, louder = profile(seed), profile(seed, shift_db=gain_db)
    assert np.isclose(profile_distance_db(louder, plain, loudness_counts=True), abs(gain_db), atol=1e-3)
    assert profile_distance_db(louder, plain, loudness_counts=False) < 1e-3


def test_pauses_do_not_count() -> None:
    frames = np.random.default_rng(1).normal(-30, 3, (64, 200)).astype(np.float32)
    with_pauses = np.concatenate([frames, np.full((64, 300), -90, np.float32)], axis=1)
    plain, paused = SoundFeatures(frames, 64).profile, SoundFeatures(with_pauses, 64).profile
    np.testing.assert_allclose(paused.mean_db, plain.mean_db, atol=1e-3)
    np.testing.assert_allclose(paused.spread_db, plain.spread_db, atol=1e-3)


def test_bands_that_one_side_cannot_hear_are_left_out() -> None:
    full, half = profile(3), profile(3, valid_bands=40)
    full.mean_db[40:] += 30
    assert profile_distance_db(full, half, loudness_counts=True) == 0
