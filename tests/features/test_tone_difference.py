"""What differs between two recordings is told from what is played, as far as it can be."""

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.features.mel import extract_features
from bridge.features.profile import SoundFeatures
from bridge.features.settings import FeatureSettings
from bridge.features.tone_difference import ToneDifference, estimate_tone_difference

RATE = 44100
FEATURES = FeatureSettings()


def features_of(audio: np.ndarray) -> SoundFeatures:
    return extract_features([audio], RATE, FEATURES)


def difference_of(sound: np.ndarray, reference: np.ndarray) -> ToneDifference:
    found = estimate_tone_difference(features_of(sound), features_of(reference), FEATURES)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def playing() -> np.ndarray:
    return 0.25 * synthesise("strings", duration_s=8.0, sample_rate_hz=RATE, seed=3)


def test_a_gain_is_found_where_nothing_else_differs(playing: np.ndarray) -> None:
    found = difference_of(playing, 2 * playing)
    sounding = features_of(playing).profile.mean_db > -60.0  # above the floor of the features
    assert sounding.sum() > 10
    np.testing.assert_allclose(found.mean_db[sounding], 6.02, atol=1.0)


def test_what_playing_explains_is_shrunk_away() -> None:
    """Sparse drums: the halves differ by what is played alone."""
    drums = 0.25 * synthesise("drums", duration_s=8.0, sample_rate_hz=RATE, seed=5)
    first, second = np.array_split(drums, 2, axis=1)
    found = difference_of(first, second)
    raw = features_of(second).profile.mean_db - features_of(first).profile.mean_db
    assert np.abs(found.mean_db).mean() < 0.7 * np.abs(raw).mean()


def test_steadier_recordings_are_surer(playing: np.ndarray) -> None:
    swelling = playing * np.linspace(0.05, 1.0, playing.shape[1], dtype=np.float32)
    steady, moving = difference_of(playing, playing), difference_of(swelling, playing)
    assert steady.spread_db.mean() < moving.spread_db.mean()
    assert steady.certainty < 0.5, "nothing differs: nothing is to be done"


def test_what_the_plugins_do_now_is_taken_off(playing: np.ndarray) -> None:
    played_db = np.full(FEATURES.bands, 6.0, dtype=np.float32)
    found = estimate_tone_difference(features_of(playing), features_of(2 * playing), FEATURES, played_db=played_db)
    assert found is not None and np.abs(found.mean_db[features_of(playing).profile.mean_db > -60.0]).max() < 1.0


def test_too_short_a_sound_says_nothing(playing: np.ndarray) -> None:
    click = features_of(playing[:, : RATE // 10])
    assert estimate_tone_difference(click, features_of(playing), FEATURES) is None
