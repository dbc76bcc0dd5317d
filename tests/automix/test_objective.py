"""Where the guard steers to: a profile, what counts as an improvement, and the veto of good recordings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.automix.objective import LEAST_DB, Objective, prediction_objective, reference_objective
from bridge.features.profile import SpectralProfile
from bridge.features.settings import FeatureSettings

FEATURES = FeatureSettings()


def bank(count: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    profiles = np.stack([generator.normal(-40, 10, (count, 64)), generator.uniform(2, 8, (count, 64))], axis=1)
    return profiles.astype(np.float32)


def sound(pair: np.ndarray, shift_db: float = 0.0) -> SpectralProfile:
    return SpectralProfile(pair[0] + np.float32(shift_db), pair[1], 64)


def aim(profiles: np.ndarray) -> Objective:
    return prediction_objective(sound(profiles[0]), FEATURES, profiles)


@settings(deadline=None)
@given(gain_db=st.floats(-20, 20), member=st.integers(0, 9))
def test_a_gain_is_never_vetoed(gain_db: float, member: int) -> None:
    profiles = np.round(bank(10))  # whole decibels: a shift leaves no rounding behind
    moved = sound(profiles[member], float(round(gain_db)))
    distances = [aim(profiles)._reference_distance_db(one) for one in (sound(profiles[member]), moved)]
    assert abs(distances[0] - distances[1]) < 1e-3


def test_moving_towards_a_good_recording_is_permitted_and_away_is_not() -> None:
    profiles, stranger = bank(10), bank(1, seed=9)[0]
    nearer = 0.5 * stranger + 0.5 * profiles[3]
    assert aim(profiles).permits(sound(stranger), sound(nearer))
    assert not aim(profiles).permits(sound(nearer), sound(stranger))


def test_without_a_bank_nothing_is_vetoed() -> None:
    first, second = bank(2)
    plain = prediction_objective(sound(first), FEATURES, None)
    assert plain.permits(sound(first), sound(second)) and plain.permits(sound(second), sound(first))


def test_a_small_bank_is_used_whole() -> None:
    profiles = bank(2)
    assert 0 < aim(profiles)._reference_distance_db(sound(profiles[0])) < 20


@given(before_db=st.floats(0, 50), share=st.floats(0, 1))
def test_an_improvement_is_never_smaller_than_the_least(before_db: float, share: float) -> None:
    profiles = bank(1)
    for one in (aim(profiles), reference_objective(sound(profiles[0]), FEATURES)):
        assert one.needed_db(before_db, share) <= before_db - LEAST_DB
        assert one.needed_db(before_db, 1.0) <= one.needed_db(before_db, share) + 1e-9


def test_with_a_reference_a_louder_copy_is_far_away_and_without_it_is_not() -> None:
    pair = bank(1)[0]
    louder = sound(pair, 6.0)
    assert np.isclose(reference_objective(sound(pair), FEATURES).distance_db(louder), 6.0, atol=1e-3)
    assert prediction_objective(sound(pair), FEATURES, None).distance_db(louder) < 1e-3
