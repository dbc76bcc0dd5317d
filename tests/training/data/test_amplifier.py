"""The demonstration's amplifier: nonlinear, deterministic, the same at every rate, late and turned over as told."""

import numpy as np
import pytest

from bridge.audio.resampling import resample_to
from bridge.audio.synthesis import synthesise
from bridge.decibels import amplitude_to_db, db_to_amplitude
from bridge.training.data.amplifier import Amplifier

RATE = 44100


def tone(hertz: float, level_db: float, rate: int = RATE, seconds: float = 1.0) -> np.ndarray:
    time_s = np.arange(round(seconds * rate)) / rate
    return (db_to_amplitude(level_db) * np.sin(2 * np.pi * hertz * time_s)).astype(np.float32)[None]


def partials_db(audio: np.ndarray, hertz: int, count: int = 6) -> np.ndarray:
    """Levels of the first partials of the last half second, relative to the first."""
    settled = audio[0, -RATE // 2 :]
    spectrum = np.abs(np.fft.rfft(settled * np.hanning(settled.size)))
    bins = [round(number * hertz * settled.size / RATE) for number in range(1, count + 1)]
    levels = amplitude_to_db(np.array([spectrum[b - 2 : b + 3].max() for b in bins]), floor=1e-12)
    return levels - levels[0]


def test_it_distorts_the_more_the_louder_and_unlike_on_both_sides() -> None:
    soft, loud = (partials_db(Amplifier().play(tone(220, level), RATE), 220) for level in (-50, -10))
    assert max(soft[1:]) < -45
    assert loud[1] > -30, "even partials: the half waves clip unlike"
    assert loud[2] > -20
    louder_by = [
        np.ptp(Amplifier().play(tone(220, level + 20), RATE)) / np.ptp(Amplifier().play(tone(220, level), RATE))
        for level in (-60, -20)
    ]
    assert louder_by[0] == pytest.approx(10, rel=0.1), "clean at low levels"
    assert louder_by[1] < 3, "compressed at high ones"


def test_the_supply_sags_under_load_and_recovers() -> None:
    soft, hard = tone(220, -30, seconds=0.5), tone(220, 0, seconds=0.5)
    made = Amplifier().play(np.concatenate([soft, hard, soft], axis=1), RATE)
    levels = [np.std(made[0, round(start * RATE) : round((start + 0.05) * RATE)]) for start in (0.4, 1.03, 1.4)]
    assert levels[1] < 0.96 * levels[0], "weaker right after the load"
    assert levels[2] == pytest.approx(levels[0], rel=0.01), "and as before a little later"


def test_it_is_deterministic_and_stays_finite_whatever_comes() -> None:
    generator = np.random.default_rng(0)
    for rate in (22050, 44100, 48000, 96000):
        for audio in (generator.normal(0, 3, (2, rate // 2)), np.zeros((1, 100)), np.eye(1, rate // 4)):
            one, two = (Amplifier().play(audio.astype(np.float32), rate) for _ in range(2))
            np.testing.assert_array_equal(one, two)
            assert one.shape == audio.shape
            assert np.isfinite(one).all() and np.abs(one).max() < 4
    assert not Amplifier().play(np.zeros((1, 1000), np.float32), RATE).any()


@pytest.mark.parametrize("rate", [22050, 48000, 96000])
def test_it_is_the_same_amplifier_at_every_rate(rate: int) -> None:
    dry = synthesise("strings", duration_s=2.0, sample_rate_hz=RATE, seed=0)
    there = Amplifier().play(resample_to(dry[0], 2 * rate)[None], rate)[0]
    below = min(RATE, rate)
    here = resample_to(
        Amplifier().play(resample_to(resample_to(dry[0], 2 * below), 2 * RATE)[None], RATE)[0], 2 * below
    )
    back = resample_to(there, 2 * below)
    inner = slice(below // 4, -below // 4)
    error = np.sqrt(np.mean((back - here)[inner] ** 2) / np.mean(here[inner] ** 2))
    assert error < 0.02


def test_what_clipping_adds_hardly_folds_back() -> None:
    """A tone whose partials pass half the rate: next to nothing may lie between those below it."""
    made = Amplifier().play(tone(5010, -20), RATE)[0, RATE // 4 : RATE // 4 + RATE // 2]
    spectrum = amplitude_to_db(np.abs(np.fft.rfft(made * np.hanning(made.size) ** 2)), floor=1e-9)
    hertz = np.fft.rfftfreq(made.size, 1 / RATE)
    between = (hertz > 100) & (np.abs(hertz % 5010 - 2505) < 2300)
    assert spectrum[between].max() < spectrum.max() - 50


def test_delay_and_polarity_are_as_told() -> None:
    dry = synthesise("bass", duration_s=1.0, sample_rate_hz=RATE, seed=0)
    plain, moved = Amplifier().play(dry, RATE), Amplifier(delay_samples=321, is_inverted=True).play(dry, RATE)
    np.testing.assert_allclose(moved[:, 321:], -plain[:, :-321], atol=1e-7)
    assert not moved[:, :321].any()
