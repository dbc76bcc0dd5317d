"""The FX button and the automation modes that record: nothing is set that would not be heard, or be recorded."""

import pytest
from reaper_session import ReaperSession, set_comp, silent

from bridge.reaper.protocol.messages import encode

RECORDING = [("touch", 2), ("write", 3), ("latch", 4)]


@pytest.fixture(params=["FX button", "latch"])
def barred(request: pytest.FixtureRequest, desk: ReaperSession):
    """`barred()` makes the track one that nothing may be set on; returns what the user must read of it."""
    desk.daemon.answer = set_comp

    def bar() -> str:
        if request.param == "FX button":
            desk.track.is_fx_enabled = False
            return "FX button"
        if request.param == "override":
            desk.reaper.automation_override = 4
            return "latch mode"
        desk.track.automation_mode = dict(RECORDING)[request.param]
        return f"{request.param} mode"

    return bar


@pytest.mark.parametrize("barred", ["FX button", *dict(RECORDING), "override"], indirect=True)
def test_it_is_said_before_anything_is_heard(desk: ReaperSession, barred) -> None:
    before, named = desk.comp_values(), barred()
    desk.run()
    assert named in desk.box
    assert "run the action again" in desk.box
    assert desk.daemon.requests == []
    assert desk.comp_values() == before
    assert (desk.reaper.undo_points, desk.track.envelopes) == ([], [])


def test_it_is_seen_before_anything_is_written(desk: ReaperSession, barred) -> None:
    before = desk.comp_values()
    desk.daemon.answer = silent
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.run_until(lambda: bool(desk.daemon.requests))
    named = barred()
    (request,) = desk.daemon.requests
    desk.daemon.put(desk.daemon.spool / "replies" / f"{request.id}.json", encode(set_comp(request)))
    desk.reaper.run_until_idle()
    assert named in desk.box
    assert "Nothing was changed" in desk.box
    assert desk.comp_values() == before
    assert (desk.reaper.undo_points, desk.track.envelopes) == ([], [])


def test_an_amount_does_not_move(desk: ReaperSession, barred) -> None:
    desk.daemon.answer = set_comp
    desk.run()
    applied, points = desk.comp_values(), desk.reaper.undo_points
    named = barred()
    for action in ("bridge_amount_down.lua", "bridge_compare.lua"):
        desk.run(action)
        assert named in desk.reaper.messages.boxes[-1]
        assert desk.comp_values() == applied
        assert (desk.reaper.undo_points, desk.track.envelopes) == (points, [])


@pytest.mark.parametrize("mode", [0, 1])
def test_modes_that_only_read_are_none_of_them(desk: ReaperSession, mode: int) -> None:
    desk.daemon.answer = set_comp
    desk.track.automation_mode = mode
    desk.run()
    assert (desk.reaper.messages.boxes, desk.track.envelopes) == ([], [])
    assert desk.comp_values() == pytest.approx((0.4, 0.3))


def test_a_bypass_of_all_envelopes_records_nothing(desk: ReaperSession) -> None:
    desk.daemon.answer = set_comp
    desk.track.automation_mode, desk.reaper.automation_override = 4, 5
    desk.run()
    assert (desk.reaper.messages.boxes, desk.track.envelopes) == ([], [])


@pytest.mark.parametrize(("mode", "is_refused"), [(2, False), (4, False), (3, True)])
def test_points_are_written_in_every_mode_but_the_one_that_writes_over_them(
    desk: ReaperSession, mode: int, is_refused: bool
) -> None:
    desk.track.automation_mode = mode
    desk.reaper.project.time_selection = (0.5, 1.5)
    desk.daemon.answer = set_comp
    desk.run("bridge_write_automation.lua")
    assert bool(desk.reaper.messages.boxes) is is_refused
    assert bool(desk.track.envelopes) is not is_refused
