"""Log-mel frames: what a tone of known level and frequency must look like, at every sample rate."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError
from bridge.features.mel import extract_features, log_mel
from bridge.features.mel_bands import band_centres_hz, bands_below_nyquist
from bridge.features.settings import FeatureSettings

FEATURES = FeatureSettings()


def tone(frequency_hz: float, rate: int, *, level_db: float = 0.0, seconds: float = 1.0) -> np.ndarray:
    time_s = np.arange(int(rate * seconds)) / rate
    return (db_to_amplitude(level_db) * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)[None]


@settings(max_examples=25, deadline=None)
@given(
    frequency_hz=st.floats(60, 9000),
    rate=st.sampled_from([22050, 44100, 48000, 88200, 96000, 192000]),
    level_db=st.floats(-50, 0),
)
@pytest.mark.slow
def test_a_tone_shows_in_its_band_at_its_level(frequency_hz: float, rate: int, level_db: float) -> None:
    mean_db = extract_features([tone(frequency_hz, rate, level_db=level_db)], rate, FEATURES).log_mel.mean(1)
    nearest = int(np.argmin(np.abs(band_centres_hz(FEATURES) - frequency_hz)))
    assert abs(int(np.argmax(mean_db)) - nearest) <= 1
    assert level_db - 4.0 <= mean_db.max() <= level_db + 0.5  # between two bands a tone is shared by both


def test_rates_agree_on_the_same_sound() -> None:
    """The same two tones sampled at five rates give the same frames, in all bands that the lowest rate can hear."""
    heard = {
        rate: extract_features(
            [tone(220, rate, level_db=-6) + tone(5000, rate, level_db=-12)], rate, FEATURES
        ).log_mel.mean(1)
        for rate in (44100, 48000, 88200, 96000, 192000)
    }
    for mean_db in heard.values():
        loud = heard[44100] > -25  # further down lie the skirts of the window, sampled at other places
        np.testing.assert_allclose(mean_db[loud], heard[44100][loud], atol=0.5)


def test_opposite_phase_is_not_silence() -> None:
    one = tone(440, 48000, level_db=-6)
    mono = extract_features([one], 48000, FEATURES).log_mel
    stereo = extract_features([np.concatenate([one, -one])], 48000, FEATURES).log_mel
    np.testing.assert_allclose(stereo, mono, atol=1e-3)


def test_bands_above_half_the_rate_repeat_the_last_heard_one() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 22050)).astype(np.float32)
    sound = extract_features([noise], 22050, FEATURES)
    assert sound.valid_bands == bands_below_nyquist(22050, FEATURES) < FEATURES.bands
    np.testing.assert_array_equal(sound.log_mel[sound.valid_bands], sound.log_mel[sound.valid_bands - 1])


def test_silence_is_the_floor_and_short_audio_is_one_frame() -> None:
    frames = log_mel(torch.zeros(2, 100), 44100, FEATURES)
    assert frames.shape == (FEATURES.bands, 1)
    assert float(frames.max()) == pytest.approx(FEATURES.floor_db)


@pytest.mark.parametrize("rate", [8000, 384000])
def test_foreign_rates_name_the_remedy(rate: int) -> None:
    with pytest.raises(AudioError, match="Resample"):
        extract_features([np.zeros((1, 1000), np.float32)], rate, FEATURES)
