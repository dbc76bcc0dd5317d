"""Silence, defined once. It knows no loudness: that of quiet audio is None (`loudness`)."""

from __future__ import annotations

import numpy as np

from bridge.types import Audio

SILENT_PEAK = 1e-4  # of full scale, -80 dBFS: below it there is nothing that a model could work with
SILENCED_RMS = 1e-5  # of full scale, -100 dBFS: what comes out of a plugin below it is noise of its arithmetic


def is_silent(audio: Audio) -> bool:
    """Return whether no sample of `audio` (channels, samples) reaches -80 dBFS; so of audio without samples.

    >>> is_silent(np.full((2, 100), 9e-5, np.float32)), is_silent(np.full((2, 100), 2e-4, np.float32))
    (True, False)
    """
    return float(np.abs(audio).max(initial=0.0)) < SILENT_PEAK
