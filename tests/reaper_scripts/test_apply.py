"""Applying a reply: one undo step, read back, and nothing left behind."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from reaper_session import (
    IMPROVED_TEXT,
    SILENT_TEXT,
    ReaperSession,
    applying,
    noise,
    set_comp,
    set_low_cut,
    silent,
    unchanged,
    write_to,
)

from bridge.automix.facts import Measurements, MeasurementsPair
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import (
    Change,
    Reply,
    Request,
    encode,
)


def test_values_are_written_in_one_undo_step(desk: ReaperSession) -> None:
    before = desk.comp_values()
    desk.daemon.answer = set_comp
    desk.run()
    assert desk.comp_values() == (0.4, 0.3)
    assert desk.reaper.undo_points == ["Bridge: Auto-mix track"]
    assert desk.reaper.undo()
    assert desk.comp_values() == before
    assert desk.reaper.redo()
    assert desk.comp_values() == (0.4, 0.3)


def test_the_receipt_holds_what_was_read_back(desk: ReaperSession) -> None:
    desk.daemon.answer = set_comp
    desk.run()
    (receipt,) = desk.daemon.receipts()
    assert (receipt.id, receipt.status) == (desk.daemon.requests[0].id, "applied")
    shown = desk.track.find_fx("ReaComp").values()
    assert {(r.wanted, r.read, r.text, r.status) for r in receipt.results} == {
        (0.4, 0.4, shown["Thresh"][1], "ok"),
        (0.3, 0.3, shown["Ratio"][1], "ok"),
    }


def test_nothing_is_left_in_the_spool(desk: ReaperSession) -> None:
    desk.daemon.answer = lambda request: (desk.daemon.report(request, 0.5, "listening"), set_comp(request))[1]
    desk.run()
    assert desk.daemon.leftovers() == []


def test_the_sound_changes(desk: ReaperSession) -> None:
    before = desk.track.render()
    desk.daemon.answer = set_comp
    desk.run()
    assert np.abs(desk.track.render() - before).max() > 1e-4


def test_a_low_cut_is_switched_on_before_its_frequency_is_set(desk: ReaperSession) -> None:
    desk.daemon.answer = set_low_cut
    desk.run()
    equaliser = desk.track.find_fx("ReaEQ")
    assert equaliser.is_band_enabled(0, 0)
    desk.reaper.undo()
    assert not equaliser.is_band_enabled(0, 0)


def test_switches_come_first_then_rising_indices(desk: ReaperSession, monkeypatch: pytest.MonkeyPatch) -> None:
    comp = desk.track.find_fx("ReaComp")
    written: list[str] = []
    write = comp.write
    monkeypatch.setattr(
        comp, "write", lambda index, value: (written.append(comp.parameters[index].name), write(index, value))
    )
    names = sorted(("Thresh", "Ratio", "Attack", "Release"), key=comp.index)

    def answer(request: Request) -> Reply:
        fx = request.fx[1]
        values = [write_to(fx, name, 0.6) for name in reversed(names)]
        return applying(request, *values, write_to(fx, "Auto Release", 1.0, is_switch=True))

    desk.daemon.answer = answer
    desk.run()
    assert written == ["Auto Release", *names]


def test_a_real_plugin_is_set(desk: ReaperSession) -> None:
    zam = desk.track.add_fx("VST3: ZamCompX2")
    desk.daemon.answer = lambda request: applying(request, write_to(request.fx[2], "Threshold", 0.25))
    desk.run()
    normalized, text = zam.values()["Threshold"]
    assert normalized == pytest.approx(0.25, abs=1e-6)
    assert float(text) == pytest.approx(-60.0, abs=0.1)  # of -80..0 dB


def test_a_renamed_fx_is_found_by_its_guid(desk: ReaperSession) -> None:
    comp = desk.track.find_fx("ReaComp")

    def answer(request: Request) -> Reply:
        comp.renamed = "My glue"
        return set_comp(request)

    desk.daemon.answer = answer
    desk.run()
    assert desk.reaper.messages.boxes == []
    assert comp.values()["Thresh"][0] == 0.4


def test_an_fx_that_moves_right_after_writing_is_read_back(desk: ReaperSession) -> None:
    def answer(request: Request) -> Reply:
        desk.reaper.on_tick(1, lambda: desk.track.fx.insert(0, desk.track.project.create_fx("ReaComp")))
        return set_comp(request)

    desk.daemon.answer = answer
    desk.run()
    (receipt,) = desk.daemon.receipts()
    assert (receipt.status, {r.status for r in receipt.results}) == ("applied", {"ok"})
    assert desk.track.fx[2].values()["Thresh"][0] == 0.4


@pytest.mark.parametrize("fault", ["is_late", "is_text_late"])
def test_values_and_texts_that_come_late_are_waited_for(desk: ReaperSession, fault: str) -> None:
    desk.track.find_fx("ReaComp").fault("Thresh", **{fault: True})
    desk.daemon.answer = set_comp
    desk.run()
    (receipt,) = desk.daemon.receipts()
    shown = desk.track.find_fx("ReaComp").values()["Thresh"][1]
    assert receipt.status == "applied"
    assert next(r.text for r in receipt.results if r.wanted == 0.4) == shown


def test_a_plugin_that_rounds_to_its_steps_is_told_and_kept(desk: ReaperSession) -> None:
    comp = desk.track.find_fx("ReaComp")
    before = comp.values()["Thresh"][0]
    comp.fault("Thresh", step=0.25, is_step_known=True)
    wanted = 0.4 if abs(before - 0.5) > 0.2 else 0.15
    desk.daemon.answer = lambda request: applying(request, write_to(request.fx[1], "Thresh", wanted))
    desk.run()
    (receipt,) = desk.daemon.receipts()
    assert (receipt.status, [r.status for r in receipt.results]) == ("applied", ["differs"])
    assert comp.values()["Thresh"][0] == round(wanted / 0.25) * 0.25
    assert f"rounded by the plugin: {receipt.results[0].ident} shows {comp.values()['Thresh'][1]}" in desk.console


@pytest.mark.parametrize(("low", "high"), [(0.0, 100.0), (-1.0, 1.0)])
def test_steps_are_measured_in_the_range_that_reaper_gives_them_in(
    desk: ReaperSession, low: float, high: float
) -> None:
    """A step of 0.05 of the whole is 5 of 0..100: taken for normalized, every rounding would be as good as kept."""
    comp = desk.track.find_fx("ReaComp")
    index, before = comp.index("Thresh"), comp.values()["Thresh"][0]
    comp.parameters[index] = replace(comp.parameters[index], low=low, high=high)
    comp.fault("Thresh", step=0.05, is_step_known=True)
    desk.daemon.answer = lambda request: applying(request, write_to(request.fx[1], "Thresh", 0.42))
    desk.run()
    assert comp.values()["Thresh"][0] == pytest.approx(0.4)
    comp._values[index] = before
    comp.write = lambda *_, **__: comp._store(index, 0.5)  # type: ignore[method-assign]
    desk.run()
    assert [r.status for r in desk.daemon.receipts()].count("restored") == 1


@pytest.mark.parametrize(("step", "status"), [(0.3, "restored"), (0.02, "applied")])
def test_a_value_far_from_the_wanted_one_is_not_kept(desk: ReaperSession, step: float, status: str) -> None:
    comp = desk.track.find_fx("ReaComp")
    before = comp.values()["Thresh"][0]
    comp.fault("Thresh", step=step)  # of which REAPER knows nothing
    desk.daemon.answer = lambda request: applying(request, write_to(request.fx[1], "Thresh", 0.448))
    desk.run()
    (receipt,) = desk.daemon.receipts()
    assert (receipt.status, [r.status for r in receipt.results]) == (
        status, ["differs" if status == "applied" else "refused"],
    )  # fmt: skip
    assert comp.values()["Thresh"][0] == (pytest.approx(0.44) if status == "applied" else before)


def test_the_user_reads_what_was_done(desk: ReaperSession) -> None:
    def answer(request: Request) -> Reply:
        return applying(
            request,
            write_to(request.fx[1], "Thresh", 0.4),
            changes=(
                Change(
                    slot="compressor", plugin="ReaComp", control="threshold_db", unit="dB",
                    before=0.0, after=-12.0, text="-12.0 dB", confidence=0.8,
                ),
            ),
            left_alone=(LeftAlone(what="ReaEQ", kind=LeftAloneKind.BYPASSED),),
            measures=MeasurementsPair(
                before=Measurements(loudness_lufs=-20.0, true_peak_dbtp=-3.0, distance_db=4.5),
                after=Measurements(loudness_lufs=-20.0, true_peak_dbtp=-3.0, distance_db=2.25),
            ),
        )  # fmt: skip

    desk.daemon.answer = answer
    desk.run()
    assert desk.reaper.messages.boxes == []
    assert desk.console.startswith(f"!SHOW:Bridge: Vocals: {IMPROVED_TEXT}\n")
    assert "  compressor threshold_db: −12.0 dB (was 0 dB)" in desk.console
    assert "  left as it is: ReaEQ (is bypassed, so it stays as it is)" in desk.console
    assert "  distance 4.5 → 2.2 dB  ·  " in desk.console


def test_unchanged_says_why_and_makes_no_undo_step(desk: ReaperSession) -> None:
    desk.daemon.answer = unchanged
    desk.run()
    assert f"Bridge: Vocals: {SILENT_TEXT}" in desk.console
    assert desk.reaper.undo_points == []
    assert desk.daemon.receipts() == []


def test_several_tracks_are_one_undo_step(desk: ReaperSession) -> None:
    others = []
    for number in range(3):
        other = desk.reaper.project.add_track(f"Track {number}", noise(0.5, seed=number))
        other.add_fx("ReaComp")
        other.selected = True
        others.append(other)
    desk.reaper.project.history.rebase()
    desk.daemon.answer = set_comp
    desk.run()
    assert [r.track.name for r in desk.daemon.requests] == ["Vocals", "Track 0", "Track 1", "Track 2"]
    assert all(desk.comp_values(track) == (0.4, 0.3) for track in (desk.track, *others))
    assert desk.reaper.undo_points == ["Bridge: Auto-mix 4 tracks"]
    assert len(desk.daemon.receipts()) == 4


def test_progress_is_shown(desk: ReaperSession) -> None:
    desk.daemon.answer = silent
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.run_until(lambda: bool(desk.daemon.requests))
    request = desk.daemon.requests[0]
    desk.daemon.report(request, 0.4, "trying settings")
    desk.reaper.run_until(lambda: any("trying settings, 40%" in line for line in desk.reaper.messages.help))
    desk.daemon.put(desk.daemon.spool / "replies" / f"{request.id}.json", encode(set_comp(request)))
    desk.reaper.run_until_idle()
    assert desk.reaper.messages.help[-1] == ""
    assert desk.comp_values() == (0.4, 0.3)


def many_writes(desk: ReaperSession) -> Callable[[Request], Reply]:
    """A reply that moves all there is of three FX: more than one slice can take where each write takes its time."""

    def answer(request: Request) -> Reply:
        writes = [
            write_to(fx, p.name, 0.37 if p.normalized > 0.5 else 0.63, expected_text="", eq_band=None)
            for fx in request.fx
            for p in fx.parameters
            if not p.is_toggle and (p.eq is None or p.eq.enabled)
        ]
        return applying(request, *writes)

    return answer


@pytest.fixture
def slow(desk: ReaperSession, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Each write takes a millisecond, as with a plugin that recalculates everything; they are noted by tick."""
    from bridge.standin.fx.fx import StandInFx

    desk.track.add_fx("ReaComp")
    desk.reaper.project.history.rebase()
    written: list[tuple[int, str]] = []
    write = StandInFx.write

    def slow_write(fx: StandInFx, index: int, value: float, **more: Any) -> None:
        end_s = time.perf_counter() + 0.001
        while time.perf_counter() < end_s:
            pass
        written.append((desk.reaper.ticks, fx.parameters[index].name))
        write(fx, index, value, **more)

    monkeypatch.setattr(StandInFx, "write", slow_write)
    return written


