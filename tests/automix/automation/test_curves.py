"""Curves: what smoothing and thinning promise, and that what is rendered is what was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bridge.automix.automation.curves import (
    block_frames,
    block_rows,
    proxy_rows,
    shrink_activity,
    smooth_curve,
    thin_curve,
)
from bridge.automix.job import AutomationCurve, ProxyChain
from bridge.decibels import amplitude_to_db
from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost, RenderInput

GAIN = """
[[slot]]
plugin = "builtin:Gain"
[slot.control.gain_db]
range = [-40.0, 0.0]
neutral = 0.0
"""
UNIT = st.floats(0, 1, width=32)


@given(arrays(np.float64, st.integers(1, 200), elements=UNIT), st.floats(0.001, 0.3))
def test_thinned_curves_stay_within_the_tolerance_of_every_value(values, tolerance):
    times_s = np.arange(len(values)) * 0.01
    curve = thin_curve(times_s, values, tolerance)
    assert np.abs(curve.at(times_s) - values).max() <= tolerance + 1e-12
    assert set(curve.times_s) <= set(times_s)
    assert (curve.times_s[0], curve.times_s[-1]) == (times_s[0], times_s[-1])


def test_a_curve_of_straight_lines_is_thinned_to_its_corners():
    values = np.concatenate([np.zeros(50), np.linspace(0, 1, 11), np.ones(40), np.linspace(1, 0, 11), np.zeros(500)])
    curve = thin_curve(np.arange(len(values)) * 0.01, values, 1e-6)
    assert len(curve.times_s) == 6


@given(arrays(np.float64, st.integers(3, 80), elements=UNIT), st.integers(1, 6))
def test_smoothing_shifts_nothing_in_time_and_leaves_no_range(values, width):
    smoothed = smooth_curve(values, width)
    assert smooth_curve(values[::-1], width) == pytest.approx(smoothed[::-1])
    assert values.min() - 1e-9 <= smoothed.min() and smoothed.max() <= values.max() + 1e-9


def test_an_impulse_is_smoothed_around_its_own_place():
    impulse = np.zeros(41)
    impulse[20] = 1.0
    smoothed = smooth_curve(impulse, 4)
    assert np.argmax(smoothed) == 20
    assert smoothed @ np.arange(41) == pytest.approx(20.0)
    assert smoothed.sum() == pytest.approx(1.0)


def test_narrowed_activity_ends_before_the_word_and_begins_behind_the_last():
    activity = np.array([0, 0, 1, 1, 1, 1, 1, 0, 0, 0], dtype=float)
    assert shrink_activity(activity, before=2, behind=1).tolist() == [0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    assert shrink_activity(activity, before=0, behind=0).tolist() == activity.tolist()


@pytest.mark.parametrize("sample_rate_hz", [44100, 48000, 88200, 96000])
def test_blocks_last_about_as_long_at_every_rate(sample_rate_hz):
    assert 0.001 < block_frames(sample_rate_hz) / sample_rate_hz < 0.0022


@pytest.mark.parametrize("sample_rate_hz", [44100, 96000])
def test_what_is_rendered_is_the_curve_that_was_drawn(sample_rate_hz):
    """A gain that moves, heard through the host: the level of a constant follows the breakpoints."""
    chain = parse_chain(GAIN, source="test")
    curve = AutomationCurve(np.array([0.1, 0.2, 0.4, 0.5]), np.array([1.0, 0.25, 0.25, 1.0]))
    audio = np.full((2, round(0.7 * sample_rate_hz)), 0.5, dtype=np.float32)
    rows = block_rows({0: curve}, chain.neutral, frames=audio.shape[1], sample_rate_hz=sample_rate_hz)
    with PluginHost(workers=1) as host:
        (made,) = host.render(chain, [RenderInput(audio, sample_rate_hz, rows, block_frames(sample_rate_hz))])
    level_db = amplitude_to_db(made / 0.5)
    meant_db = -40 + 40 * curve.at(np.arange(audio.shape[1]) / sample_rate_hz)
    settled = np.zeros(audio.shape[1], dtype=bool)  # pedalboard's gain takes some ms for each step
    for start_s, end_s in ((0.0, 0.1), (0.25, 0.4), (0.6, 0.7)):
        settled[round(start_s * sample_rate_hz) : round(end_s * sample_rate_hz)] = True
    assert np.abs(level_db - meant_db)[:, settled].max() < 0.1
    steepest_db_per_s = 40 * 0.75 / 0.1
    assert np.abs(level_db - meant_db).max() < steepest_db_per_s * 0.02


def test_a_moving_control_goes_through_the_conversion_to_another_chain():
    proxy = ProxyChain(parse_chain(GAIN, source="test"), lambda row: np.array([0.5, row[0] ** 2], np.float32))
    curve = AutomationCurve(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    rows = np.linspace(0, 1, 50, dtype=np.float32)[:, None]
    converted = proxy_rows(proxy, np.zeros(1, np.float32), rows, {0: curve})
    assert converted.shape == (50, 2)
    assert np.all(converted[:, 0] == np.float32(0.5))
    assert converted[:, 1] == pytest.approx(rows[:, 0] ** 2, abs=1e-3)
