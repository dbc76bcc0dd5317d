"""Styles made of files: what cannot be read is left out, and several sample rates become one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.audio.files import AudioWriter
from bridge.audio.synthesis import synthesise
from bridge.errors import AudioError
from bridge.features.styles import load_style
from bridge.offline.models_and_styles import store_style
from bridge.settings import Settings


def test_a_broken_file_and_another_rate_make_a_style_of_what_there_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = []
    for rate_hz in (44_100, 48_000):
        files.append(tmp_path / f"{rate_hz}.wav")
        with AudioWriter(files[-1], sample_rate_hz=rate_hz, channels=1) as writer:
            writer.write(synthesise("bass", duration_s=2.0, sample_rate_hz=rate_hz, seed=0))
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"a list")
    settings = Settings(home=tmp_path / "home")
    store_style("warm", [broken, *files], None, settings)
    assert load_style(settings.styles, "warm").files == ("44100.wav", "48000.wav")
    assert "broken.wav" in caplog.text
    with pytest.raises(AudioError, match=r"broken\.wav"):
        store_style("none", [broken], None, settings)
