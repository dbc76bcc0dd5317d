"""Metrics of events and words, on sounds for which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.decibels import db_to_amplitude
from bridge.training.data.scenes import Scene, SceneEvent
from bridge.training.evaluation.nonspeech_metrics import SceneCase, event_results, scene_metrics, speech_changes_db

RATE = 48000


@pytest.fixture
def scene():
    """Two words of tone, a breath of noise between them, a floor below."""
    generator = np.random.default_rng(0)
    time_s = np.arange(3 * RATE) / RATE
    word = ((time_s < 1) | (time_s >= 2)) * 0.3 * np.sin(2 * np.pi * 200 * time_s)
    truth = (word + 1e-4 * generator.normal(size=time_s.size)).astype(np.float32)[None]
    added = (((time_s >= 1.2) & (time_s < 1.6)) * 0.02 * generator.normal(size=time_s.size)).astype(np.float32)[None]
    return Scene(truth + added, truth, added, RATE, (SceneEvent("inhale", 1.2, 1.6),), ((0.0, 1.0), (2.0, 3.0)))


def test_what_is_left_alone_is_missed(scene):
    found = scene_metrics(scene, scene.audio)
    assert found["events_down_db"] == pytest.approx(0.0, abs=1e-6)
    assert found["events_missed"] == 1.0
    assert found["speech_damaged"] == 0.0
    assert found["speech_error_db"] == -100.0


def test_an_event_attenuated_by_20_db_is_down_by_20_db(scene):
    made = scene.truth + 0.1 * scene.added
    assert [round(one.down_db, 1) for one in event_results(scene, made)] == [20.0]
    assert scene_metrics(scene, made)["events_missed"] == 0.0


def test_words_that_are_1_db_softer_are_damaged(scene):
    made = scene.audio.copy()
    made[:, : RATE // 1] *= np.float32(db_to_amplitude(-1))
    assert speech_changes_db(scene, made) == pytest.approx([1.0, 0.0], abs=0.01)
    found = scene_metrics(scene, made)
    assert found["speech_damaged"] == 0.5
    assert found["speech_changed_most_db"] == pytest.approx(1.0, abs=0.01)


def test_a_change_that_keeps_the_level_shows_in_the_waveform(scene):
    made = -scene.audio
    found = scene_metrics(scene, made)
    assert found["speech_changed_db"] == pytest.approx(0.0, abs=0.01)
    assert found["speech_error_db"] == pytest.approx(6.0, abs=0.1)


def test_an_event_under_the_words_is_not_counted(scene):
    buried = Scene(scene.truth, scene.truth, 0.001 * scene.truth, RATE, (SceneEvent("pop", 0.2, 0.3),), scene.speech)
    assert event_results(buried, scene.truth) == []
    assert "events_down_db" not in scene_metrics(buried, scene.truth)


def test_a_case_knows_its_scene(scene):
    case = SceneCase("one", "nonspeech", RATE, scene.audio, scene.truth, None, scene=scene)
    assert case.scene is scene and case.loudness_counts
