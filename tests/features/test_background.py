"""What lies behind a sound: noise in pauses and rumble below a voice are found; what rings off is no such thing."""

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.decibels import db_to_amplitude
from bridge.features.background import BackgroundLift, background_lift
from bridge.features.mel import extract_features
from bridge.features.settings import FeatureSettings
from tests.support.synthetic_speech import synthetic_speech

RATE = 44100
VOICE = synthetic_speech(3, count=5)[None]
NOISE = 3e-3 * np.random.default_rng(0).standard_normal(VOICE.shape).astype(np.float32)
HUM = (3e-3 * np.sin(2 * np.pi * 40 * np.arange(VOICE.shape[1]) / RATE)).astype(np.float32)[None]


def lift(before: np.ndarray, after: np.ndarray) -> BackgroundLift:
    was, now = (extract_features([audio], RATE, FeatureSettings()) for audio in (before, after))
    return background_lift(was, now, FeatureSettings())


def louder(audio: np.ndarray, by_db: float) -> np.ndarray:
    return audio * np.float32(db_to_amplitude(by_db))


@pytest.mark.parametrize("by_db", [-4.0, 0.0, 6.0])
def test_noise_in_pauses_is_measured_beside_the_voice(by_db: float) -> None:
    assert lift(VOICE + NOISE, VOICE + louder(NOISE, by_db)).noise_db == pytest.approx(by_db, abs=0.5)
    assert lift(VOICE + NOISE, louder(VOICE + louder(NOISE, by_db), -9.0)).noise_db == pytest.approx(by_db, abs=0.5)


def test_rumble_below_a_voice_is_measured_beside_it() -> None:
    high = synthetic_speech(5, count=5)[None]
    high = np.diff(high, n=2, prepend=0, append=0).astype(np.float32)  # nothing of it lies below 80 Hz
    hum = np.resize(HUM, high.shape)
    found = lift(high + hum, high + louder(hum, 9.0))
    assert found.rumble_db == pytest.approx(9.0, abs=1.0)
    assert lift(high + hum, louder(high + hum, 9.0)).rumble_db == pytest.approx(0.0, abs=0.2)


def test_a_voice_without_noise_has_no_background() -> None:
    assert lift(VOICE, louder(VOICE, 6.0)) == BackgroundLift(0.0, 0.0)


def test_noise_that_nobody_hears_does_not_count() -> None:
    faint = louder(NOISE, -60.0)
    assert lift(VOICE + faint, VOICE + louder(faint, 12.0)).noise_db == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("kind", ["drums", "bass", "strings", "pad"])
def test_what_rings_off_or_sounds_throughout_is_part_of_the_sound(kind: str) -> None:
    """As a compressor lifts it: the softer, the more, by up to 6 dB."""
    audio = synthesise(kind, duration_s=5.0, sample_rate_hz=RATE, seed=2)
    size = np.sqrt(np.convolve(np.mean(audio**2, axis=0), np.full(2048, 1 / 2048), "same"))
    compressed = audio * (np.maximum(size, 1e-6) / size.max()) ** -0.15
    assert lift(audio, compressed.astype(np.float32)).noise_db <= 3.0
