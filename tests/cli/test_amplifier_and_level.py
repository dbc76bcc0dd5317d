"""`bridge automix --model distortion` and `--model level`: the shipped models on files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from automix_command import automix, write
from mastering_chain import FETCHED, zam_catalog

from bridge.audio.dynamics import unevenness_db
from bridge.audio.files import read_audio
from bridge.audio.synthesis import synthesise
from bridge.training.data.amplifier import Amplifier
from bridge.training.evaluation.metrics import frame_distance_db

RATE_HZ = 44100


@pytest.fixture(autouse=True)
def home(bridge_home: Path) -> None:
    pass


@pytest.mark.skipif(sys.platform != "linux", reason="zam-plugins are fetched from Debian")
def test_strings_come_out_as_if_played_through_the_amplifier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Closer in sound and in level than they were; the file keeps its length."""
    zam_catalog()
    monkeypatch.setenv("BRIDGE_PLUGIN_PATH", str(FETCHED))
    dry = 0.3 * synthesise("strings", duration_s=6.0, sample_rate_hz=RATE_HZ, seed=4)
    source = write(tmp_path / "trocken ü.wav", dry)
    told = automix(source, "--model", "distortion", "-o", tmp_path / "verzerrt.wav")
    made, rate_hz = read_audio(tmp_path / "verzerrt.wav")
    right = Amplifier().play(dry, RATE_HZ)
    assert told["applied"] and rate_hz == RATE_HZ and made.shape == dry.shape
    assert frame_distance_db(made, right, RATE_HZ) < 0.35 * frame_distance_db(dry, right, RATE_HZ)


def test_a_level_that_goes_up_and_down_is_evened_out(tmp_path: Path) -> None:
    even = synthesise("pad", duration_s=16.0, sample_rate_hz=RATE_HZ, seed=2)
    time_s = np.arange(even.shape[-1]) / RATE_HZ
    uneven = (even * 10 ** (-0.45 * (time_s % 4 < 2))).astype(np.float32)
    source = write(tmp_path / "laut und leise.wav", 0.5 * uneven)
    told = automix(source, "--model", "level", "-o", tmp_path / "eben.wav")
    made, _ = read_audio(tmp_path / "eben.wav")
    assert told["applied"]
    assert unevenness_db(made, RATE_HZ) < 0.75 * unevenness_db(uneven, RATE_HZ)
    settled = slice(4 * RATE_HZ, None)  # slow compressors are at work by then
    gain = np.sqrt(np.mean(even[:, settled] ** 2) / np.mean(made[:, settled] ** 2))
    assert frame_distance_db(gain * made[:, settled], even[:, settled], RATE_HZ) < 2.5
