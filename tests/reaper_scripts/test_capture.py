"""What the action takes from a track: the audio before its FX, in slices that never hold REAPER up."""

import sys
import time

import numpy as np
import pytest
from pedalboard.io import AudioFile
from reaper_session import RATE_HZ, FakeDaemon, ReaperSession, longest_slices_s, noise, unchanged

from bridge.reaper.protocol.messages import Request
from bridge.standin import StandIn

SLICE_S = 0.015
CLOCK_S = time.get_clock_info("thread_time").resolution


def listen(desk: ReaperSession, action: str = "bridge_automix.lua") -> tuple[Request, np.ndarray]:
    """Run the action on the desk and return the request with its audio, as the daemon would have read it."""
    heard: list[np.ndarray] = []

    def answer(request: Request):
        with AudioFile(str(desk.daemon.spool / "audio" / request.audio.file)) as file:
            heard.append(file.read(file.frames))
        return unchanged(request)

    desk.daemon.answer = answer
    desk.daemon.beat()  # the last run may have taken longer than a heartbeat is good for
    desk.run(action)
    return desk.daemon.requests[-1], heard[-1]


def test_the_audio_is_that_before_the_fx(desk: ReaperSession) -> None:
    request, heard = listen(desk)
    assert np.array_equal(heard, desk.track.items[0].audio)
    assert (request.audio.sample_rate_hz, request.audio.channels) == (RATE_HZ, 2)
    assert [(e.start_s, e.frames) for e in request.audio.excerpts] == [(0.0, 2 * RATE_HZ)]
    assert request.range.source == "items"


def test_a_mono_item_is_heard_on_both_sides(desk: ReaperSession) -> None:
    desk.track.items.clear()
    desk.track.add_item(noise(1.0)[:1], position_s=3.0)
    request, heard = listen(desk)
    assert np.array_equal(heard, np.repeat(desk.track.items[0].audio, 2, axis=0))
    assert (request.range.start_s, request.range.end_s) == (3.0, 4.0)


def test_the_time_selection_comes_first(desk: ReaperSession) -> None:
    desk.reaper.project.time_selection = (0.5, 1.25)
    request, heard = listen(desk)
    assert request.range.source == "time selection"
    assert np.array_equal(heard, desk.track.items[0].audio[:, RATE_HZ // 2 : RATE_HZ * 5 // 4])


def test_gaps_between_items_are_silence(desk: ReaperSession) -> None:
    desk.track.add_item(noise(0.5, seed=2), position_s=2.5)
    _, heard = listen(desk)
    assert not heard[:, 2 * RATE_HZ : 5 * RATE_HZ // 2].any()
    assert np.array_equal(heard[:, 5 * RATE_HZ // 2 :], desk.track.items[1].audio)


@pytest.mark.alone
def test_no_slice_holds_reaper_up(desk: ReaperSession) -> None:
    desk.track.items.clear()
    desk.track.add_item(noise(60.0))
    desk.track.add_fx("VST3: ZaMultiCompX2", formats_values=True)  # each text is asked of another process
    shortest_s, longest_s = longest_slices_s(desk.reaper, lambda: listen(desk))
    assert len(desk.reaper.slices_s) > 20
    assert np.median(desk.reaper.slices_s) < SLICE_S
    assert shortest_s < SLICE_S + CLOCK_S
    assert longest_s < 3 * SLICE_S


def test_an_hour_is_heard_in_excerpts_of_two_minutes(desk: ReaperSession) -> None:
    hour = np.broadcast_to(noise(0.02)[:, :1], (2, 3600 * RATE_HZ))  # takes no memory
    desk.track.items.clear()
    desk.track.add_item(hour)
    request, heard = listen(desk)
    assert heard.shape[1] == 120 * RATE_HZ == sum(excerpt.frames for excerpt in request.audio.excerpts)
    assert (request.range.start_s, request.range.end_s) == (0.0, 3600.0)


def test_a_track_that_changes_is_read_again(desk: ReaperSession) -> None:
    desk.track.items.clear()
    desk.track.add_item(noise(20.0))
    after = noise(20.0, seed=5)

    def edit() -> None:
        desk.track.items[0].audio = after
        desk.track.change_audio()

    desk.reaper.on_tick(2, edit)
    _, heard = listen(desk)
    assert np.array_equal(heard, after)


def test_a_track_that_never_rests_is_given_up(desk: ReaperSession) -> None:
    desk.track.items.clear()
    desk.track.add_item(noise(20.0))
    for tick in range(1, 40):
        desk.reaper.on_tick(tick, desk.track.change_audio)
    desk.run()
    assert "kept changing while Bridge listened" in desk.box
    assert desk.daemon.leftovers() == []


@pytest.mark.skipif(sys.platform == "win32", reason="a name that Windows does not allow")
def test_quotes_and_backslashes_in_paths(lua: str, tmp_path) -> None:
    with StandIn(tmp_path / 'C:\\Jörg\\"Bridge"', lua=lua, path='D:\\Musik\\Lied "1".rpp') as reaper:
        track = reaper.project.add_track("Bass", noise(0.5))
        track.add_fx("ReaComp")
        track.selected = True
        request, _ = listen(ReaperSession(reaper, FakeDaemon(reaper), track))
        assert request.project.path == 'D:\\Musik\\Lied "1".rpp'


@pytest.mark.parametrize("rate_hz", [44100, 88200, 96000])
def test_the_project_rate_is_kept(lua: str, tmp_path, rate_hz: int) -> None:
    with StandIn(tmp_path, lua=lua, sample_rate_hz=rate_hz) as reaper:
        track = reaper.project.add_track("Bass", noise(0.5))
        track.add_fx("ReaComp")
        track.selected = True
        request, heard = listen(ReaperSession(reaper, FakeDaemon(reaper), track))
        assert request.audio.sample_rate_hz == rate_hz
        assert np.array_equal(heard, track.items[0].audio)


def test_a_project_without_a_rate_of_its_own_is_heard_at_the_devices(lua: str, tmp_path) -> None:
    with StandIn(tmp_path, lua=lua, sample_rate_hz=96000) as reaper:
        reaper.project.has_own_rate = False
        track = reaper.project.add_track("Bass", noise(0.5))
        track.add_fx("ReaComp")
        track.selected = True
        request, heard = listen(ReaperSession(reaper, FakeDaemon(reaper), track))
        assert request.audio.sample_rate_hz == 96000
        assert np.array_equal(heard, track.items[0].audio)
