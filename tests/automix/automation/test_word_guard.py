"""Whatever a network says: words stay, and what goes down ends at the tone of the room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bridge.automix.automation.frame_predictions import FramePredictions
from bridge.automix.automation.regions import curves_of_regions, find_regions
from bridge.automix.automation.word_guard import guard_words
from bridge.model.manifest import AutomationSettings
from bridge.plugins.chain.chain_file import parse_chain

FRAMES, WORD, VOICE, EVENT = 400, slice(100, 160), slice(103, 156), slice(200, 240)
CHAIN = parse_chain(
    """
[[slot]]
name = "pops"
plugin = "builtin:LowShelfFilter"
[slot.control.gain_db]
range = [-30.0, 0.0]
neutral = 0.0
[[slot]]
name = "volume"
plugin = "builtin:Gain"
[slot.control.gain_db]
range = [-48.0, 0.0]
neutral = 0.0
role = "output_gain"
""",
    source="test",
)


@pytest.fixture
def sure() -> FramePredictions:
    """A network that is sure to hear nothing but breaths: in a word at -20 dB, and in a breath at -40."""
    level_db = np.full(FRAMES, -65.0, np.float32)
    level_db[WORD], level_db[EVENT] = -20.0, -40.0
    periodicity = np.full(FRAMES, 0.4, np.float32)
    periodicity[VOICE] = 0.95
    activity = np.zeros((2, FRAMES), np.float32)
    activity[:, WORD] = activity[:, EVENT] = 0.99
    return FramePredictions(
        activity=activity,
        position=np.zeros((2, FRAMES), np.float32),
        speech=np.zeros(FRAMES, np.float32),
        loudness_db=level_db,
        loud_db=-20.0,
        times_s=0.016 + 0.01 * np.arange(FRAMES),
        periodicity=periodicity,
        centroid_hz=np.full(FRAMES, 2000.0, np.float32),
    )


def gain_db(frames: FramePredictions) -> np.ndarray:
    settings = AutomationSettings(smoothing_s=0.01, tolerance=0.005)
    guarded = guard_words(frames, CHAIN)
    regions = [region for region in find_regions(guarded, settings) if region.control == 1]
    if not regions:
        return np.zeros(FRAMES)
    curve = curves_of_regions(guarded, CHAIN, settings, regions)[1]
    return np.array([CHAIN.controls[1].real_value(value) for value in curve.at(frames.times_s)])


def test_no_word_is_taken_down_however_sure_the_network_is(sure: FramePredictions) -> None:
    assert np.abs(gain_db(sure)[98:162]).max() < 0.3
    guarded = guard_words(sure, CHAIN)
    assert not guarded.activity[1, WORD].any()
    assert guarded.activity[0, WORD].sum() == pytest.approx(7 * 0.99, rel=1e-3)  # a shelf may act where no voice is


def test_what_may_be_a_consonant_goes_down_only_where_the_network_is_sure(sure: FramePredictions) -> None:
    level_db, hiss = sure.loudness_db.copy(), slice(160, 175)
    level_db[hiss] = -38.0
    for activity, wanted_db in ((0.99, -27.0), (0.75, 0.0)):
        heard = sure.activity.copy()
        heard[1, hiss] = activity
        found = gain_db(replace(sure, loudness_db=level_db, activity=heard))
        assert found[167:173] == pytest.approx(wanted_db, abs=0.5)


def test_what_sounds_by_itself_goes_down_unless_it_is_taken_for_speech(sure: FramePredictions) -> None:
    heard = sure.activity.copy()
    heard[1, EVENT] = 0.4
    assert gain_db(replace(sure, activity=heard))[EVENT][4:-4] == pytest.approx(-25.0, abs=0.5)
    spoken = np.ones(FRAMES, np.float32)
    assert np.abs(gain_db(replace(sure, activity=heard, speech=spoken))).max() < 0.3


def test_a_sibilant_stays_wherever_it_is_and_a_bright_click_goes(sure: FramePredictions) -> None:
    bright = sure.centroid_hz.copy()
    bright[EVENT] = 6500.0
    assert np.abs(gain_db(replace(sure, centroid_hz=bright))).max() < 0.3
    level_db, heard, click = np.full(FRAMES, -65.0, np.float32), np.zeros((2, FRAMES), np.float32), slice(300, 303)
    level_db[WORD], level_db[click], heard[1, click], bright[click] = -20.0, -40.0, 0.99, 6500.0
    found = gain_db(replace(sure, centroid_hz=bright, loudness_db=level_db, activity=heard))
    assert found[301] == pytest.approx(-25.0, abs=0.5)


def test_a_creaking_end_of_a_word_stays_however_sure_the_network_is(sure: FramePredictions) -> None:
    """As in LJSpeech: 0.13 s without a period, 5 to 19 dB below the loud level, its centroid at 800 Hz."""
    level_db, centroid_hz, creak = sure.loudness_db.copy(), sure.centroid_hz.copy(), slice(160, 173)
    level_db[creak], centroid_hz[creak] = np.linspace(-25.0, -39.0, 13), 800.0
    heard = sure.activity.copy()
    heard[1, creak] = 0.98
    found = gain_db(replace(sure, loudness_db=level_db, centroid_hz=centroid_hz, activity=heard))
    assert np.abs(found[95:175]).max() < 0.3


def test_a_breath_ends_at_the_rooms_tone(sure: FramePredictions) -> None:
    assert gain_db(sure)[EVENT][4:-4] == pytest.approx(-25.0, abs=0.5)


def test_a_room_of_digital_silence_asks_for_the_whole_range_and_a_noisy_one_for_little(sure: FramePredictions) -> None:
    for room_db, wanted_db in ((-110.0, -48.0), (-43.0, -3.0)):
        level_db = np.where(sure.loudness_db < -60, np.float32(room_db), sure.loudness_db)
        assert gain_db(replace(sure, loudness_db=level_db))[EVENT][4:-4] == pytest.approx(wanted_db, abs=0.5)


def test_what_lies_below_the_room_is_not_raised(sure: FramePredictions) -> None:
    level_db = sure.loudness_db.copy()
    level_db[EVENT] = -80.0
    assert np.abs(gain_db(replace(sure, loudness_db=level_db))).max() < 0.3
