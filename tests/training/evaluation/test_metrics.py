"""The measures are measures: nothing for the same, more for more, blind to level only where they say so."""

from dataclasses import replace

import numpy as np
import pytest

from bridge.audio.loudness import loudness_lufs
from bridge.audio.synthesis import synthesise
from bridge.decibels import db_to_amplitude
from bridge.features.mel import extract_features
from bridge.features.settings import FeatureSettings
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.metrics import EvaluationMetrics, frame_distance_db, gain_to_match

RATE = 44100


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    return synthesise("pad", duration_s=2.0, sample_rate_hz=RATE, seed=0)


@pytest.fixture(scope="module")
def case(audio: np.ndarray) -> EvaluationCase:
    return EvaluationCase("pad", "match", RATE, audio, audio, None)


def test_the_main_one_counts_decibels_of_sounding_frames(audio: np.ndarray) -> None:
    assert frame_distance_db(audio, audio, RATE) == 0
    louder = frame_distance_db(audio * np.float32(db_to_amplitude(6)), audio, RATE)
    above_floor = extract_features([audio], RATE, FeatureSettings()).log_mel > FeatureSettings().floor_db + 6
    assert louder == pytest.approx(6.0 * float(above_floor.mean()), abs=0.5)


def test_the_same_is_no_distance_apart(case: EvaluationCase, audio: np.ndarray) -> None:
    distances = EvaluationMetrics(case).distances(audio)
    assert all(value == pytest.approx(0, abs=2e-3) for value in distances.values())
    assert distances["mrstft"] < 1e-4


def test_level_is_heard_raw_and_not_at_equal_loudness(case: EvaluationCase, audio: np.ndarray) -> None:
    found = EvaluationMetrics(case).distances(np.float32(2) * audio)
    for measure in ("mel_db", "mrstft"):
        assert found[f"{measure}_equal_loudness"] < 0.1 * found[measure]
    assert found["mfcc"] < 1e-6


@pytest.mark.parametrize("measure", ["mel_db", "mel_db_equal_loudness", "mrstft", "mrstft_equal_loudness", "mfcc"])
@pytest.mark.slow
def test_more_noise_is_farther(case: EvaluationCase, audio: np.ndarray, measure: str) -> None:
    noise = np.random.default_rng(0).normal(0, 1, audio.shape).astype(np.float32)
    measures = EvaluationMetrics(case)
    near, far = (measures.distances(audio + np.float32(share) * noise)[measure] for share in (0.003, 0.03))
    assert 0 < near < far


def test_cases_are_scored_at_the_loudness_that_counts(case: EvaluationCase, audio: np.ndarray) -> None:
    louder = np.float32(2) * audio
    assert EvaluationMetrics(case).main_db(louder) > 3
    assert EvaluationMetrics(replace(case, loudness_counts=False)).main_db(louder) < 0.1


def test_the_gain_brings_one_to_the_loudness_of_the_other(audio: np.ndarray) -> None:
    other = 0.3 * synthesise("drums", duration_s=3.0, sample_rate_hz=RATE, seed=1)
    matched = gain_to_match(audio, other, RATE) * audio
    assert loudness_lufs(matched, RATE) == pytest.approx(loudness_lufs(other, RATE), abs=0.05)
    assert gain_to_match(np.zeros_like(audio), other, RATE) == 1
