"""What a track's FX get beside the items is said, and nothing is judged by the items alone where that is heard.

Here the user lets REAPER render nothing; `test_track_render` is about what happens else.
"""

from __future__ import annotations

import numpy as np
import pytest
from reaper_session import ReaperSession, noise

from bridge.standin.fx.instrument import Note
from bridge.standin.project.track import ReaperTrack

WAY = "put the FX on the stem's track and run the action there."


@pytest.fixture(autouse=True)
def refusal(desk: ReaperSession) -> None:
    desk.reaper.ext_state[("Bridge", "render")] = "never"


def bus(desk: ReaperSession, sources: int, **options: object) -> ReaperTrack:
    """The desk's track without items, to which others send."""
    for number in range(sources):
        desk.track.add_receive(desk.reaper.project.add_track(f"Drum {number + 1}", noise(1.0)), **options)
    return desk.track


def test_a_bus_is_named_with_the_tracks_that_send_to_it(desk: ReaperSession) -> None:
    bus(desk, 2).items.clear()
    desk.run()
    assert (
        "Vocals is a bus: its sound comes from Drum 1 and Drum 2, by receives that no script can listen to." in desk.box
    )
    assert desk.box.endswith(WAY)
    assert desk.daemon.requests == []


def test_many_sources_are_counted(desk: ReaperSession) -> None:
    bus(desk, 30).items.clear()
    desk.run()
    assert "from Drum 1, Drum 2, Drum 3 and 27 more, by receives" in desk.box


def test_items_and_receives_together_are_not_judged_by_the_items(desk: ReaperSession) -> None:
    bus(desk, 1)
    desk.run()
    assert "Vocals has items and receives from Drum 1: its FX get both together" in desk.box
    assert desk.daemon.requests == []


@pytest.mark.parametrize("options", [{"is_muted": True}, {"source_channel": -1}, {"volume": 0.0}])
def test_receives_that_are_not_heard_do_not_count(desk: ReaperSession, options: dict) -> None:
    bus(desk, 1, **options)
    desk.run()
    assert desk.reaper.messages.boxes == []
    assert len(desk.daemon.requests) == 1


def test_what_is_sent_to_a_detector_is_told_and_the_items_are_judged(desk: ReaperSession) -> None:
    bus(desk, 1, destination_channel=2).channels = 4
    desk.run()
    (request,) = desk.daemon.requests
    assert (request.track.channels, request.track.side_receives) == (4, 1)


def folder(desk: ReaperSession) -> tuple[ReaperTrack, ReaperTrack]:
    top, inside = desk.track, desk.reaper.project.add_track("Inside", noise(1.0))
    top.folder_depth, inside.folder_depth = 1, -1
    return top, inside


def test_a_folder(desk: ReaperSession) -> None:
    folder(desk)[0].items.clear()
    desk.run()
    assert "Vocals is a folder: its FX get the sum of the tracks inside" in desk.box
    assert desk.box.endswith(WAY)


def test_a_folder_with_items_of_its_own(desk: ReaperSession) -> None:
    folder(desk)
    desk.run()
    assert "Vocals is a folder with items of its own" in desk.box
    assert desk.daemon.requests == []


@pytest.mark.parametrize("change", [{"is_muted": True}, {"sends_to_parent": False}])
def test_a_folder_that_hears_nothing_of_what_is_inside_is_a_track(desk: ReaperSession, change: dict) -> None:
    _, inside = folder(desk)
    for name, value in change.items():
        setattr(inside, name, value)
    desk.run()
    assert len(desk.daemon.requests) == 1


def test_an_empty_folder_is_a_track(desk: ReaperSession) -> None:
    desk.track.folder_depth = 1
    desk.run()
    assert len(desk.daemon.requests) == 1


def test_an_instrument(desk: ReaperSession) -> None:
    desk.track.items.clear()
    desk.track.add_midi_item([Note(0.0, 1.0, 220.0)])
    synth = desk.track.add_fx("VSTi: ReaSynth (Cockos)")
    desk.run()
    assert "Vocals is played by VSTi: ReaSynth (Cockos): an instrument's sound cannot be listened to" in desk.box
    assert desk.box.endswith(WAY)
    desk.reaper.messages.boxes.clear()
    synth.is_enabled = False
    desk.run()
    assert "Vocals holds MIDI, which is no sound before an instrument plays it." in desk.box


def test_items_that_an_instrument_plays_beside_are_not_judged_alone(desk: ReaperSession) -> None:
    desk.track.add_fx("VSTi: ReaSynth (Cockos)")
    desk.run()
    assert "Vocals is played by VSTi: ReaSynth (Cockos)" in desk.box


def test_muted_items_are_no_items(desk: ReaperSession) -> None:
    desk.track.add_item(noise(1.0), position_s=10.0)
    desk.track.items[1].is_muted = True
    desk.run()
    assert desk.daemon.requests[-1].range.end_s == 2.0
    desk.track.items[0].is_muted = True
    desk.run()
    assert "Vocals has only muted items" in desk.box


def test_more_channels_than_two_are_judged_only_where_two_play(desk: ReaperSession) -> None:
    desk.track.channels = 6
    desk.run()
    assert desk.daemon.requests[-1].track.channels == 6
    desk.track.items[0].audio = np.tile(noise(2.0), (3, 1))
    desk.run()
    assert "Vocals plays more than two of its 6 channels" in desk.box
    assert len(desk.daemon.requests) == 1


@pytest.mark.parametrize(
    ("items", "selection", "is_cut"),
    [([(0.0, 0.3)], (0.0, 0.0), False), ([(0.0, 0.3)], (0.0, 0.2), True), ([(1.0, 0.3)], (0.5, 2.0), False),
     ([(0.0, 0.3), (1.0, 5.0)], (0.0, 0.5), False), ([(0.0, 500.0)], (0.0, 0.0), True)],
)  # fmt: skip
def test_what_is_a_part_of_a_longer_sound_is_told(
    desk: ReaperSession, items: list[tuple[float, float]], selection: tuple[float, float], is_cut: bool
) -> None:
    desk.track.items.clear()
    for position_s, length_s in items:
        audio = np.broadcast_to(noise(0.02)[:, :1], (2, round(48000 * length_s)))
        desk.track.add_item(audio, position_s=position_s)
    desk.reaper.project.time_selection = selection
    desk.run()
    assert desk.daemon.requests[-1].range.cuts_items is is_cut
