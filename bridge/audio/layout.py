"""What Bridge calls audio: float32, (channels, samples). Checked once, where it enters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge.decibels import amplitude_to_db, db_to_amplitude
from bridge.errors import AudioError
from bridge.types import Float32

MAX_CHANNELS = 2
HIGHEST_DBFS = 120.0  # what passes it is no sound: squares of far higher samples leave float32


def check_audio(audio: npt.ArrayLike, name: str) -> Float32:
    """`audio` as C-contiguous float32 (channels, samples), mono or stereo; not copied if it is so already.

    Raises AudioError naming `name` and the remedy for another layout, no samples, more channels, NaN or infinity.
    """
    array = np.asarray(audio)
    if array.dtype.kind != "f":
        raise AudioError(f"{name} holds {array.dtype} samples; convert them to float32 between -1 and 1.")
    if array.ndim != 2:
        raise AudioError(f"{name} has the shape {array.shape}; give (channels, samples), as audio[np.newaxis].")
    channels, samples = array.shape
    if channels == 0 or samples == 0:
        raise AudioError(f"{name} is empty: {channels} channels, {samples} samples. Give audio with samples in it.")
    if channels > MAX_CHANNELS:
        remedy = "transpose it" if samples <= MAX_CHANNELS else "mix it down to mono or stereo"
        raise AudioError(f"{name} has {channels} channels; {remedy}.")
    checked = np.ascontiguousarray(array, dtype=np.float32)
    # One sum finds nearly everything clean at once: NaN and infinity survive it.
    with np.errstate(over="ignore", invalid="ignore"):
        is_clean = bool(np.isfinite(np.add.reduce(checked, axis=None)))
    if not is_clean and not np.isfinite(checked).all():
        broken = int((~np.isfinite(checked)).sum())
        raise AudioError(f"{name} holds {broken:,} samples that are NaN or infinite; repair or render it again.")
    return checked


def check_peak(audio: Float32, name: str) -> Float32:
    """`audio`; AudioError naming `name` where it passes `HIGHEST_DBFS`, as a file does that is read as another kind."""
    peak = float(np.abs(audio).max(initial=0.0))
    if peak > db_to_amplitude(HIGHEST_DBFS):
        raise AudioError(
            f"{name} peaks at {amplitude_to_db(peak):+.0f} dBFS, which is no sound; find what makes it, or export it "
            "again."
        )
    return audio