def test_many_writes_take_several_slices_and_one_undo_step(desk: ReaperSession, slow: list[tuple[int, str]]) -> None:
    before = [fx.values() for fx in desk.track.fx]
    desk.daemon.answer = many_writes(desk)
    desk.run()
    assert desk.reaper.messages.boxes == []
    assert len(slow) > 32
    ticks = [tick for tick, _ in slow]
    assert len(set(ticks)) > 2
    assert max(ticks.count(tick) for tick in ticks) <= 12
    assert desk.reaper.undo_points == ["Bridge: Auto-mix track"]
    desk.reaper.undo()
    assert [fx.values() for fx in desk.track.fx] == before


def test_what_is_touched_between_two_slices_stays_and_all_else_goes_back(
    desk: ReaperSession, slow: list[tuple[int, str]]
) -> None:
    before = [fx.values() for fx in desk.track.fx]
    last = desk.track.fx[-1]
    name = [p.name for p in last.parameters if p.step is None][-1]

    def answer(request: Request) -> Reply:
        desk.reaper.on_tick(2, lambda: desk.reaper.turn_knob(last, name, 0.11))
        return many_writes(desk)(request)

    desk.daemon.answer = answer
    desk.run()
    assert "changed" in desk.box
    assert last.values()[name][0] == 0.11
    after = [fx.values() for fx in desk.track.fx]
    after[-1][name] = before[-1][name]
    assert after == before


def test_a_track_that_goes_between_two_slices_ends_the_job(desk: ReaperSession, slow: list[tuple[int, str]]) -> None:
    def answer(request: Request) -> Reply:
        desk.reaper.on_tick(2, lambda: desk.reaper.project.remove_track(desk.track))
        return many_writes(desk)(request)

    desk.daemon.answer = answer
    desk.run()
    assert "removed" in desk.box


def test_a_script_stopped_between_two_slices_puts_everything_back(
    desk: ReaperSession, slow: list[tuple[int, str]]
) -> None:
    before = [fx.values() for fx in desk.track.fx]
    desk.daemon.answer = many_writes(desk)
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.run_until(lambda: bool(slow))
    desk.reaper.stop_scripts()
    assert [fx.values() for fx in desk.track.fx] == before
