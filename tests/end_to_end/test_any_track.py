"""Tracks whose sound no script can read: REAPER renders what reaches the first FX that is set, which is judged then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from songs import muddy, song, tonal_distance_db
from track_fx import as_vst2

from bridge.standin.project.project import USERS_NUMBERS, USERS_TEXTS
from bridge.standin.project.track import ReaperTrack
from bridge.types import Float32

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)


@dataclass
class Situation:
    """A track to press on, and what its sound should be like."""

    track: ReaperTrack
    wanted: Float32


def of_bus(session) -> Situation:  # type: ignore[no-untyped-def]
    """Two tracks send to a bus without items."""
    project, dry = session.reaper.project, song(seed=1)
    bus = project.add_track("Drum bus")
    for name, share in (("Kick", 0.6), ("Snare", 0.4)):
        source = project.add_track(name, share * muddy(dry))
        source.sends_to_parent = False
        bus.add_receive(source)
    return Situation(bus, dry)


def of_folder(session) -> Situation:  # type: ignore[no-untyped-def]
    project, dry = session.reaper.project, song(seed=1)
    top = project.add_track("Guitars")
    inside = [project.add_track(f"Guitar {n}", 0.5 * muddy(dry)) for n in (1, 2)]
    top.folder_depth, inside[1].folder_depth = 1, -1
    return Situation(top, dry)


def of_folder_with_items(session) -> Situation:  # type: ignore[no-untyped-def]
    situation = of_folder(session)
    situation.track.add_item(0.2 * muddy(situation.wanted))
    return situation


def of_unknown_fx(session) -> Situation:  # type: ignore[no-untyped-def]
    """An FX that Bridge does not host stands before those that are set."""
    dry = song(seed=1)
    track = session.reaper.project.add_track("Guitar", muddy(dry))
    as_vst2(track.add_fx("VST3: ZamEQ2"))
    return Situation(track, dry)


SITUATIONS = [of_bus, of_folder, of_folder_with_items, of_unknown_fx]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_sound_comes_closer_whatever_it_is_made_of(open_session: Open, situation) -> None:  # type: ignore[no-untyped-def]
    session = open_session(seed=2, is_model_shipped=True)
    made = situation(session)
    made.track.add_fx("ReaEQ", low_cut="off")
    made.track.add_fx("ReaComp")
    made.track.selected = True
    made.track.volume = 0.3
    session.settle()
    project, before = session.reaper.project, tonal_distance_db(made.track.render(0.0, 8.0), made.wanted)
    enabled = [fx.is_enabled for fx in made.track.fx]
    session.press()
    said = session.reaper.messages
    assert said.boxes == []
    after = tonal_distance_db(made.track.render(0.0, 8.0), made.wanted)
    assert after < 0.8 * before, (before, after, said.console)
    assert "rendered by REAPER" in said.console[-1]
    assert any("REAPER renders" in line for line in said.help)
    assert (project.render_numbers, project.render_texts) == (USERS_NUMBERS, USERS_TEXTS)
    assert [fx.is_enabled for fx in made.track.fx] == enabled
    assert [track for track in project.tracks if track.is_selected] == [made.track]
    assert (made.track.volume, session.reaper.undo_points[1:]) == (0.3, ["Bridge: Auto-mix track"])
    session.wait_for_empty_spool()
    session.reaper.undo()
    assert tonal_distance_db(made.track.render(0.0, 8.0), made.wanted) == pytest.approx(before)


@pytest.mark.parametrize("situation", [of_bus, of_unknown_fx])
def test_missing_fx_are_added_and_set_by_what_reaches_them(open_session: Open, situation) -> None:  # type: ignore[no-untyped-def]
    session = open_session(seed=2, is_model_shipped=True)
    made = situation(session)
    made.track.selected = True
    session.settle()
    before = tonal_distance_db(made.track.render(0.0, 8.0), made.wanted)
    session.press("bridge_automix_add_fx.lua")
    said = session.reaper.messages
    assert said.boxes == []
    assert [fx.original_name for fx in made.track.fx[-2:]] == ["VST: ReaEQ (Cockos)", "VST: ReaComp (Cockos)"]
    after = tonal_distance_db(made.track.render(0.0, 8.0), made.wanted)
    assert after < 0.8 * before, (before, after, said.console)
    session.reaper.undo()
    assert len(made.track.fx) == (1 if situation is of_unknown_fx else 0)
