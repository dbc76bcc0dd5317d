"""True peaks by meters that are not Bridge's: exact interpolation, and ffmpeg's ebur128."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bridge.decibels import amplitude_to_db

FINE = 16  # values for each sample of the exact interpolation


def exactly(audio: np.ndarray) -> float:
    """By zeros behind the spectrum of all of it, with silence before and after, as a factor of full scale."""
    padded = np.pad(audio.astype(np.float64), ((0, 0), (8_192, 8_192)))
    spectrum = np.fft.rfft(padded)
    if padded.shape[1] % 2 == 0:
        spectrum[:, -1] *= 0.5
    return float(np.abs(np.fft.irfft(spectrum, FINE * padded.shape[1])).max() * FINE)


def exact_peak_dbtp(audio: np.ndarray) -> float:
    return float(amplitude_to_db(exactly(audio)))


def by_ffmpeg_dbtp(path: Path) -> float:
    """To three digits, where the filter's own summary has one."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed: run python tests/prepare_machine.py")
    meter = "ebur128=peak=true:metadata=1,ametadata=print:file=-"
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-filter_complex", meter, "-f", "null", "-"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(amplitude_to_db(max(float(one) for one in re.findall(r"true_peaks_ch\d+=(\S+)", told))))
