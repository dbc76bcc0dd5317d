"""Where Bridge cannot render all that is heard, REAPER does, before and after: only what is heard to improve stays."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from songs import muddy, song, tonal_distance_db
from track_fx import as_vst2, corrected, stock

from bridge.standin.project.project import USERS_NUMBERS, USERS_TEXTS
from bridge.standin.project.rendering import RenderFault

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)


def track_before(session, *, is_right_already: bool = False, is_known: bool = False):  # type: ignore[no-untyped-def]
    """A muddy track that ends in an equaliser, which Bridge cannot host unless it is known, and which may put the track
    right. Returns it and its dry take."""
    dry = song(seed=1)
    track = session.reaper.project.add_track("Guitar", muddy(dry))
    stock(track)
    other = track.add_fx("VST3: ZamEQ2")
    if is_right_already:
        corrected(other)
    if not is_known:
        as_vst2(other)
    session.settle()
    return track, dry


def test_what_is_heard_to_improve_stays(open_session: Open, lua: str) -> None:
    session = open_session(lua=lua, seed=2, is_model_shipped=True)
    track, dry = track_before(session)
    before = tonal_distance_db(track.render(), dry)
    session.press()
    said, project = session.reaper.messages, session.reaper.project
    assert said.boxes == []
    assert tonal_distance_db(track.render(), dry) < 0.8 * before
    assert "Measured as it is heard, rendered by REAPER." in said.console[-1]
    assert "heard: distance " in said.console[-1]
    assert session.reaper.undo_points[1:] == ["Bridge: Auto-mix track"]
    assert [render.tracks for render in project.renders] == [("Guitar",)] * 2
    assert (project.render_numbers, project.render_texts) == (USERS_NUMBERS, USERS_TEXTS)
    records = [json.loads(file.read_text("utf-8")) for file in (session.home / "spool" / "applied").iterdir()]
    (kept,) = [record for record in records if record["track"]["guid"] == track.guid]
    assert kept["verified"]["after"]["distance_db"] < kept["verified"]["before"]["distance_db"]
    session.wait_for_empty_spool()
    session.reaper.undo()
    assert tonal_distance_db(track.render(), dry) == pytest.approx(before)


def test_what_is_not_heard_to_improve_is_put_back_without_an_undo_point(open_session: Open) -> None:
    session = open_session(seed=2, is_model_shipped=True)
    track, _ = track_before(session, is_right_already=True)
    values, points = [fx.values() for fx in track.fx], session.reaper.undo_points
    session.press()
    said = session.reaper.messages
    assert said.boxes == []
    assert [fx.values() for fx in track.fx] == values
    assert session.reaper.undo_points == points
    assert "Left as it is" in said.console[-1]
    assert "Measured as it is heard, rendered by REAPER." in said.console[-1]
    assert len(session.reaper.project.renders) == 2
    session.wait_for_empty_spool()


def test_a_user_may_refuse_it(open_session: Open) -> None:
    session = open_session(seed=2, is_model_shipped=True)
    session.reaper.ext_state[("Bridge", "verify")] = "off"
    track, _ = track_before(session)
    values = [fx.values() for fx in track.fx]
    session.press()
    assert [fx.values() for fx in track.fx] == values
    assert "Left as it is: Bridge cannot render VST: ZamEQ2" in session.reaper.messages.console[-1]
    assert session.reaper.project.renders == []


def test_a_user_may_want_it_always(open_session: Open) -> None:
    session = open_session(seed=2, is_model_shipped=True)
    session.reaper.ext_state[("Bridge", "verify")] = "always"
    track, dry = track_before(session, is_known=True)
    before = tonal_distance_db(track.render(), dry)
    session.press()
    assert "heard: distance " in session.reaper.messages.console[-1]
    assert tonal_distance_db(track.render(), dry) < 0.8 * before


@pytest.mark.parametrize("after", [0, 1])
def test_a_render_that_fails_leaves_the_track_as_it_was(open_session: Open, after: int) -> None:
    session = open_session(seed=2, is_model_shipped=True)
    track, _ = track_before(session)
    session.reaper.project.render_fault = RenderFault(after=after)
    values, points = [fx.values() for fx in track.fx], session.reaper.undo_points
    session.press()
    (box,) = session.reaper.messages.boxes
    assert "REAPER rendered nothing of Guitar" in box
    assert [fx.values() for fx in track.fx] == values
    assert session.reaper.undo_points == points
    session.wait_for_empty_spool()


def test_it_can_be_cancelled_while_it_is_verified(open_session: Open) -> None:
    session = open_session(seed=2, is_model_shipped=True)
    track, _ = track_before(session)
    values, points = [fx.values() for fx in track.fx], session.reaper.undo_points
    session.reaper.run_action("bridge_automix.lua")
    session.reaper.run_until(lambda: len(session.reaper.project.renders) == 2)
    assert [fx.values() for fx in track.fx] != values
    session.reaper.run_action("bridge_cancel.lua")
    session.reaper.run_until_idle()
    assert session.reaper.messages.boxes == ["Cancelled. Nothing was changed."]
    assert [fx.values() for fx in track.fx] == values
    assert session.reaper.undo_points == points
    session.wait_for_empty_spool()
