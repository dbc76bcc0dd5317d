"""The measures are measures: nothing for the same, more for more, blind to level only where they say so."""

from dataclasses import replace

import numpy as np
import pytest

from bridge.audio.measures import loudness_lufs
from bridge.audio.synthesis import synthesise
from bridge.model.hearing.features import hear
from bridge.model.manifest import FeatureSettings
from bridge.training.judging.cases import Case
from bridge.training.judging.measures import Measures, frame_distance_db, gain_to

RATE = 44100


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    return synthesise("pad", duration_s=2.0, sample_rate_hz=RATE, seed=0)


@pytest.fixture(scope="module")
def case(audio: np.ndarray) -> Case:
    return Case("pad", "match", RATE, audio, audio, None)


def test_the_main_one_counts_decibels_of_sounding_frames(audio: np.ndarray) -> None:
    assert frame_distance_db(audio, audio, RATE) == 0
    louder = frame_distance_db(audio * np.float32(10 ** (6 / 20)), audio, RATE)
    above_floor = hear([audio], RATE, FeatureSettings()).log_mel > FeatureSettings().floor_db + 6
    assert louder == pytest.approx(6.0 * float(above_floor.mean()), abs=0.5)


def test_the_same_is_no_distance_apart(case: Case, audio: np.ndarray) -> None:
    assert all(value == pytest.approx(0, abs=2e-3) for value in Measures(case).distances(audio).values())


def test_level_is_heard_raw_and_not_at_equal_loudness(case: Case, audio: np.ndarray) -> None:
    found = Measures(case).distances(np.float32(2) * audio)
    for measure in ("mel_db", "mrstft"):
        assert found[f"{measure}_equal_loudness"] < 0.1 * found[measure]
    assert found["mfcc"] < 1e-6


@pytest.mark.parametrize("measure", ["mel_db", "mel_db_equal_loudness", "mrstft", "mrstft_equal_loudness", "mfcc"])
def test_more_noise_is_farther(case: Case, audio: np.ndarray, measure: str) -> None:
    noise = np.random.default_rng(0).normal(0, 1, audio.shape).astype(np.float32)
    measures = Measures(case)
    near, far = (measures.distances(audio + np.float32(share) * noise)[measure] for share in (0.003, 0.03))
    assert 0 < near < far


def test_cases_are_judged_at_the_level_that_counts(case: Case, audio: np.ndarray) -> None:
    louder = np.float32(2) * audio
    assert Measures(case).main_db(louder) > 3
    assert Measures(replace(case, level_counts=False)).main_db(louder) < 0.1


def test_the_gain_brings_one_to_the_loudness_of_the_other(audio: np.ndarray) -> None:
    other = 0.3 * synthesise("drums", duration_s=3.0, sample_rate_hz=RATE, seed=1)
    matched = gain_to(audio, other, RATE) * audio
    assert loudness_lufs(matched, RATE) == pytest.approx(loudness_lufs(other, RATE), abs=0.05)
    assert gain_to(np.zeros_like(audio), other, RATE) == 1
