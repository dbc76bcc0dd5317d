"""lib/audio/wav_writer.lua: what it writes is what others read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pedalboard.io import AudioFile


def write(module: Callable[[str], Any], path: Path, audio: np.ndarray, rate_hz: int, chunk: int) -> None:
    runtime = module.runtime  # type: ignore[attr-defined]
    wav = module("audio.wav_writer")
    writer = wav.create(str(path).encode(), rate_hz, len(audio))
    values = audio.T.reshape(-1)
    for first in range(0, len(values), chunk * len(audio)):
        part = [float(v) for v in values[first : first + chunk * len(audio)]]
        writer.write(writer, wav.pack(runtime.table_from(part), len(part)))
    writer.finish(writer)


@given(
    frames=st.integers(1, 700), channels=st.integers(1, 2), rate_hz=st.sampled_from([44100, 48000, 96000]),
    chunk=st.integers(1, 300), seed=st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_samples_come_back_bit_for_bit(
    module: Callable[[str], Any], tmp_path: Path, frames: int, channels: int, rate_hz: int, chunk: int, seed: int
) -> None:
    audio = np.random.default_rng(seed).normal(size=(channels, frames)).astype(np.float32)
    path = tmp_path / "a b ü.wav"
    write(module, path, audio, rate_hz, chunk)
    with AudioFile(str(path)) as file:
        assert (file.samplerate, file.num_channels, file.frames) == (rate_hz, channels, frames)
        assert np.array_equal(file.read(frames), audio)


def test_a_folder_that_is_missing_is_named(module: Callable[[str], Any], tmp_path: Path) -> None:
    path = str(tmp_path / "missing" / "a.wav").encode()
    create = module.runtime.eval(b"function(create, ...) return select(2, pcall(create, ...)) end")  # type: ignore[attr-defined]
    problem = create(module("audio.wav_writer").create, path, 48000, 2)
    assert (problem[b"kind"], problem[b"path"]) == (b"not_written", path)
    said = module("ui.describe").fact(problem).decode()
    assert "a.wav could not be written" in said
    assert "Free some disk space or check the folder's rights." in said


def test_an_abandoned_file_is_removed(module: Callable[[str], Any], tmp_path: Path) -> None:
    writer = module("audio.wav_writer").create(str(tmp_path / "a.wav").encode(), 48000, 2)
    writer.abandon(writer)
    assert list(tmp_path.iterdir()) == []
