"""FX that a track lacks, with the real daemon and the shipped model: offered once, at the right place, as preferred."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from songs import RATE_HZ, muddy, song, tonal_distance_db

from bridge.audio.loudness import true_peak_dbtp
from bridge.reaper.mapping.preferred_fx import save_preference

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)

YES = 6


@pytest.fixture
def asked(open_session: Open) -> Iterator[Open]:
    """Sessions of somebody who was never asked, and will say yes."""
    homes = []

    def open_(**options: object):
        session = open_session(is_model_shipped=True, **options)
        homes.append(session.home)
        del session.reaper.ext_state["Bridge", "add_fx"]
        session.reaper.messages.answers["Bridge"] = YES
        return session

    yield open_
    for home in homes:
        (home / "preferences.json").unlink(missing_ok=True)


def test_a_bare_track_is_offered_what_sets_it(asked: Open) -> None:
    session = asked(seed=1)
    dry = song(seed=1)
    track = session.reaper.project.add_track("Guitar", muddy(0.5 * dry))
    track.selected = True
    session.settle()
    before, points = tonal_distance_db(track.render(), dry), len(session.reaper.undo_points)
    session.press()
    assert len(session.reaper.messages.questions) == 1
    assert [fx.original_name for fx in track.fx] == ["VST: ReaEQ (Cockos)", "VST: ReaComp (Cockos)"]
    assert tonal_distance_db(track.render(), dry) < before
    assert len(session.reaper.undo_points) == points + 1
    session.reaper.undo()
    assert track.fx == []


def test_fx_go_before_limiter_and_meter_and_nothing_passes_full_scale(asked: Open) -> None:
    session = asked(seed=2)
    track = session.reaper.project.add_track("Guitar", muddy(0.9 * song(seed=2)))
    first = track.add_fx("VST3: ZamTube")
    limiter = track.add_fx("VST3: ZaMaximX2")
    track.selected = True
    session.settle()
    before = true_peak_dbtp(track.render(), RATE_HZ)
    session.press()
    names = [fx.original_name for fx in track.fx]
    if len(names) > 2:  # or it was left as it is, and nothing stays behind
        assert (track.fx[0], track.fx[-1]) == (first, limiter)
        assert names[1:3] == ["VST: ReaEQ (Cockos)", "VST: ReaComp (Cockos)"]
    assert true_peak_dbtp(track.render(), RATE_HZ) <= max(0.0, before) + 0.05


def test_a_preference_that_is_not_installed_is_said_once_and_the_track_is_set(asked: Open) -> None:
    session = asked(seed=3)
    save_preference(session.home, "eq", "VST3: Pro-Q 3 (FabFilter)")
    track = session.reaper.project.add_track("Guitar", muddy(0.5 * song(seed=1)))
    track.selected = True
    session.settle()
    session.press()
    assert "VST3: Pro-Q 3 (FabFilter)" in session.reaper.messages.questions[0]
    assert [fx.original_name for fx in track.fx] == ["VST: ReaEQ (Cockos)", "VST: ReaComp (Cockos)"]
    assert session.reaper.messages.console[-1].count("Pro-Q 3 (FabFilter), which you prefer, is not installed") == 1


@pytest.mark.parametrize(
    ("kind", "plugin", "names"),
    [
        ("eq", "VST3: ZamEQ2", ["VST3: ZamEQ2 (Damien Zammit)", "VST: ReaComp (Cockos)"]),
        ("compressor", "VST3: ZamCompX2", ["VST: ReaEQ (Cockos)", "VST3: ZamCompX2 (Damien Zammit)"]),
        ("eq", "VST3: ZamTube", ["VST: ReaEQ (Cockos)", "VST: ReaComp (Cockos)"]),  # which is no equaliser
    ],
)
def test_what_is_preferred_is_added_and_set(asked: Open, kind: str, plugin: str, names: list[str]) -> None:
    session = asked(seed=1)
    save_preference(session.home, kind, plugin)
    dry = song(seed=1)
    track = session.reaper.project.add_track("Guitar", muddy(0.5 * dry))
    track.selected = True
    session.settle()
    before = tonal_distance_db(track.render(), dry)
    session.press()
    assert [fx.original_name for fx in track.fx] == names
    assert tonal_distance_db(track.render(), dry) < before
