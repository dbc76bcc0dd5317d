"""What reaches a track's FX beside its items, and that an accessor hears none of it."""

from collections.abc import Callable

import numpy as np
import pytest

from bridge.standin import StandIn
from bridge.standin.fx.instrument import Note
from bridge.standin.project.accessor import AudioAccessor
from bridge.standin.project.rendering import mix_project
from bridge.standin.project.track import ReaperTrack

Run = Callable[[str], list[str]]
RATE_HZ, FRAMES = 48000, 24000


def tone(pitch_hz: float, channels: int = 2) -> np.ndarray:
    wave = 0.1 * np.sin(2 * np.pi * pitch_hz * np.arange(FRAMES) / RATE_HZ).astype(np.float32)
    return np.tile(wave, (channels, 1))


def rms(audio: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(audio))))


@pytest.fixture
def folder(reaper: StandIn) -> tuple[ReaperTrack, ReaperTrack, ReaperTrack]:
    """A folder with an item of its own, a track inside, and the last one inside."""
    top, first, last = (
        reaper.project.add_track(name, tone(pitch)) for name, pitch in (("F", 200), ("A", 400), ("B", 800))
    )
    top.folder_depth, last.folder_depth = 1, -1
    reaper.project.tracks[0].is_muted = True
    return top, first, last


def test_a_folders_fx_get_the_tracks_inside(folder: tuple[ReaperTrack, ...]) -> None:
    top, first, last = folder
    inside = sum(track.items[0].audio for track in folder)
    assert np.allclose(top.output(0.0, FRAMES), inside, atol=1e-6)
    heard = AudioAccessor(top).read(RATE_HZ, 0.0, FRAMES)
    assert heard is not None
    assert np.array_equal(heard, top.items[0].audio)
    first.is_muted, last.sends_to_parent = True, False
    assert np.allclose(top.output(0.0, FRAMES), top.items[0].audio)


def test_what_lies_in_folders_is_mixed_once(folder: tuple[ReaperTrack, ...]) -> None:
    mixed = mix_project(folder[0].project, 0.0, FRAMES / RATE_HZ)
    assert np.allclose(mixed, sum(track.items[0].audio for track in folder), atol=1e-6)


def test_folders_in_folders_end_together(reaper: StandIn) -> None:
    names = [("outer", 1), ("inner", 1), ("leaf", -2), ("behind", 0)]
    tracks = {name: reaper.project.add_track(name) for name, _ in names}
    for name, depth in names:
        tracks[name].folder_depth = depth
    tracks["leaf"].add_item(tone(300))
    assert rms(tracks["outer"].output(0.0, FRAMES)) == pytest.approx(rms(tone(300)))
    assert rms(tracks["behind"].output(0.0, FRAMES)) == 0.0


@pytest.mark.parametrize(
    ("options", "audible"),
    [({}, (0, 1)), ({"is_muted": True}, ()), ({"source_channel": -1}, ()), ({"destination_channel": 2}, (2, 3)),
     ({"destination_channel": 1024 + 3}, (3,)), ({"volume": 0.5}, (0, 1))],
)  # fmt: skip
def test_receives_reach_the_channels_that_they_name(reaper: StandIn, options: dict, audible: tuple[int, ...]) -> None:
    source, bus = reaper.project.add_track("Kick", tone(100)), reaper.project.add_track("Bus")
    bus.channels = 4
    bus.add_receive(source, **options)
    sound = bus.output(0.0, FRAMES)
    assert sound.shape == (4, FRAMES)
    assert tuple(np.flatnonzero(np.abs(sound).max(1))) == audible
    assert AudioAccessor(bus).read(RATE_HZ, 0.0, FRAMES) is None


def test_an_instrument_plays_notes_that_no_accessor_hears(reaper: StandIn) -> None:
    track = reaper.project.add_track("Keys")
    track.add_midi_item([Note(0.1, 0.2, 440.0)], length_s=0.5)
    assert rms(track.output(0.0, FRAMES)) == 0.0
    synth = track.add_fx("VSTi: ReaSynth (Cockos)")
    assert rms(track.output(0.0, FRAMES)) > 0.05
    assert AudioAccessor(track).read(RATE_HZ, 0.0, FRAMES) is None
    synth.is_enabled = False
    assert rms(track.output(0.0, FRAMES)) == 0.0


def test_muted_items_are_not_heard(reaper: StandIn, run: Run) -> None:
    run('reaper.SetMediaItemInfo_Value(reaper.GetTrackMediaItem(track, 0), "B_MUTE", 1)')
    assert reaper.project.tracks[0].items[0].is_muted
    assert AudioAccessor(reaper.project.tracks[0]).read(RATE_HZ, 0.0, FRAMES) is None


def test_tracks_and_items_have_the_channels_that_they_have(reaper: StandIn, run: Run) -> None:
    track = reaper.project.tracks[0]
    track.channels = 6
    track.items[0].audio = tone(100, channels=6)
    said = run("""
        local take = reaper.GetActiveTake(reaper.GetTrackMediaItem(track, 0))
        local source = reaper.GetMediaItemTake_Source(take)
        say(reaper.GetMediaTrackInfo_Value(track, "I_NCHAN"), reaper.GetMediaSourceNumChannels(source))
        say(reaper.TakeIsMIDI(take), reaper.TrackFX_GetInstrument(track))
    """)
    assert said == ["6.0 6", "false -1"]
    assert track.output(0.0, FRAMES).shape == (6, FRAMES)


def test_what_a_script_reads_of_receives(reaper: StandIn, run: Run) -> None:
    reaper.project.tracks[0].add_receive(reaper.project.add_track("Kick"), destination_channel=2, volume=0.5)
    said = run("""
        say(reaper.GetTrackNumSends(track, -1), reaper.GetTrackReceiveName(track, 0, ""))
        for _, name in ipairs({ "B_MUTE", "D_VOL", "I_SRCCHAN", "I_DSTCHAN" }) do
            say(reaper.GetTrackSendInfo_Value(track, -1, 0, name))
        end
    """)
    assert said == ["1 true Kick", "0.0", "0.5", "0.0", "2.0"]


def test_thousands_of_items_are_read_as_quickly_as_few(reaper: StandIn) -> None:
    track = reaper.project.add_track("Edits")
    short = tone(500)[:, :100]
    for number in range(3000):
        track.add_item(short, position_s=number * 0.01)
    heard = track.pre_fx(29.0, FRAMES)
    assert heard is not None
    assert np.array_equal(heard[:, :100], short)
    assert len(track._items_between(29.0, 29.02)) < 6
    assert track.items[2999].is_alive
    track.items.pop(0)
    assert track.items[2998].is_alive
