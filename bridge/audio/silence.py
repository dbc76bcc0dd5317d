"""Silence, defined once. It knows no loudness: that of quiet audio is None (`loudness`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge.decibels import db_to_amplitude
from bridge.types import Audio

SILENT_PEAK = 1e-4  # of full scale, -80 dBFS: below it there is nothing that a model could work with
SILENCED_RMS = 1e-5  # of full scale, -100 dBFS: what comes out of a plugin below it is noise of its arithmetic
FALLEN_DB = 60.0  # what has fallen this far below the loudest block has rung off
_BLOCK_S = 0.01


def is_silent(audio: Audio) -> bool:
    """Return whether no sample of `audio` (channels, samples) reaches -80 dBFS; so of audio without samples.

    >>> is_silent(np.full((2, 100), 9e-5, np.float32)), is_silent(np.full((2, 100), 2e-4, np.float32))
    (True, False)
    """
    return float(np.abs(audio).max(initial=0.0)) < SILENT_PEAK


def sounding_s(excerpts: Sequence[Audio], sample_rate_hz: int) -> float:
    """Return for how long `excerpts`, (channels, samples) each, sound together, in seconds.

    Blocks of 10 ms count that reach -80 dBFS and lie less than 60 dB below the loudest.

    >>> sounding_s([np.concatenate([np.zeros((1, 48000)), np.full((1, 24000), 0.5)], axis=1)], 48000)
    0.5
    """
    length = max(1, round(_BLOCK_S * sample_rate_hz))
    peaks = [_block_peaks(excerpt, length) for excerpt in excerpts if excerpt.shape[-1]]
    loudest = max((float(peak.max()) for peak in peaks), default=0.0)
    least = max(SILENT_PEAK, loudest * db_to_amplitude(-FALLEN_DB))
    blocks = sum(int(np.count_nonzero(peak >= least)) for peak in peaks)
    samples = sum(excerpt.shape[-1] for excerpt in excerpts)
    return float(min(blocks * length, samples)) / sample_rate_hz


def _block_peaks(excerpt: Audio, length: int) -> Audio:
    """(blocks,) the highest peak of each block; the last may be shorter."""
    return np.maximum.reduceat(np.abs(excerpt).max(axis=0), np.arange(0, excerpt.shape[-1], length))
