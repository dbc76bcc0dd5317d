"""The accessor: blocks of pre-FX audio, and the buffer that nobody clears for a script."""

from collections.abc import Callable

import numpy as np
import pytest

from bridge.standin import StandIn
from bridge.standin.faults import Misuse
from bridge.standin.project.accessor import AudioAccessor

Run = Callable[[str], list[str]]
READ = """
    local accessor = reaper.CreateTrackAudioAccessor(track)
    local buffer = reaper.new_array({size})
    buffer.clear(7)
    local status = reaper.GetAudioAccessorSamples(accessor, {rate}, 2, {start}, {frames}, buffer)
    reaper.DestroyAudioAccessor(accessor)
    say(status, string.format("%.9g %.9g %.9g", buffer[1], buffer[2], buffer[{size}]))
"""


def test_samples_are_interleaved(run: Run, reaper: StandIn) -> None:
    said = run(READ.format(size=600, rate=48000, start=0.25, frames=300))
    audio = reaper.project.tracks[0].items[0].audio
    status, left, right, last = said[0].split()
    assert status == "1"
    assert np.float32([left, right, last]) == pytest.approx([audio[0, 12000], audio[1, 12000], audio[1, 12299]])


def test_what_is_behind_the_frames_keeps_what_it_held(run: Run) -> None:
    assert run(READ.format(size=700, rate=48000, start=0.0, frames=300))[0].split()[3] == "7"


def test_where_there_is_no_audio_the_buffer_is_not_touched(run: Run) -> None:
    assert run(READ.format(size=600, rate=48000, start=5.0, frames=300)) == ["0 7 7 7"]


def test_offline_media_is_an_error(run: Run, reaper: StandIn) -> None:
    reaper.project.tracks[0].items[0].is_offline = True
    assert run(READ.format(size=600, rate=48000, start=0.0, frames=300))[0].startswith("-1 ")


@pytest.mark.parametrize(
    ("frames", "size", "said"), [(65537, 140000, "65537 frames"), (300, 599, "holds 599 values"), (0, 600, "0 frames")]
)
def test_blocks_have_limits(run: Run, frames: int, size: int, said: str) -> None:
    with pytest.raises(Misuse, match=said):
        run(READ.format(size=size, rate=48000, start=0.0, frames=frames))


def test_a_plain_table_is_no_buffer(run: Run) -> None:
    with pytest.raises(Misuse, match=r"buffer of reaper\.new_array"):
        run("local a = reaper.CreateTrackAudioAccessor(track) reaper.GetAudioAccessorSamples(a, 48000, 2, 0, 10, {})")


def test_another_rate_keeps_a_tone(reaper: StandIn) -> None:
    track = reaper.project.tracks[0]
    track.items[0].audio = np.sin(2 * np.pi * 440 * np.arange(24000) / 48000).astype(np.float32)[np.newaxis]
    heard = AudioAccessor(track).read(44100, 0.0, 8192)
    assert heard is not None
    spectrum = np.abs(np.fft.rfft(heard[0] * np.hanning(8192)))
    assert np.argmax(spectrum) * 44100 / 8192 == pytest.approx(440, abs=6)


def test_a_changed_track_is_noticed_until_the_accessor_is_updated(run: Run, reaper: StandIn) -> None:
    reaper.on_tick(1, reaper.project.tracks[0].change_audio)
    said = run("""
        local accessor = reaper.CreateTrackAudioAccessor(track)
        say(reaper.AudioAccessorStateChanged(accessor))
        reaper.defer(function()
            say(reaper.AudioAccessorStateChanged(accessor), reaper.AudioAccessorStateChanged(accessor))
            reaper.AudioAccessorUpdate(accessor)
            say(reaper.AudioAccessorStateChanged(accessor))
            reaper.DestroyAudioAccessor(accessor)
        end)
    """)
    assert said == ["false", "true true", "false"]
