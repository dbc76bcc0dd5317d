"""Driving a limiter to loudness and true peak, by a limiter written down in two lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mastering_chain import mastering_chain

from bridge.automix.facts import LoudnessKind, LoudnessOutcome, Measurements
from bridge.automix.job import LoudnessTarget
from bridge.automix.loudness_solver import LoudnessControls, LoudnessSolver, loudness_outcome, loudness_target
from bridge.errors import ModelError
from bridge.model.manifest import PredictionUse
from bridge.plugins.chain.chain import Chain

CHAIN = mastering_chain()
CONTROLS = LoudnessControls.of(CHAIN)


def limited(row: np.ndarray, *, loudness: float, peak: float, softness: float) -> Measurements:
    """A sound of that loudness and peak through a limiter that takes some loudness away, and overshoots by 0.3 dB."""
    gain, limiting, ceiling = CONTROLS.read(row)
    taken = max(0.0, peak + gain + limiting)
    lifted = limiting + ceiling
    return Measurements(loudness + gain - softness * taken + lifted, min(peak + gain, -limiting + 0.3) + lifted, None)


def drive_through(solver: LoudnessSolver, **sound: float) -> tuple[Measurements, int]:
    """Until it is done: what then comes out, and after how many tries."""
    count = 0
    while not solver.is_done:
        solver.update(limited(solver.normalized, **sound))
        count += 1
        assert count <= 12
    return limited(solver.normalized, **sound), count


@settings(max_examples=80, deadline=None)
@example(loudness=-42.0, crest=10.0, softness=0.5, wanted=-8.0, ceiling=-4.0)
@example(loudness=-41.0, crest=9.0, softness=0.5, wanted=-8.0, ceiling=-4.0)
@example(loudness=-41.0, crest=4.9375, softness=0.0, wanted=-10.0, ceiling=-5.34375)
@given(
    loudness=st.floats(-45.0, -6.0),
    crest=st.floats(4.0, 22.0),
    softness=st.floats(0.0, 0.5),
    wanted=st.floats(-30.0, -8.0),
    ceiling=st.floats(-6.0, 0.0),
)
def test_what_can_be_reached_is_reached_and_the_ceiling_always_holds(
    loudness: float, crest: float, softness: float, wanted: float, ceiling: float
) -> None:
    target = LoudnessTarget(wanted, ceiling)
    sound = {"loudness": loudness, "peak": loudness + crest, "softness": softness}
    made, _ = drive_through(LoudnessSolver(CHAIN, CHAIN.neutral, target), **sound)
    assert made.true_peak_dbtp is not None and made.loudness_lufs is not None
    assert made.true_peak_dbtp <= ceiling + 1e-3
    most = CONTROLS.most_limiting_db
    loudest = ceiling - (crest + 0.3 - (1 - softness) * most)
    _, highest_gain = CONTROLS.range_db(CONTROLS.gain)
    if (short_db := loudness + crest + highest_gain) < 0:  # not even all gain brings the peak to full scale
        loudest += (1 - softness) * short_db
    if wanted < loudest - 0.3:
        assert abs(made.loudness_lufs - wanted) < 0.3
    else:
        assert made.loudness_lufs > min(wanted, loudest) - 0.6


def test_three_renders_are_mostly_enough() -> None:
    _, count = drive_through(
        LoudnessSolver(CHAIN, CHAIN.neutral, LoudnessTarget(-12.0, -1.0)), loudness=-20.0, peak=-4.0, softness=0.15
    )
    assert count <= 3


def test_silence_keeps_its_level_and_a_click_is_held_below_the_ceiling() -> None:
    silent = LoudnessSolver(CHAIN, CHAIN.neutral, LoudnessTarget(-14.0, -1.0))
    silent.update(Measurements(None, None, None))
    assert silent.is_done and np.array_equal(silent.normalized, CHAIN.neutral)
    click = LoudnessSolver(CHAIN, CHAIN.neutral, LoudnessTarget(-14.0, -1.0))
    click.update(Measurements(None, 0.5, None))
    assert click.is_done and CONTROLS.read(click.normalized)[2] == pytest.approx(-1.5, abs=0.05)


def test_the_last_try_is_never_left_above_the_ceiling() -> None:
    solver = LoudnessSolver(CHAIN, CHAIN.neutral, LoudnessTarget(-14.0, -1.0), starts_afresh=False)
    solver.update(Measurements(-14.0, -0.4, None), is_last=True)
    assert solver.is_done and CONTROLS.read(solver.normalized)[2] <= -0.6


def test_a_model_without_targets_has_none_and_the_asked_comes_before_the_own() -> None:
    assert loudness_target(PredictionUse(), -9.0, -1.0) is None
    job = PredictionUse(loudness_lufs=-14.0, ceiling_dbtp=-1.0)
    assert loudness_target(job) == LoudnessTarget(-14.0, -1.0)
    assert loudness_target(job, -9.0, None) == LoudnessTarget(-9.0, -1.0)


def test_a_chain_without_a_limiter_is_named() -> None:
    with pytest.raises(ModelError, match="'limiting'"):
        LoudnessControls.of(Chain(name="bare", slots=CHAIN.slots[:1]))


def test_an_outcome_holds_what_was_wanted_and_what_came_out() -> None:
    target = LoudnessTarget(-6.0, -1.0)
    assert loudness_outcome(target, Measurements(-9.7, -1.0, None), 12.0) == LoudnessOutcome(
        kind=LoudnessKind.LIMITED, target_lufs=-6.0, ceiling_dbtp=-1.0, loudness_lufs=-9.7, true_peak_dbtp=-1.0,
        most_limiting_db=12.0,
    )  # fmt: skip
    assert loudness_outcome(target, Measurements(-6.4, -1.0, None), 12.0).kind is LoudnessKind.REACHED
    assert loudness_outcome(target, Measurements(None, -1.0, None), 12.0).kind is LoudnessKind.UNMEASURABLE
