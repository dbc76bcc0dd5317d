"""Without a reference, what lies outside of where good recordings lie comes to the edge, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.automix.facts import DecisionKind, ProposalOrigin
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix
from bridge.automix.tone_range import ANY, EDGES_HZ, ToneRange, ToneRangeTarget, load_tone_ranges, region_levels_db
from bridge.features.profile import DEFAULT_FEATURES, SpectralProfile, profile_distance_db
from bridge.model.bundle import load_model
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.data.mixes import THIRDS_HZ, equalised
from bridge.training.evaluation.metrics import frame_distance_db, gain_to_match
from bridge.training.fit_tone_ranges import RegionLevels, fit_tone_ranges, write_tone_ranges

RATE = 44_100
REGIONS = len(EDGES_HZ) - 1
OCTAVES = np.log2(THIRDS_HZ / 1000.0)
MODEL = Path(__file__).parents[2] / "models" / "channel-strip"


def profile(*octaves_db: float) -> SpectralProfile:
    """A sound with these levels in equal parts of the mel bands."""
    mean_db = np.interp(np.linspace(0, 1, DEFAULT_FEATURES.bands), np.linspace(0, 1, len(octaves_db)), octaves_db)
    return SpectralProfile(mean_db.astype(np.float32), np.full(DEFAULT_FEATURES.bands, 6, np.float32), 64)


def around(sound: SpectralProfile, width_db: float, most_db: float = 100.0) -> ToneRangeTarget:
    levels = region_levels_db(sound, DEFAULT_FEATURES)
    low, high = tuple((levels - width_db).tolist()), tuple((levels + width_db).tolist())
    return ToneRangeTarget(ToneRange(families=9, low_db=low, high_db=high, most_db=most_db), DEFAULT_FEATURES)


def test_what_lies_within_does_not_move() -> None:
    target = around(profile(-30, -35, -45), 5.0)
    assert target.distance_db(profile(-30, -37, -43)) == 0.0
    assert not target.moves_db(profile(-30, -37, -43)).any()


@given(extra_db=st.floats(8, 30))
def test_what_lies_outside_moves_by_as_much_as_it_does(extra_db: float) -> None:
    """The loudness that levels are beside rises too: so it is never more."""
    target, loud = around(profile(-30, -35, -60), 5.0), profile(-30, -35, -60 + extra_db)
    moves = target.moves_db(loud)
    assert moves.min() < 0 < extra_db - 5.0 + 1e-3
    assert moves.min() >= -(extra_db - 5.0) - 1e-3


@given(extra_db=st.floats(-60, 60), most_db=st.floats(0.5, 3))
def test_nothing_moves_by_more_than_the_range_allows(extra_db: float, most_db: float) -> None:
    sound = profile(-30, -35 + extra_db, -45)
    moves = around(profile(-30, -35, -45), 3.0, most_db).moves_db(sound)
    moved = SpectralProfile(sound.mean_db + moves, sound.spread_db, sound.valid_bands)
    assert profile_distance_db(moved, sound, loudness_counts=False) <= 1.1 * most_db


def test_the_shipped_ranges_are_whole_and_of_families_enough() -> None:
    ranges = load_tone_ranges()
    assert {ANY, "mix", "vocals", "drums", "guitar"} <= set(ranges)
    for one in ranges.values():
        assert len(one.low_db) == len(one.high_db) == REGIONS and one.families >= 3
        assert np.all(np.array(one.low_db) < np.array(one.high_db))


def test_a_family_counts_once_and_few_look_less_alike(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    levels = [(family, generator.normal(-40, 6, REGIONS)) for family in "abcdef"]
    rows = [RegionLevels(family, "drums", one) for family, one in levels]
    many = [RegionLevels("a", "drums", levels[0][1])] * 50
    assert fit_tone_ranges([*rows, *many])["drums"].families == 6
    once, often = fit_tone_ranges(rows)["drums"], fit_tone_ranges([*rows, *many])["drums"]
    np.testing.assert_allclose(np.add(once.low_db, once.high_db), np.add(often.low_db, often.high_db), atol=0.3)
    assert "drums" not in fit_tone_ranges([row for row in rows if row.family in "ab"])
    write_tone_ranges(tmp_path / "ranges.toml", {"drums": once}, "made up")
    assert load_tone_ranges(tmp_path / "ranges.toml") == {"drums": once}


@pytest.fixture(scope="module")
def automix(host: PluginHost) -> Automix:
    return Automix(load_model(MODEL), host)


def machine(curve_db: np.ndarray) -> np.ndarray:
    """A machine that hums and hisses, like nothing in any training, through a curve."""
    generator, time = np.random.default_rng(4), np.arange(8 * RATE) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 40))
    hiss = np.convolve(generator.standard_normal(time.size), [1, -0.6], mode="same")
    strokes = 0.6 + 0.4 * np.sin(2 * np.pi * 1.7 * time) * np.sin(2 * np.pi * 0.31 * time)
    sound = equalised((0.02 * (hum + hiss) * strokes).astype(np.float32)[None], RATE, curve_db)
    return np.asarray(0.3 * sound / np.abs(sound).max(), dtype=np.float32)


def test_an_unfamiliar_sound_that_is_far_too_bright_comes_to_the_edge(automix: Automix) -> None:
    """It was left alone: the encoder does not know it, and there was nothing else to go by."""
    sound = machine(np.where(OCTAVES > 2, 14.0, 0.0) - 3 * OCTAVES)
    result = automix.run(AutomixJob([sound], RATE, automix.model.chain.neutral, is_dry=True))
    decision = result.decision
    assert (decision.kind, decision.origin) == (DecisionKind.IMPROVED, ProposalOrigin.TONE_RANGE)
    made = automix.host.render(automix.model.chain, [RenderInput(sound, RATE, result.normalized)])[0]
    assert frame_distance_db(gain_to_match(made, sound, RATE) * made, sound, RATE) < 2.5
    assert decision.nearest_db is not None and decision.familiar_db is not None
    assert decision.nearest_db > decision.familiar_db


def test_a_sound_within_the_range_of_its_role_is_left_alone_and_it_is_said_why(automix: Automix) -> None:
    sound = machine(-6 * OCTAVES)
    job = AutomixJob([sound], RATE, automix.model.chain.neutral, is_dry=True, role="drums")
    result = automix.run(job)
    assert not result.applied
    assert (result.decision.kind, result.decision.role) == (DecisionKind.WITHIN_RANGE, "drums")
