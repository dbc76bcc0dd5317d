"""Mel bands: their frequencies, and how much each contributes to loudness. Numbers only, no torch."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from bridge.decibels import amplitude_to_db
from bridge.features.settings import FeatureSettings
from bridge.types import Float32, Float64


def band_edges_hz(settings: FeatureSettings) -> Float64:
    """Return the edges of the bands, (bands + 2,) in Hz: equal steps on the mel scale.

    Source: O'Shaughnessy, Speech Communication (1987): mel = 2595 log10(1 + f / 700).
    """
    low, high = (2595 * math.log10(1 + hz / 700) for hz in (settings.low_hz, settings.high_hz))
    return 700 * (10 ** (np.linspace(low, high, settings.bands + 2) / 2595) - 1)


def band_centres_hz(settings: FeatureSettings) -> Float64:
    """Return the centre frequencies of the bands, (bands,) in Hz."""
    return band_edges_hz(settings)[1:-1]


@lru_cache(maxsize=32)
def bands_below_nyquist(sample_rate_hz: int, settings: FeatureSettings) -> int:
    """Return how many bands lie wholly below half the sample rate."""
    return int(np.sum(band_edges_hz(settings)[2:] <= sample_rate_hz / 2))


@lru_cache(maxsize=8)
def loudness_weights_db(settings: FeatureSettings) -> Float32:
    """Return the K-weighting of each band, (bands,) in dB.

    Source: ITU-R BS.1770-4, its two filters as analogue curves: a high shelf of 4 dB
    around 1.5 kHz and a high pass of second order at 38 Hz with a quality of 0.5.

    >>> weights = loudness_weights_db(FeatureSettings())
    >>> bool(weights[0] < -2) and round(float(weights[-1]))
    4
    """
    frequency = band_centres_hz(settings)
    shelf = 4 / (1 + (1500 / frequency) ** 2)
    ratio = frequency / 38
    high_pass = amplitude_to_db(ratio**2 / np.sqrt((1 - ratio**2) ** 2 + (2 * ratio) ** 2))
    return np.asarray(shelf + high_pass, dtype=np.float32)
