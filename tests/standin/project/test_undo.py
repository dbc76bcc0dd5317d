"""Undo restores what a block changed, and what has joined it."""

from collections.abc import Callable

import numpy as np

from bridge.standin import StandIn

Run = Callable[[str], list[str]]
SET = "reaper.TrackFX_SetParamNormalized(track, 0, 0, {})"
BLOCK = "reaper.Undo_BeginBlock2(0) " + SET + " reaper.Undo_EndBlock2(0, '{}', {}) reaper.defer(function() end) "


def shown(reaper: StandIn) -> float:
    return reaper.project.tracks[0].fx[0].read_normalized(0)


def test_a_block_is_one_step_there_and_back(run: Run, reaper: StandIn) -> None:
    before = shown(reaper)
    run(BLOCK.format(0.9, "Nine", 2))
    assert reaper.undo_points == ["Nine"]
    reaper.undo()
    assert (shown(reaper), reaper.undo_points) == (before, [])
    reaper.redo()
    assert (shown(reaper), reaper.undo_points) == (0.9, ["Nine"])


def test_nested_blocks_are_one_step(run: Run, reaper: StandIn) -> None:
    run("reaper.Undo_BeginBlock2(0) " + BLOCK.format(0.9, "Inner", 2) + "reaper.Undo_EndBlock2(0, 'Outer', 2)")
    assert reaper.undo_points == ["Outer"]


def test_changes_without_a_block_join_the_next_step(run: Run, reaper: StandIn) -> None:
    before = shown(reaper)
    run(SET.format(0.2) + " reaper.TrackFX_AddByName(track, 'ReaEQ', false, -1) " + BLOCK.format(0.9, "Nine", 2))
    reaper.undo()
    assert shown(reaper) == before
    assert len(reaper.project.tracks[0].fx) == 1
    reaper.redo()
    assert len(reaper.project.tracks[0].fx) == 2


def test_flags_say_what_a_step_holds(run: Run, reaper: StandIn) -> None:
    run("reaper.SetMediaTrackInfo_Value(track, 'B_MUTE', 1) " + BLOCK.format(0.9, "FX only", 2))
    reaper.undo()
    assert reaper.project.tracks[0].is_muted
    assert shown(reaper) != 0.9


def test_flags_of_zero_make_no_step(run: Run, reaper: StandIn) -> None:
    run(BLOCK.format(0.9, "None", 0))
    assert reaper.undo_points == []


def test_a_block_without_a_change_makes_a_step_all_the_same(run: Run, reaper: StandIn) -> None:
    run("reaper.Undo_BeginBlock2(0) reaper.Undo_EndBlock2(0, 'Nothing', 2) reaper.defer(function() end)")
    assert reaper.undo_points == ["Nothing"]


def test_undo_brings_a_removed_fx_back_with_its_guid(run: Run, reaper: StandIn) -> None:
    guid = reaper.project.tracks[0].fx[0].guid
    run("reaper.Undo_BeginBlock2(0) reaper.TrackFX_Delete(track, 0) reaper.Undo_EndBlock2(0, 'Gone', 2)")
    assert reaper.project.tracks[0].fx == []
    reaper.undo()
    reaper.undo()
    assert reaper.project.tracks[0].fx[0].guid == guid


def test_a_new_step_forgets_what_could_be_redone(run: Run, reaper: StandIn) -> None:
    run(BLOCK.format(0.9, "A", 2))
    reaper.undo()
    reaper.turn_knob(reaper.project.tracks[0].fx[0], "Ratio", 0.5)
    assert not reaper.redo()
    assert reaper.undo_points == ["Edit FX parameter"]


def test_scripts_see_and_do_undo(run: Run, reaper: StandIn) -> None:
    said = run(
        BLOCK.format(0.9, "Nine", 2)
        + "say(reaper.Undo_CanUndo2(0), reaper.Undo_CanRedo2(0), reaper.Undo_DoUndo2(0), reaper.Undo_CanRedo2(0))"
    )
    assert said == ["Nine nil 1 Nine"]


def test_undo_sounds_as_before(reaper: StandIn) -> None:
    track = reaper.project.tracks[0]
    before = track.render()
    for name in ("Wet", "Dry"):
        reaper.turn_knob(track.fx[0], name, 0.2)
    assert not np.array_equal(track.render(), before)
    reaper.undo()
    reaper.undo()
    assert np.array_equal(track.render(), before)
