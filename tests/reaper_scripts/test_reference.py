"""Matching to a reference: another track, an item, or a file, heard without leaving anything behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reaper_session import RATE_HZ, ReaperSession, noise, set_comp, silent

from bridge.audio.files import AudioWriter
from bridge.audio.spool_wav import read_float_wav
from bridge.reaper.protocol.messages import Reply, Request
from bridge.standin.project.track import ReaperTrack

ACTION = "bridge_match_reference.lua"


@pytest.fixture
def heard(desk: ReaperSession) -> list[np.ndarray]:
    """What the daemon was given as the reference, taken while it was asked."""
    taken: list[np.ndarray] = []

    def answer(request: Request) -> Reply:
        reference = request.options.reference
        assert reference is not None
        assert reference.file != request.audio.file
        audio, rate = read_float_wav(desk.daemon.spool / "audio" / reference.file)
        assert rate == reference.sample_rate_hz == RATE_HZ
        assert audio.shape == (2, sum(part.frames for part in reference.excerpts))
        taken.append(audio)
        return set_comp(request)

    desk.daemon.answer = answer
    return taken


@pytest.fixture
def song(desk: ReaperSession) -> ReaperTrack:
    return desk.reaper.project.add_track("Finished song", noise(1.0, seed=5))


def finish(desk: ReaperSession) -> None:
    desk.run(ACTION)
    assert desk.reaper.messages.boxes == []
    assert desk.comp_values() == (0.4, 0.3)
    assert desk.daemon.leftovers() == []


def by_mark_of_track(desk: ReaperSession, song: ReaperTrack) -> None:
    desk.track.selected, song.selected = False, True
    desk.run("bridge_mark_reference.lua")
    assert "The reference is track Finished song." in desk.console
    desk.track.selected, song.selected = True, False


def by_mark_of_item(desk: ReaperSession, song: ReaperTrack) -> None:
    song.items[0].is_selected = True
    desk.run("bridge_mark_reference.lua")
    assert "The reference is item take." in desk.console
    song.items[0].is_selected = False


def by_selected_item(_: ReaperSession, song: ReaperTrack) -> None:
    song.items[0].is_selected = True


def by_name(_: ReaperSession, song: ReaperTrack) -> None:
    song.name = "REFERENCE"


@pytest.mark.parametrize("mark", [by_mark_of_track, by_mark_of_item, by_selected_item, by_name])
def test_a_track_or_an_item_of_the_project(
    desk: ReaperSession, song: ReaperTrack, heard: list[np.ndarray], mark: Callable[[ReaperSession, ReaperTrack], None]
) -> None:
    mark(desk, song)
    finish(desk)
    assert np.array_equal(heard[0], song.items[0].audio)


@pytest.mark.parametrize("is_marked", [True, False])
@pytest.mark.parametrize("rate_hz", [48000, 44100])
def test_a_file(desk: ReaperSession, heard: list[np.ndarray], tmp_path: Path, is_marked: bool, rate_hz: int) -> None:
    path = tmp_path / "Größte Hits.wav"
    audio = noise(1.0, seed=7)
    with AudioWriter(path, sample_rate_hz=rate_hz, channels=2) as file:
        file.write(audio)
    desk.reaper.messages.chosen_files.append(str(path))
    if is_marked:
        desk.run("bridge_reference_file.lua")
        assert "The reference is Größte Hits.wav." in desk.console
    tracks = list(desk.reaper.project.tracks)
    finish(desk)
    assert desk.reaper.project.tracks == tracks
    assert desk.reaper.undo_points == ["Bridge: Auto-mix track"]
    assert heard[0].shape[1] == pytest.approx(RATE_HZ * audio.shape[1] / rate_hz, abs=2)
    if rate_hz == RATE_HZ:
        assert np.array_equal(heard[0], audio)


def test_one_reference_for_several_tracks_is_sent_once(
    desk: ReaperSession, song: ReaperTrack, heard: list[np.ndarray]
) -> None:
    other = desk.reaper.project.add_track("Bass", noise(0.5))
    other.add_fx("ReaComp")
    other.selected = True
    song.name = "Reference"
    finish(desk)
    files = {request.options.reference.file for request in desk.daemon.requests}
    assert (len(heard), len(files)) == (2, 1)


def test_a_style_gives_way_to_the_reference(desk: ReaperSession, song: ReaperTrack, heard: list[np.ndarray]) -> None:
    desk.reaper.ext_state[("Bridge", "style")] = "warm"
    song.name = "Reference"
    finish(desk)
    assert desk.daemon.requests[0].options.style is None


def test_what_is_wrong_is_named(desk: ReaperSession, song: ReaperTrack, tmp_path: Path) -> None:
    desk.run(ACTION)
    assert "No reference was chosen" in desk.box
    song.name = "Reference"
    song.items.clear()
    desk.reaper.messages.boxes.clear()
    desk.run(ACTION)
    assert "The reference track Reference has no items" in desk.box
    desk.track.name, song.name = "Reference", "other"
    desk.reaper.messages.boxes.clear()
    desk.run(ACTION)
    assert "Reference is the reference itself" in desk.box
    desk.reaper.messages.boxes.clear()
    desk.reaper.project.ext_state[("Bridge", "reference")] = f"file {tmp_path / 'gone.wav'}"
    desk.run(ACTION)
    assert "gone.wav cannot be opened" in desk.box
    assert desk.daemon.requests == []


def test_a_mark_that_is_gone_is_named(desk: ReaperSession, song: ReaperTrack) -> None:
    by_mark_of_track(desk, song)
    desk.reaper.project.remove_track(song)
    desk.run(ACTION)
    assert "The track that was marked as the reference is gone" in desk.box


def test_silence_is_no_reference(desk: ReaperSession, song: ReaperTrack) -> None:
    song.name = "Reference"
    song.items[0].audio = np.zeros((2, RATE_HZ), np.float32)
    desk.run(ACTION)
    assert "The reference Reference is silent" in desk.box
    assert desk.daemon.leftovers() == []


def test_stopped_while_a_file_is_read_leaves_no_track(desk: ReaperSession, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with AudioWriter(path, sample_rate_hz=RATE_HZ, channels=2) as file:
        file.write(noise(60.0))
    desk.reaper.messages.chosen_files.append(str(path))
    desk.daemon.answer = silent
    desk.reaper.run_action(ACTION)
    desk.reaper.run_until(lambda: len(desk.reaper.project.tracks) == 2)
    assert not desk.reaper.project.tracks[1].is_shown
    desk.reaper.stop_scripts()
    assert desk.reaper.project.tracks == [desk.track]
    assert desk.daemon.leftovers() == []
