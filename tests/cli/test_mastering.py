"""`bridge automix --model mastering`: the shipped model on files, its options, and clear words otherwise."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from automix_command import automix, write
from click.testing import CliRunner
from foreign_meters import by_ffmpeg_dbtp, exact_peak_dbtp
from mastering_chain import FETCHED, between_samples, mix, zam_catalog

from bridge.audio.files import probe, read_audio
from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch, bridge_home: Path) -> None:
    zam_catalog()
    monkeypatch.setenv("BRIDGE_PLUGIN_PATH", str(FETCHED))


def measured(path: Path) -> tuple[float, float]:
    """Loudness, and true peak by the strictest of three meters."""
    audio, rate_hz = read_audio(path)
    loudness, peak = loudness_lufs(audio, rate_hz), true_peak_dbtp(audio, rate_hz)
    assert loudness is not None and peak is not None
    return loudness, max(peak, exact_peak_dbtp(audio), by_ffmpeg_dbtp(path))


@pytest.mark.skipif(sys.platform != "linux", reason="zam-plugins are fetched from Debian")
class TestMastering:
    def test_a_mix_comes_out_at_the_models_own_targets(self, tmp_path: Path) -> None:
        """Eight seconds: two windows of the guard."""
        source = write(tmp_path / "Mischung ä.wav", mix(seconds=8.0), 44100)
        told = automix(source, "--model", "mastering", "-o", tmp_path / "fertig.wav")
        loudness, peak = measured(tmp_path / "fertig.wav")
        assert abs(loudness + 14.0) <= 1.0 and peak <= -1.0
        assert told["applied"] and told["model"] == "mastering"
        assert probe(tmp_path / "fertig.wav").frames == probe(source).frames

    def test_what_is_asked_for_is_what_comes_out(self, tmp_path: Path) -> None:
        source = write(tmp_path / "mix.wav", between_samples(rate_hz=48000), 48000)
        automix(source, "--model", "mastering", "--loudness", -11, "--ceiling", -2, "-o", tmp_path / "out.wav")
        loudness, peak = measured(tmp_path / "out.wav")
        assert abs(loudness + 11.0) <= 1.0 and peak <= -2.0

    def test_a_reference_says_how_loud(self, tmp_path: Path) -> None:
        source = write(tmp_path / "mix.wav", mix(seconds=5.0, channels=1), 44100)
        reference = write(tmp_path / "reference.wav", mix(seconds=5.0, seed=1, peak=0.25), 44100)
        automix(source, "--model", "mastering", "--reference", reference, "-o", tmp_path / "out.wav")
        assert abs(measured(tmp_path / "out.wav")[0] - measured(reference)[0]) <= 1.0
        assert probe(tmp_path / "out.wav").channels == 1

    def test_silence_stays_silence(self, tmp_path: Path) -> None:
        source = write(tmp_path / "silence.wav", np.zeros((2, 44100), np.float32), 44100)
        told = automix(source, "--model", "mastering", "-o", tmp_path / "out.wav")
        assert not told["applied"] and not read_audio(tmp_path / "out.wav")[0].any()


def test_a_model_without_targets_says_so(tmp_path: Path) -> None:
    source = write(tmp_path / "mix.wav", mix(seconds=2.0), 44100)
    result = CliRunner().invoke(main, ["automix", str(source), "--loudness", "-14", "-o", str(tmp_path / "out.wav")])
    assert result.exit_code != 0
    assert "channel-strip has no loudness" in result.output and "--loudness" in result.output
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize(
    "arguments", [["--loudness", "3"], ["--ceiling", "2"], ["--loudness", "nan"], ["--ceiling", "x"]]
)
def test_what_cannot_be_a_target_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    source = write(tmp_path / "mix.wav", mix(seconds=1.0), 44100)
    result = CliRunner().invoke(main, ["automix", str(source), *arguments, "-o", str(tmp_path / "out.wav")])
    assert result.exit_code == 2 and arguments[0] in result.output
