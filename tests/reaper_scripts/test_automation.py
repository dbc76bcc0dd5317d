"""Writing as automation: raw values, sorted, later by the latency before the FX, one undo step, nothing outside."""

from __future__ import annotations

import numpy as np
import pytest
from reaper_session import ReaperSession, applying, longest_slices_s, noise, set_comp, set_low_cut, silent

from bridge.reaper.protocol.messages import AutomationWrite, Reply, Request
from bridge.standin.project.envelope import FxEnvelope
from bridge.standin.project.track import ReaperTrack

ACTION = "bridge_write_automation.lua"
POINTS = ((0.5, 0.2), (0.8, 0.7), (1.1, 0.7), (1.5, 0.2))


def curve(request: Request, name: str = "Ratio", points: tuple[tuple[float, float], ...] = POINTS) -> Reply:
    comp = next(fx for fx in request.fx if "ReaComp" in fx.original_name)
    parameter = next(p for p in comp.parameters if p.name == name)
    moving = AutomationWrite(fx_guid=comp.guid, ident=parameter.ident, index=parameter.index, points=points)
    return applying(request, curves=(moving,))


def envelope_of(track: ReaperTrack, name: str) -> FxEnvelope:
    comp = track.find_fx("ReaComp")
    return next(e for e in track.envelopes if e.fx is comp and e.parameter == comp.index(name))


@pytest.fixture
def selected(desk: ReaperSession) -> ReaperSession:
    """Half a second to one and a half are selected."""
    desk.reaper.project.time_selection = (0.5, 1.5)
    desk.daemon.answer = curve
    desk.reaper.project.history.rebase()
    return desk


def test_a_curve_becomes_an_envelope_in_one_undo_step(selected: ReaperSession) -> None:
    comp = selected.track.find_fx("ReaComp")
    before = comp.values()["Ratio"][0]
    selected.run(ACTION)
    assert selected.reaper.messages.boxes == []
    assert selected.daemon.requests[0].options.automation
    envelope = envelope_of(selected.track, "Ratio")
    for time_s, value in POINTS:
        assert envelope.normalized(envelope.at(time_s)) == pytest.approx(value, abs=1e-6)
    for time_s in (0.0, 0.4, 1.6, 9.0):
        assert envelope.normalized(envelope.at(time_s)) == pytest.approx(before, abs=1e-6)
    assert [p.time_s for p in envelope.points] == sorted(p.time_s for p in envelope.points)
    assert selected.reaper.undo_points == ["Bridge: Auto-mix track (automation)"]
    (receipt,) = selected.daemon.receipts()
    assert (receipt.status, [r.status for r in receipt.results]) == ("applied", ["ok"])
    selected.reaper.undo()
    assert selected.track.envelopes == []


def test_settings_that_stand_still_hold_for_the_selection_alone(selected: ReaperSession) -> None:
    selected.daemon.answer = set_comp
    before = selected.comp_values()
    selected.run(ACTION)
    for name, wanted, old in zip(("Thresh", "Ratio"), (0.4, 0.3), before, strict=True):
        envelope = envelope_of(selected.track, name)
        heard = [envelope.normalized(envelope.at(time_s)) for time_s in (0.2, 0.5, 1.0, 1.5, 1.7)]
        assert heard == pytest.approx([old, wanted, wanted, wanted, old], abs=1e-6)
    selected.reaper.project.cursor_s = 1.0
    selected.reaper.tick()
    assert selected.comp_values() == pytest.approx((0.4, 0.3))


