"""Mastering by REAPER's own limiter, with the real daemon: by what REAPER renders, whatever its laws are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from songs import RATE_HZ, song

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.reaper.mapping.preferred_fx import save_preference
from bridge.standin.project.rendering import mix_project

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)

SECONDS = 6.0
LOUDNESS_LUFS, CEILING_DBTP = -14.0, -1.0  # of the shipped model


def mastered(session, *, level: float, lifts: bool):  # type: ignore[no-untyped-def]
    """Press on a mix of one track whose master holds a ReaLimit; the mix before and after."""
    project = session.reaper.project
    project.add_track("Song", (level * song(3, SECONDS)).astype(np.float32))
    limiter = project.master.add_fx("ReaLimit", lifts=lifts)
    session.settle()
    before, values = mix_project(project, 0.0, SECONDS), limiter.values()
    session.press("bridge_master.lua", limit_s=120)
    return before, mix_project(project, 0.0, SECONDS), limiter, values


@pytest.mark.parametrize(("seed", "level"), [(1, 0.1), (2, 0.9)])
def test_a_mix_comes_out_as_loud_as_wanted_and_below_the_ceiling(open_session: Open, seed: int, level: float) -> None:
    session = open_session(seed=seed, is_model_shipped=True)
    points = len(session.reaper.undo_points)
    before, after, limiter, values = mastered(session, level=level, lifts=True)
    said = session.reaper.messages.console[-1]
    loudness, peak = loudness_lufs(after, RATE_HZ), true_peak_dbtp(after, RATE_HZ)
    assert loudness is not None
    assert peak is not None
    assert peak <= CEILING_DBTP + 0.01, said
    assert abs(loudness - LOUDNESS_LUFS) <= 1.0, said
    assert session.reaper.messages.boxes == []
    assert len(session.reaper.undo_points) == points + 2  # the test's own one, and the action's
    session.reaper.undo()
    assert limiter.values() == values
    assert np.array_equal(mix_project(session.reaper.project, 0.0, SECONDS), before)
    session.wait_for_empty_spool()


def test_who_prefers_reapers_limiter_gets_it_added_and_set(open_session: Open) -> None:
    session = open_session(seed=1, is_model_shipped=True)  # a limiter that lifts is drawn
    session.reaper.ext_state["Bridge", "add_fx"] = "yes"
    save_preference(session.home, "limiter", "ReaLimit")
    try:
        project = session.reaper.project
        project.add_track("Song", (0.3 * song(3, SECONDS)).astype(np.float32))
        session.settle()
        session.press("bridge_master.lua", limit_s=120)
        said = session.reaper.messages.console[-1]
        assert [fx.original_name for fx in project.master.fx] == ["VST: ReaLimit (Cockos)"]
        after = mix_project(project, 0.0, SECONDS)
        assert true_peak_dbtp(after, RATE_HZ) <= CEILING_DBTP + 0.01, said
        assert loudness_lufs(after, RATE_HZ) == pytest.approx(LOUDNESS_LUFS, abs=1.0)
        session.reaper.undo()
        assert project.master.fx == []
    finally:
        save_preference(session.home, "limiter", "")


def test_a_limiter_that_lifts_nothing_makes_nothing_softer(open_session: Open) -> None:
    session = open_session(seed=3, is_model_shipped=True)
    before, after, _, _ = mastered(session, level=0.1, lifts=False)
    assert loudness_lufs(after, RATE_HZ) == pytest.approx(loudness_lufs(before, RATE_HZ), abs=0.3)


def test_cancelling_between_trials_leaves_the_limiter_as_it_was(open_session: Open) -> None:
    session = open_session(seed=4, is_model_shipped=True)
    project = session.reaper.project
    project.add_track("Song", (0.1 * song(3, SECONDS)).astype(np.float32))
    limiter = project.master.add_fx("ReaLimit", lifts=True)
    session.settle()
    values, points = limiter.values(), len(session.reaper.undo_points)
    session.reaper.run_action("bridge_master.lua")
    session.reaper.run_ticks(4)
    session.reaper.stop_scripts()
    assert limiter.values() == values
    assert len(session.reaper.undo_points) == points
