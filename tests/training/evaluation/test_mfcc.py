"""The original's measure: what it hears, and what it must not be trusted with."""

import numpy as np
import pytest
from scipy import fft, signal

from bridge.audio.synthesis import synthesise
from bridge.decibels import amplitude_to_db
from bridge.training.evaluation.mfcc import BANDS, RANGE_DB, mfcc, mfcc_cosine

RATE_HZ = 22_050
Audio = np.ndarray


@pytest.fixture(scope="module")
def voice() -> Audio:
    """Something with dynamics and a spectrum of its own, (1, samples)."""
    return synthesise("drums", duration_s=4.0, sample_rate_hz=RATE_HZ, seed=3)[:1]


def filtered(audio: Audio, hertz: float, kind: str) -> Audio:
    sections = signal.butter(2, hertz, kind, fs=RATE_HZ, output="sos")
    return signal.sosfilt(sections, audio).astype(np.float32)


def halved_dynamics(audio: Audio) -> Audio:
    """A compressor of 2:1 over all levels, 10 ms fast."""
    level = np.sqrt(signal.sosfiltfilt(signal.butter(2, 20, fs=RATE_HZ, output="sos"), np.square(audio)).clip(1e-8))
    return (audio / np.sqrt(level)).astype(np.float32)


def notch(audio: Audio) -> Audio:
    """500 Hz gone, at a width of 50 Hz."""
    return signal.lfilter(*signal.iirnotch(500, 10, RATE_HZ), audio).astype(np.float32)


def test_the_transform_is_the_known_one(voice: Audio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 13 coefficients are the orthonormal DCT-II of the bands in dB."""
    seen, dct = [], fft.dct
    monkeypatch.setattr(fft, "dct", lambda rows, **how: (seen.append(rows), dct(rows, **how))[1])
    coefficients = mfcc(voice[0].astype(np.float64), RATE_HZ)
    assert coefficients.shape == (13, voice.shape[1] // 256 + 1)
    k, n = np.arange(13)[:, None], np.arange(BANDS)
    cosines = np.sqrt(2 / BANDS) * np.cos(np.pi * (2 * n + 1) * k / (2 * BANDS))
    cosines[0] = np.sqrt(1 / BANDS)
    np.testing.assert_allclose(coefficients, cosines @ seen[0], atol=1e-9)
    mean_db = coefficients[0] / np.sqrt(BANDS)  # of all bands, as the transform is orthonormal
    assert -RANGE_DB <= mean_db.min() < -20 and -40 < mean_db.max() < 0


def test_the_same_is_no_distance_apart(voice: Audio) -> None:
    assert mfcc_cosine(voice, voice, RATE_HZ) == pytest.approx(0, abs=1e-12)


def test_a_wrong_tone_is_heard(voice: Audio) -> None:
    for hertz in (8_000, 4_000, 800):
        assert 0.03 < mfcc_cosine(filtered(voice, hertz, "low"), voice, RATE_HZ) < 1


def test_noise_is_far_from_music(voice: Audio) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, voice.shape).astype(np.float32)
    assert mfcc_cosine(noise, voice, RATE_HZ) > 0.3


def test_weakness_a_wrong_gain_is_not_heard(voice: Audio) -> None:
    assert mfcc_cosine(voice / 8, voice, RATE_HZ) < 1e-6


def test_weakness_more_of_a_fault_is_not_more(voice: Audio) -> None:
    """Drums without anything above 800 Hz are no farther from the drums than with everything up to 4 kHz."""
    mild, strong = (mfcc_cosine(filtered(voice, hertz, "low"), voice, RATE_HZ) for hertz in (4_000, 800))
    assert strong < 1.1 * mild


def test_weakness_lost_dynamics_are_hardly_heard(voice: Audio) -> None:
    """Half of all dynamics gone, moments wrong by many dB: half as far as a low-pass at 8 kHz."""
    squashed = halved_dynamics(voice)
    before, after = (
        amplitude_to_db(np.abs(s[0, : 80 * 1024]).reshape(80, -1).mean(1), floor=1e-4) for s in (voice, squashed)
    )
    assert np.std(before - after) > 2.5
    assert mfcc_cosine(squashed, voice, RATE_HZ) < 0.6 * mfcc_cosine(filtered(voice, 8_000, "low"), voice, RATE_HZ)


def test_weakness_a_notch_is_hardly_heard(voice: Audio) -> None:
    assert mfcc_cosine(notch(voice), voice, RATE_HZ) < 0.02


def test_weakness_what_the_channels_do_to_each_other_is_not_heard(voice: Audio) -> None:
    wide = np.concatenate([voice * 1.5, voice * 0.5])
    assert mfcc_cosine(wide, np.repeat(voice, 2, axis=0), RATE_HZ) < 1e-6


def test_silence_is_a_number() -> None:
    silence, noise = np.zeros((1, 9_000), np.float32), np.ones((1, 9_000), np.float32)
    assert mfcc_cosine(silence, silence, RATE_HZ) == pytest.approx(0, abs=1e-9)
    assert np.isfinite(mfcc_cosine(silence, noise, RATE_HZ))
    assert np.isfinite(mfcc_cosine(noise[:, :100], noise, RATE_HZ))