def test_what_an_envelope_held_outside_stays(selected: ReaperSession) -> None:
    comp = selected.track.find_fx("ReaComp")
    low, high = comp.raw_range(comp.index("Ratio"))
    old = [
        (t, low + (high - low) * v)
        for t, v in ((0.0, 0.9), (0.45, 0.8), (0.7, 0.1), (1.2, 0.15), (1.9, 0.6), (3.0, 0.5))
    ]
    envelope = selected.track.add_envelope(comp, "Ratio", list(old))
    outside = {t: envelope.at(t) for t in (0.0, 0.3, 0.49, 1.52, 1.7, 1.9, 2.5, 3.0)}
    selected.reaper.project.history.rebase()
    selected.run(ACTION)
    for time_s, value in outside.items():
        assert envelope.at(time_s) == pytest.approx(value, abs=1e-6 + 0.01 * (high - low))
    assert envelope.normalized(envelope.at(1.0)) == pytest.approx(0.7, abs=1e-6)
    selected.reaper.undo()
    restored = selected.track.envelopes[0]
    assert [(p.time_s, p.value) for p in restored.points] == old


@pytest.mark.parametrize("is_bypassed", [False, True])
def test_points_stand_later_by_the_latency_of_the_fx_before(selected: ReaperSession, is_bypassed: bool) -> None:
    eq = selected.track.find_fx("ReaEQ")
    eq.latency_samples = 4800
    eq.is_enabled = not is_bypassed
    selected.track.find_fx("ReaComp").latency_samples = 960  # its own: what it does is in time with its input
    selected.run(ACTION)
    envelope = envelope_of(selected.track, "Ratio")
    for time_s, value in POINTS:
        assert envelope.effective_at(time_s) == pytest.approx(value, abs=1e-6)
    assert (envelope.points[-1].time_s > 1.59) != is_bypassed


def test_it_can_be_done_again(selected: ReaperSession) -> None:
    selected.run(ACTION)
    selected.daemon.answer = lambda request: curve(request, points=((0.5, 0.5), (1.5, 0.5)))
    selected.run(ACTION)
    envelope = envelope_of(selected.track, "Ratio")
    assert selected.reaper.messages.boxes == []
    assert envelope.normalized(envelope.at(0.8)) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.alone
def test_many_points_take_many_slices(selected: ReaperSession) -> None:
    times = np.linspace(0.5, 1.5, 3000)
    values = 0.5 + 0.4 * np.sin(times * 40)
    points = tuple(zip(times.tolist(), values.tolist(), strict=True))
    selected.daemon.answer = lambda request: curve(request, points=points)

    def run() -> None:
        selected.daemon.beat()  # on a busy machine one run takes longer than a heartbeat is good for
        selected.run(ACTION)

    shortest_s, longest_s = longest_slices_s(selected.reaper, run)
    assert len(envelope_of(selected.track, "Ratio").points) >= 3000
    assert shortest_s < 0.02
    assert longest_s < 0.045
    assert selected.reaper.undo_points == ["Bridge: Auto-mix track (automation)"] * 5


def test_a_script_stopped_while_it_writes_leaves_the_envelope_as_it_was(selected: ReaperSession) -> None:
    comp = selected.track.find_fx("ReaComp")
    low, high = comp.raw_range(comp.index("Ratio"))
    old = [(0.0, low + 0.9 * (high - low)), (3.0, low + 0.5 * (high - low))]
    envelope = selected.track.add_envelope(comp, "Ratio", list(old))
    times = np.linspace(0.5, 1.5, 3000)
    points = tuple(zip(times.tolist(), np.full(3000, 0.4).tolist(), strict=True))
    selected.daemon.answer = lambda request: curve(request, points=points)
    selected.reaper.run_action(ACTION)
    selected.reaper.run_until(lambda: len(envelope.points) > 200)
    selected.reaper.stop_scripts()
    assert [(p.time_s, p.value) for p in envelope.points] == old
    assert selected.reaper.undo_points == []


def test_a_new_envelope_that_did_not_come_to_an_end_is_out_of_force(selected: ReaperSession) -> None:
    times = np.linspace(0.5, 1.5, 3000)
    points = tuple(zip(times.tolist(), np.full(3000, 0.4).tolist(), strict=True))
    selected.daemon.answer = lambda request: curve(request, points=points)
    before = selected.comp_values()
    selected.reaper.run_action(ACTION)
    selected.reaper.run_until(lambda: bool(selected.track.envelopes) and len(selected.track.envelopes[0].points) > 200)
    selected.reaper.stop_scripts()
    assert not selected.track.envelopes[0].is_active
    selected.reaper.tick()
    assert selected.comp_values() == before


