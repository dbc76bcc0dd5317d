"""Scenes: what was added, where, and how loud, from the sound alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from synthetic_speech import synthetic_speech

from bridge.decibels import power_to_db
from bridge.training.data.scenes import draw_scene, speech_spans

RATE = 44100


def scenes(count=12, *, side="train", eventless=0.0, seed=0):
    generator = np.random.default_rng(seed)
    line = synthetic_speech()
    return [draw_scene(line, RATE, generator, side=side, duration_s=6.0, eventless=eventless) for _ in range(count)]


def power_of(audio, start_s, end_s):
    return float(np.mean(np.square(audio[0, round(start_s * RATE) : round(end_s * RATE)], dtype=np.float64)))


def test_phrases_are_found_between_pauses():
    spans = speech_spans(synthetic_speech(count=5), RATE)
    assert len(spans) == 5
    assert all(0.5 < end - start < 1.5 for start, end in spans)
    assert all(later[0] - earlier[1] == pytest.approx(0.4, abs=0.05) for earlier, later in itertools.pairwise(spans))


def test_silence_speaks_nowhere():
    assert speech_spans(np.zeros(RATE, np.float32), RATE) == []


def test_what_is_heard_is_the_truth_and_what_was_added():
    for scene in scenes():
        assert np.array_equal(scene.audio, scene.truth + scene.added)
        assert np.abs(scene.audio).max() <= 1.0
        assert scene.audio.shape == (1, 6 * RATE) and scene.audio.dtype == np.float32


def test_events_are_where_they_are_said_to_be():
    for scene in scenes():
        assert scene.events
        elsewhere = scene.added.copy()
        for event in scene.events:
            elsewhere[0, round(event.start_s * RATE) : round((event.end_s + 0.6) * RATE)] = 0  # and its room
        total = float(np.square(scene.added, dtype=np.float64).sum())
        assert float(np.square(elsewhere, dtype=np.float64).sum()) < 0.01 * total


@pytest.mark.slow
def test_breaths_lie_as_far_below_the_speech_as_natural_ones():
    below_db = []
    for scene in scenes(20):
        peak = np.abs(scene.truth).max()
        for event in scene.events:
            alone = [e for e in scene.events if e is not event and e.start_s < event.end_s and e.end_s > event.start_s]
            if event.kind in ("inhale", "exhale") and not alone:
                below_db.append(power_to_db(peak**2 / power_of(scene.added, event.start_s, event.end_s), floor=0.0))
    assert len(below_db) > 12
    assert min(below_db) > 17 and max(below_db) < 40  # 20 to 35 at the source, then a microphone
    assert 24 < np.median(below_db) < 32


@pytest.mark.slow
def test_breaths_touch_words_and_stand_alone():
    gaps_s = []
    for scene in scenes(24):
        for event in scene.events:
            if event.kind == "inhale":
                gaps_s += [start - event.end_s for start, _ in scene.speech if -0.1 < start - event.end_s < 1.5]
    assert sum(gap < 0.025 for gap in gaps_s) > 5
    assert sum(gap > 0.1 for gap in gaps_s) > 5


def test_nothing_is_added_to_a_scene_without_events():
    for scene in scenes(4, eventless=1.0):
        assert scene.events == () and not scene.added.any()


@pytest.mark.slow
def test_floors_are_room_tone_or_nothing():
    floors_db = []
    for scene in scenes(30, eventless=1.0):
        first_s = min(start for start, _ in scene.speech)
        floors_db.append(power_to_db(power_of(scene.truth, 0.0, max(0.05, first_s - 0.05)), floor=1e-20))
    heard = [level for level in floors_db if level > -90]
    assert len(heard) < len(floors_db)
    assert min(heard) > -82 and max(heard) < -55


def test_the_same_seed_gives_the_same_scene():
    first, second = scenes(1, seed=5)[0], scenes(1, seed=5)[0]
    assert np.array_equal(first.audio, second.audio) and first.events == second.events
