"""Curves from what was heard: where they leave rest, how far, and what the guard takes back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bridge.automix.automation.frame_predictions import FramePredictions
from bridge.automix.automation.guard import attenuation_db, frame_powers, harmful_regions, missing_speech
from bridge.automix.automation.regions import curves_of_regions, find_regions
from bridge.automix.facts import DecisionKind
from bridge.model.manifest import AutomationSettings
from bridge.plugins.chain.chain_file import parse_chain

CHAIN = parse_chain(
    """
[[slot]]
name = "gate"
plugin = "builtin:NoiseGate"
[slot.control.threshold_db]
range = [-80.0, 0.0]
neutral = -80.0
""",
    source="test",
)
SETTINGS = AutomationSettings(unsure=0.3, sure=0.6, smoothing_s=0.02, tolerance=0.005)
FRAMES = 200


def features(activity=(), *, position=0.75, speech=None, level_db=-30.0):
    """200 frames of 10 ms; `activity` as (start, end, value)."""
    acts = np.zeros((1, FRAMES), np.float32)
    for start, end, value in activity:
        acts[0, start:end] = value
    return FramePredictions(
        activity=acts,
        position=np.full((1, FRAMES), position, np.float32),
        speech=(acts[0] < 0.5).astype(np.float32) if speech is None else np.asarray(speech, np.float32),
        loudness_db=np.full(FRAMES, level_db, np.float32),
        loud_db=-20.0,
        times_s=0.016 + 0.01 * np.arange(FRAMES),
        periodicity=np.zeros(FRAMES, np.float32),
        centroid_hz=np.full(FRAMES, 2000.0, np.float32),
    )


def test_a_sure_event_moves_the_control_there_and_nowhere_else():
    sound = features([(80, 110, 0.95)])
    regions = find_regions(sound, SETTINGS)
    assert [(region.start, region.end) for region in regions] == [(80, 110)]
    curve = curves_of_regions(sound, CHAIN, SETTINGS, regions)[0]
    assert curve.at(sound.times_s[82:108]) == pytest.approx(0.75, abs=0.006)
    assert curve.at(sound.times_s[:76]) == pytest.approx(0.0, abs=0.006)
    assert curve.at(sound.times_s[115:]) == pytest.approx(0.0, abs=0.006)
    assert len(curve.times_s) < 16


def test_a_doubt_moves_nothing():
    sound = features([(80, 110, 0.5)])
    assert find_regions(sound, SETTINGS) == []
    assert curves_of_regions(sound, CHAIN, SETTINGS, []) == {}


def test_a_click_of_one_frame_is_met_in_full():
    sound = features([(90, 91, 0.9)], speech=np.zeros(FRAMES))
    curve = curves_of_regions(sound, CHAIN, SETTINGS, find_regions(sound, SETTINGS))[0]
    assert curve.at(sound.times_s[90:91]) == pytest.approx(0.75, abs=0.006)


def test_a_curve_does_not_reach_into_words_that_follow():
    speech = np.zeros(FRAMES)
    speech[110:] = 1
    sound = features([(80, 110, 0.95)], speech=speech)
    curve = curves_of_regions(sound, CHAIN, SETTINGS, find_regions(sound, SETTINGS))[0]
    assert curve.at(sound.times_s[113:]) == pytest.approx(0.0, abs=0.006)


def test_early_curves_are_back_at_rest_before_the_activity_ends():
    early = AutomationSettings(unsure=0.3, sure=0.6, smoothing_s=0.0, early_s=0.05, tolerance=0.001)
    sound = features([(80, 110, 0.95)])
    curve = curves_of_regions(sound, CHAIN, early, find_regions(sound, early))[0]
    assert curve.at(sound.times_s[106:]) == pytest.approx(0.0, abs=0.002)


def test_a_loud_sound_within_a_soft_one_gets_its_own_place():
    sound = features([(60, 140, 0.95)], position=0.5)
    sound.position[0, 100:102] = 0.9
    curve = curves_of_regions(sound, CHAIN, SETTINGS, find_regions(sound, SETTINGS))[0]
    assert curve.at(sound.times_s[100:102]) == pytest.approx(0.9, abs=0.01)
    assert curve.at(sound.times_s[70:90]) == pytest.approx(0.5, abs=0.01)


def test_half_the_amount_goes_half_the_way():
    sound = features([(80, 110, 0.95)])
    curve = curves_of_regions(sound, CHAIN, SETTINGS, find_regions(sound, SETTINGS), amount=0.5)[0]
    assert curve.at(sound.times_s[90:100]) == pytest.approx(0.375, abs=0.006)


def test_the_guard_takes_back_what_takes_nothing_down():
    sound = features([(80, 110, 0.95)])
    regions = find_regions(sound, SETTINGS)
    before = np.full(FRAMES, 1e-4)
    after = before.copy()
    assert harmful_regions(sound, regions, before, after) == regions
    after[80:110] *= 0.01
    assert harmful_regions(sound, regions, before, after) == []


def test_the_guard_takes_back_what_changes_the_words_around_it_and_only_that():
    sound = features([(40, 60, 0.95), (140, 160, 0.95)])
    regions = find_regions(sound, SETTINGS)
    before = np.full(FRAMES, 1e-4)
    after = before.copy()
    for region in regions:
        after[region.start : region.end] *= 0.01
    after[160:185] *= 0.7
    assert harmful_regions(sound, regions, before, after) == [regions[1]]


def test_who_speaks_is_told_from_who_does_not():
    assert missing_speech(features([(80, 110, 0.95)])) is None
    assert missing_speech(features(speech=np.zeros(FRAMES))) is DecisionKind.NO_SPEECH
    assert missing_speech(features(speech=np.ones(FRAMES), level_db=-80.0)) is DecisionKind.NO_SPEECH


def test_the_rhythm_of_speech_counts_where_the_network_knows_no_such_voice():
    """Syllables of 0.12 s with air between them, and a pause behind every fifth."""
    generator = np.random.default_rng(0)
    sound = features(speech=np.zeros(FRAMES))
    level_db, periodicity = np.full(FRAMES, -60.0, np.float32), np.full(FRAMES, 0.3, np.float32)
    for start in (10, 30, 50, 70, 90, 130, 150, 170):
        level_db[start : start + 20] = np.array([-45.0] * 8 + [-22.0] * 12) + generator.normal(0, 2, 20)
        periodicity[start + 8 : start + 20] = 0.95
    spoken = replace(sound, loudness_db=level_db, periodicity=periodicity)
    assert missing_speech(spoken) is DecisionKind.NO_SPEECH
    speech = np.zeros(FRAMES, np.float32)
    speech[18] = 0.9
    assert missing_speech(replace(spoken, speech=speech)) is DecisionKind.UNFAMILIAR_VOICE
    speech[18:22] = 0.9
    assert missing_speech(replace(spoken, speech=speech)) is None
    sung = replace(
        spoken, periodicity=np.full(FRAMES, 0.95, np.float32), loudness_db=np.full(FRAMES, -22.0, np.float32)
    )
    assert missing_speech(sung) is DecisionKind.NO_SPEECH


def test_frame_powers_are_those_of_the_hop_around_each_middle():
    rate, hop = 8000, 80
    audio = np.zeros((2, 50 * hop), np.float32)
    times_s = 0.016 + 0.01 * np.arange(46)
    audio[:, 20 * hop : 21 * hop] = 0.5
    for length in (33, 80, 4000):
        blocks = [audio[:, start : start + length] for start in range(0, audio.shape[1], length)]
        powers = frame_powers(blocks, rate, times_s)
        assert len(powers) == 46
        assert powers.sum() == pytest.approx(0.25)
        assert abs(times_s[np.argmax(powers)] - 20.5 * hop / rate) <= 0.0051


def test_levels_fall_in_decibels():
    assert attenuation_db(np.full(4, 1.0), np.full(4, 0.01)) == pytest.approx(20.0)
    assert attenuation_db(np.zeros(0), np.zeros(0)) == 0.0
