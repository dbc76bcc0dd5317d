"""Every rule that a script could break raises, also where the script catches the error."""

import threading
from collections.abc import Callable

import pytest

from bridge.standin import StandIn
from bridge.standin.faults import Misuse, NotSimulated

Run = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("reaper.NoSuchFunction()", "NoSuchFunction does not exist in REAPER's API"),
        ("local f = reaper.BR_GetMediaItemGUID", "does not exist in REAPER's API"),
        ("pcall(function() reaper.NoSuchFunction() end)", "does not exist"),
        ("reaper.GetTrack(0)", "was called with 1 arguments"),
        ("reaper.CountTracks(0, 1)", "was called with 2 arguments"),
        ("reaper.TrackFX_GetParamEx(track, 0, 0, 0, 0, 0)", "was called with 6 arguments"),
        ("reaper.TrackFX_GetCount(nil)", "MediaTrack* expected, got NoneType"),
        ("reaper.TrackFX_GetCount(0)", "MediaTrack* expected, got int"),
        ("reaper.TrackFX_GetCount((reaper.EnumProjects(-1)))", "MediaTrack* expected, got ReaProject*"),
        ("reaper.TrackFX_GetParamName(track, 0.5, 0)", "int expected, got float 0.5"),
        ("reaper.TrackFX_GetParamName(track, '0', 0)", "int expected, got str"),
        ("reaper.CountSelectedTracks2(0, 0)", "bool expected, got int"),
        ("reaper.ShowConsoleMsg(5)", "string expected, got int"),
        ("reaper.SetExtState('a', 'b', 'x\\ny', true)", "cannot hold a line break"),
        ("reaper.ShowMessageBox('a', 'b', 9)", "has the kinds 0..5"),
        ("reaper.LICE_Clear(nil, 0)", "takes C structures"),
        ("local x = track.name", "opaque"),
        ("undefined_global = 1", "the global variable undefined_global is written"),
        ("say(undefined_global)", "the global variable undefined_global is read"),
        ("reaper.defer('code')", "reaper.defer takes a function"),
        ("reaper.atexit()", "reaper.atexit takes a function"),
        ("reaper.new_array(0)", "takes a size of"),
        ("local a = reaper.new_array(4); local x = a[5]", "outside its 4 values"),
        ("local a = reaper.new_array(4); a[0] = 1", "outside its 4 values"),
        ("reaper.new_array(4).fft(4)", "not simulated"),
        ("error('a slip')", "a slip"),
        ("reaper.defer(function() error('later') end)", "later"),
        ("reaper.atexit(function() error('at the end') end)", "at the end"),
        ("local x = = 1", "unexpected symbol"),
    ],
)  # fmt: skip
def test_misuse_raises(run: Run, code: str, said: str) -> None:
    with pytest.raises(Misuse) as raised:
        run(code)
    assert said in str(raised.value)


def test_what_exists_but_is_not_simulated_says_so(run: Run) -> None:
    with pytest.raises(NotSimulated, match="REAPER has GetPlayState, but this stand-in does not simulate it"):
        run("reaper.GetPlayState()")


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("reaper.Undo_BeginBlock2(0)", "1 undo blocks"),
        ("reaper.CreateTrackAudioAccessor(track)", "1 audio accessors"),
    ],
)
def test_what_a_script_leaves_open_raises_at_its_end(run: Run, code: str, left: str) -> None:
    with pytest.raises(Misuse, match=f"ended and left open: {left}"):
        run(code)


def test_the_ui_must_be_released_within_the_slice(run: Run) -> None:
    with pytest.raises(Misuse, match="PreventUIRefresh at 1"):
        run("reaper.PreventUIRefresh(1) reaper.defer(function() reaper.PreventUIRefresh(-1) end)")


def test_the_ui_is_not_released_twice(run: Run) -> None:
    with pytest.raises(Misuse, match="released more often"):
        run("reaper.PreventUIRefresh(-1)")


def test_a_block_is_not_ended_twice(run: Run) -> None:
    with pytest.raises(Misuse, match="without Undo_BeginBlock"):
        run("reaper.Undo_EndBlock2(0, 'x', 2)")


def test_a_removed_track_may_not_be_used(reaper: StandIn, run: Run) -> None:
    reaper.on_tick(1, lambda: reaper.project.remove_track(reaper.project.tracks[0]))
    with pytest.raises(Misuse, match="is used after it was removed"):
        run("reaper.defer(function() reaper.TrackFX_GetCount(track) end)")


def test_a_removed_track_can_be_asked_for(reaper: StandIn, run: Run) -> None:
    reaper.on_tick(1, lambda: reaper.project.remove_track(reaper.project.tracks[0]))
    said = run("reaper.defer(function() say(reaper.ValidatePtr2(0, track, 'MediaTrack*')) end)")
    assert said == ["false"]


def test_a_destroyed_accessor_may_not_be_used(run: Run) -> None:
    with pytest.raises(Misuse, match=r"AudioAccessor\* is used after it was removed"):
        run("""
            local accessor = reaper.CreateTrackAudioAccessor(track)
            reaper.DestroyAudioAccessor(accessor)
            reaper.DestroyAudioAccessor(accessor)
        """)


def test_items_of_a_closed_project_are_gone(reaper: StandIn, run: Run) -> None:
    reaper.on_tick(1, lambda: reaper.close_project(reaper.project))
    with pytest.raises(Misuse, match=r"MediaItem\* is used after it was removed"):
        run("""
            local item = reaper.GetTrackMediaItem(track, 0)
            reaper.defer(function() reaper.GetMediaItemInfo_Value(item, 'D_LENGTH') end)
        """)


def test_calls_from_another_thread_raise(reaper: StandIn) -> None:
    answers: list[tuple[object, ...]] = []
    thread = threading.Thread(target=lambda: answers.append(reaper._binding.call("CountTracks", 1, 0)))
    thread.start()
    thread.join()
    assert answers[0] == (False, "CountTracks was called outside of the main thread")
    reaper._binding.misuses.clear()


def test_the_same_pointer_is_equal_to_itself(run: Run) -> None:
    assert run("say(track == reaper.GetTrack(0, 0), type(track))") == ["true userdata"]


def test_results_come_as_reascript_gives_them(run: Run) -> None:
    said = run("""
        say(select('#', reaper.TrackFX_GetParamNormalized(track, 0, 0)))
        say(reaper.GetTrackName(track))
        say(reaper.GetTrackName(track, ''))
        say(reaper.GetSet_LoopTimeRange2(0, false, false, 0, 0, false))
        say(reaper.TrackFX_AddByName(track, 'No such FX', false, -1))
        say(reaper.TrackFX_GetFXGUID(track, 7), select('#', reaper.PreventUIRefresh(0)))
    """)
    assert said == ["1", "true Guitar", "true Guitar", "0.0 0.0", "-1", "nil 0"]
