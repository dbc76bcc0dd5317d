"""Where the guard steers to: one profile, or the nearest of a bank of good sounds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.aim import NEIGHBOURS, BankAim, ProfileAim
from bridge.model.manifest import FeatureSettings
from bridge.model.profile import SoundProfile

FEATURES = FeatureSettings()


def bank(count: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    profiles = np.stack([generator.normal(-40, 10, (count, 64)), generator.uniform(2, 8, (count, 64))], axis=1)
    return profiles.astype(np.float32)


@settings(deadline=None)
@given(gain_db=st.floats(-20, 20), member=st.integers(0, 39))
def test_a_bank_judges_at_any_level(gain_db: float, member: int) -> None:
    profiles = bank(40)
    aim = BankAim(profiles, FEATURES)
    mean, spread = profiles[member]
    plain, louder = (aim.distance_db(SoundProfile(mean + shift, spread, 64)) for shift in (0.0, np.float32(gain_db)))
    assert abs(plain - louder) < 1e-3


def test_a_bank_is_the_mean_of_the_nearest_profiles() -> None:
    profiles = bank(30)
    sound = SoundProfile(*bank(1, seed=9)[0], 64)
    single = [
        ProfileAim(SoundProfile(mean, spread, 64), FEATURES, level_counts=False).distance_db(sound)
        for mean, spread in profiles
    ]
    expected = np.mean(sorted(single)[:NEIGHBOURS])
    assert np.isclose(BankAim(profiles, FEATURES).distance_db(sound), expected, atol=1e-3)


def test_a_small_bank_is_used_whole() -> None:
    profiles = bank(2)
    sound = SoundProfile(*profiles[0], 64)
    assert 0 < BankAim(profiles, FEATURES).distance_db(sound) < 20


def test_with_level_a_louder_copy_is_far_away() -> None:
    mean, spread = bank(1)[0]
    target, louder = SoundProfile(mean, spread, 64), SoundProfile(mean + 6, spread, 64)
    assert np.isclose(ProfileAim(target, FEATURES, level_counts=True).distance_db(louder), 6.0, atol=1e-3)
    assert ProfileAim(target, FEATURES, level_counts=False).distance_db(louder) < 1e-3