def test_what_was_touched_meanwhile_is_refused(selected: ReaperSession) -> None:
    def touch(request: Request) -> Reply:
        selected.reaper.turn_knob(selected.track.find_fx("ReaComp"), "Thresh", 0.9)
        return curve(request)

    selected.daemon.answer = touch
    selected.run(ACTION)
    assert "Thresh of VST: ReaComp (Cockos) was changed by hand" in selected.box
    assert selected.track.envelopes == []


def test_a_band_that_is_off_is_named(selected: ReaperSession) -> None:
    selected.daemon.answer = set_low_cut
    selected.run(ACTION)
    assert "no envelope can switch it on" in selected.box
    assert selected.track.envelopes == []


def test_a_long_range_is_refused(selected: ReaperSession) -> None:
    selected.track.add_item(noise(1.0), position_s=200.0)
    selected.reaper.project.time_selection = (0.0, 201.0)
    selected.run(ACTION)
    assert "Automation is written over 120 s at most, and Vocals has 201 s" in selected.box


@pytest.mark.parametrize("points", [((1.0, 0.5), (0.9, 0.5)), ((1.0, 0.5), (1.0, 0.6))])
def test_points_out_of_order_are_refused(selected: ReaperSession, points) -> None:
    selected.daemon.answer = lambda request: curve(request, points=points)
    selected.run(ACTION)
    assert "a point out of order" in selected.box
    assert selected.track.envelopes == []


def test_static_writes_do_not_move_what_an_envelope_drives(desk: ReaperSession) -> None:
    """The stand-in holds to it: an armed envelope in a reading mode overrides what is written."""
    comp = desk.track.find_fx("ReaComp")
    envelope = desk.track.add_envelope(comp, "Ratio", [(0.0, comp.raw_range(comp.index("Ratio"))[1])])
    desk.reaper.tick()
    comp.write(comp.index("Ratio"), 0.2)
    desk.reaper.tick()
    assert comp.values()["Ratio"][0] == pytest.approx(1.0)
    desk.track.automation_mode = 3  # write: it does not read
    comp.write(comp.index("Ratio"), 0.2)
    desk.reaper.tick()
    assert comp.values()["Ratio"][0] == pytest.approx(0.2)
    assert envelope.is_alive


def test_cancelling_before_anything_is_written(selected: ReaperSession) -> None:
    selected.daemon.answer = silent
    selected.reaper.run_action(ACTION)
    selected.reaper.run_until(lambda: bool(selected.daemon.requests))
    selected.reaper.run_action("bridge_cancel.lua")
    selected.reaper.run_until_idle()
    assert selected.box == "Cancelled. Nothing was changed."
    assert (selected.track.envelopes, selected.daemon.leftovers()) == ([], [])


def many_points(request: Request) -> Reply:
    times = np.linspace(0.5, 1.5, 6000)
    return curve(request, points=tuple(zip(times.tolist(), (0.5 + 0.4 * np.sin(times * 40)).tolist(), strict=True)))


@pytest.mark.parametrize("what", ["track", "FX"])
def test_what_goes_while_points_are_written_is_never_touched_again(selected: ReaperSession, what: str) -> None:
    project, track = selected.reaper.project, selected.track

    def lose() -> None:
        if what == "track":
            project.remove_track(track)
        else:
            track.fx.remove(track.find_fx("ReaComp"))
            track.envelopes.clear()

    selected.daemon.answer = many_points
    selected.reaper.run_action(ACTION)
    selected.reaper.run_until(lambda: any(len(e.points) > 200 for e in track.envelopes))
    lose()
    selected.reaper.run_until_idle(20)
    assert "removed while Bridge" in selected.box
