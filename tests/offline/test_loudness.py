"""Whole files brought to their loudness through real plugins, from settings that were found elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mastering_chain import RATE_HZ, between_samples, mastering_chain, mix, zam_catalog

from bridge.audio.files import AudioWriter, probe
from bridge.automix.job import LoudnessTarget
from bridge.automix.loudness_solver import LoudnessControls
from bridge.errors import AudioError
from bridge.offline.loudness import render_to_loudness
from bridge.offline.whole_file import measure_file
from bridge.plugins.host.host import PluginHost

CHAIN = mastering_chain(("501Hz",))
CONTROLS = LoudnessControls.of(CHAIN)


@pytest.fixture(scope="module")
def host() -> Iterator[PluginHost]:
    with PluginHost(workers=1, catalog=zam_catalog()) as opened:
        yield opened


def write(path: Path, audio: np.ndarray) -> Path:
    with AudioWriter(path, sample_rate_hz=RATE_HZ, channels=audio.shape[0]) as file:
        file.write(audio.astype(np.float32))
    return path


@pytest.mark.parametrize(
    ("gain_db", "limiting_db", "ceiling_db", "suffix"),
    [(6.0, 3.0, -1.0, ".flac"), (6.0, 0.0, -12.0, ".wav"), (20.0, 12.0, 0.0, ".wav")],  # near, too quiet, far too loud
)
def test_settings_that_are_off_are_corrected_by_the_whole_file(
    host: PluginHost, tmp_path: Path, gain_db: float, limiting_db: float, ceiling_db: float, suffix: str
) -> None:
    audio = np.concatenate([0.05 * mix(seconds=4.0), mix(seconds=4.0, seed=1)], axis=1)  # quiet first, then loud
    source, made = write(tmp_path / "in.wav", audio), tmp_path / f"out{suffix}"
    start = CONTROLS.write(CHAIN.neutral, gain_db, limiting_db, ceiling_db)
    settings, told = render_to_loudness(host, CHAIN, start, LoudnessTarget(-15.0, -1.0), source, made)
    measured = measure_file(made)
    assert measured.loudness_lufs == pytest.approx(-15.0, abs=0.6)
    assert measured.true_peak_dbtp is not None and measured.true_peak_dbtp <= -1.0
    assert told == measured and probe(made).frames == audio.shape[1]
    assert settings.shape == CHAIN.neutral.shape
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.wav", f"out{suffix}"]


def test_peaks_between_samples_never_pass_the_ceiling_even_where_the_loudness_cannot_be_reached(
    host: PluginHost, tmp_path: Path
) -> None:
    source = write(tmp_path / "in.wav", between_samples())
    start = CONTROLS.write(CHAIN.neutral, 3.0, 12.0, 0.0)
    _, measured = render_to_loudness(host, CHAIN, start, LoudnessTarget(-1.5, -2.0), source, tmp_path / "out.wav")
    assert measured.true_peak_dbtp is not None and -2.5 < measured.true_peak_dbtp <= -2.0
    assert measured.loudness_lufs is not None and measured.loudness_lufs < -1.5


def test_nothing_is_left_where_the_source_cannot_be_read(host: PluginHost, tmp_path: Path) -> None:
    with pytest.raises(AudioError):
        render_to_loudness(
            host, CHAIN, CHAIN.neutral, LoudnessTarget(-14.0, -1.0), tmp_path / "missing.wav", tmp_path / "out.wav"
        )
    assert not list(tmp_path.iterdir())
