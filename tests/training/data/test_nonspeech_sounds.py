"""Breaths, clicks and pops by their physical properties."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.training.data.nonspeech_sounds import BREATHS, CLICKS, POPS, families, nonspeech_sound

RATE = 44100
SIDES = ("train", "test")


def drawn(kind, side="train", *, rate=RATE, count=24, seed=0):
    generator = np.random.default_rng(seed)
    return [nonspeech_sound(kind, generator, sample_rate_hz=rate, side=side) for _ in range(count)]


def share_below(wave, rate, cutoff_hz):
    size = 1 << (wave.size - 1).bit_length()
    power = np.abs(np.fft.rfft(wave, size)) ** 2
    return power[np.fft.rfftfreq(size, 1 / rate) < cutoff_hz].sum() / power.sum()


def centre_of_energy(wave):
    power = np.square(wave, dtype=np.float64)
    return float((power * np.linspace(0, 1, wave.size)).sum() / power.sum())


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("kind", "shortest_s", "longest_s"),
    [("inhale", 0.15, 0.9), ("exhale", 0.15, 0.9), ("click", 0.002, 0.02), ("pop", 0.04, 0.12)],
)
def test_sounds_last_as_long_as_real_ones(kind, side, shortest_s, longest_s):
    lengths_s = [wave.size / RATE for wave in drawn(kind, side)]
    assert min(lengths_s) >= shortest_s - 1e-4 and max(lengths_s) <= longest_s + 1e-4
    assert all(np.abs(wave).max() == pytest.approx(1.0) for wave in drawn(kind, side))


@pytest.mark.parametrize("side", SIDES)
def test_an_inhaled_breath_grows_and_an_exhaled_one_dies_away(side):
    grown = np.median([centre_of_energy(wave) for wave in drawn("inhale", side)])
    died = np.median([centre_of_energy(wave) for wave in drawn("exhale", side)])
    assert grown > 0.5 > died + 0.1


@pytest.mark.parametrize("side", SIDES)
def test_a_breath_is_noise_shaped_by_formants_and_no_tone(side):
    for wave in drawn("inhale", side, count=8):
        power = np.abs(np.fft.rfft(wave)) ** 2
        assert power.max() / power.sum() < 0.1
        assert share_below(wave, RATE, 100) < 0.01
        assert share_below(wave, RATE, 10000) > 0.8


@pytest.mark.parametrize("side", SIDES)
def test_a_pop_is_a_rumble_and_a_click_is_none(side):
    assert min(share_below(wave, RATE, 300) for wave in drawn("pop", side)) > 0.9
    assert max(share_below(wave, RATE, 300) for wave in drawn("click", side)) < 0.3


@pytest.mark.parametrize("kind", ["inhale", "exhale", "click", "pop"])
def test_nothing_begins_or_ends_with_a_step(kind):
    for wave in drawn(kind):
        assert abs(wave[-1]) < 0.02
        assert abs(wave[0]) < 0.02


@pytest.mark.parametrize("kind", ["inhale", "exhale", "click", "pop"])
def test_no_family_is_on_two_sides(kind):
    assert families(kind, "train") and families(kind, "test")
    assert not set(families(kind, "train")) & set(families(kind, "test"))


def test_every_family_has_a_spectrum_of_its_own():
    shapes = [family.formants for family in BREATHS]
    assert len(set(shapes)) == len(BREATHS)
    assert len({family.resonances_hz for family in CLICKS}) == len(CLICKS)
    assert len({family.swing_hz for family in POPS}) == len(POPS)


@pytest.mark.parametrize("kind", ["inhale", "click", "pop"])
@pytest.mark.slow
def test_a_sound_has_the_same_spectrum_at_every_rate(kind):
    shares = []
    for rate in (44100, 48000, 96000):
        waves = drawn(kind, rate=rate, count=100 if kind == "inhale" else 500, seed=3)
        cutoff_hz = 90 if kind == "pop" else 2500
        shares.append(np.mean([share_below(wave, rate, cutoff_hz) for wave in waves]))
    assert max(shares) - min(shares) < 0.13


def test_a_breath_ends_in_the_time_there_is():
    generator = np.random.default_rng(1)
    for _ in range(20):
        wave = nonspeech_sound("exhale", generator, sample_rate_hz=RATE, side="train", longest_s=0.2)
        assert wave.size <= 0.2 * RATE + 1


def test_the_same_generator_draws_the_same_sound():
    first, second = (drawn("inhale", count=1, seed=7)[0] for _ in range(2))
    assert np.array_equal(first, second)
