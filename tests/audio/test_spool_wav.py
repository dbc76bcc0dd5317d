"""The spool's WAV reader: float32 is read exactly, whoever wrote it; all else is an error, and soon."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.audio.files import AudioWriter, read_audio
from bridge.audio.spool_wav import read_float_wav
from bridge.errors import AudioError


def wav(path: Path, channels: int = 2, rate_hz: int = 48_000, frames: int = 1000) -> np.ndarray:
    audio = np.random.default_rng(channels).uniform(-1, 1, (channels, frames)).astype(np.float32)
    with AudioWriter(path, sample_rate_hz=rate_hz, channels=channels) as writer:
        writer.write(audio)
    return audio


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 96_000, 192_000])
def test_float_wav_is_read_exactly(tmp_path: Path, channels: int, rate_hz: int) -> None:
    audio = wav(tmp_path / "a.wav", channels, rate_hz)
    found, rate = read_float_wav(tmp_path / "a.wav")
    assert rate == rate_hz
    np.testing.assert_array_equal(found, audio)


@settings(deadline=1000, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.data())
def test_whatever_is_changed_it_is_read_or_an_audio_error_at_once(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.wav"
    wav(path, frames=64)
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, 120), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    path.write_bytes(bytes(content))
    try:
        audio, _ = read_float_wav(path)
    except AudioError as error:
        assert "a.wav" in str(error)
    else:
        assert audio.ndim == 2
        assert np.isfinite(audio).all()


def test_nan_and_truncation_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    wav(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(AudioError, match="cut off"):
        read_float_wav(path)
    path.write_bytes(whole[:-4] + struct.pack("<f", float("nan")))
    with pytest.raises(AudioError, match="NaN"):
        read_float_wav(path)


@pytest.mark.parametrize("sizes", [b"", b"abc"])
def test_a_file_cut_off_in_its_64_bit_sizes_is_refused(tmp_path: Path, sizes: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVEds64\x1c\0\0\0" + sizes)
    for read in (read_float_wav, read_audio):
        with pytest.raises(AudioError, match=r"a\.wav"):
            read(path)


def test_millions_of_empty_chunks_hold_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVE" + bytes(40_000_000))
    start_s = time.perf_counter()
    with pytest.raises(AudioError, match="no audio in it"):
        read_float_wav(path)
    assert time.perf_counter() - start_s < 2.0


def test_what_is_far_above_full_scale_is_no_sound(tmp_path: Path) -> None:
    audio = wav(tmp_path / "a.wav")
    for read in (read_float_wav, read_audio):
        for factor in (1e5, 1e30):
            with AudioWriter(tmp_path / "b.wav", sample_rate_hz=48_000, channels=2) as writer:
                writer.write(np.float32(factor) * audio)
            if factor == 1e30:
                with pytest.raises(AudioError, match=r"b\.wav peaks at \+600 dBFS"):
                    read(tmp_path / "b.wav")
            else:
                assert np.abs(read(tmp_path / "b.wav")[0]).max() > 9e4
