"""Responses of the filters that equalisers are made of, as their textbook prototypes have them, many bands at once.

Bells and shelves after R. Bristow-Johnson's Audio EQ Cookbook; cuts as Butterworth filters of any order.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from bridge.decibels import power_to_db
from bridge.types import Float64

LOWEST_HZ, HIGHEST_HZ, POINTS = 30.0, 16_000.0, 96
FLOOR_DB = -18.0
"""Below this a response counts as silent: cuts fall on, and nobody hears how steeply."""


class Shape(StrEnum):
    """What a band does to the response."""

    BELL = "bell"
    LOW_SHELF = "low_shelf"
    HIGH_SHELF = "high_shelf"
    LOW_CUT = "low_cut"
    HIGH_CUT = "high_cut"


CUTS = (Shape.LOW_CUT, Shape.HIGH_CUT)


def frequencies_hz() -> Float64:
    """(points,) at which responses are compared, evenly spread over the octaves."""
    return np.geomspace(LOWEST_HZ, HIGHEST_HZ, POINTS)


def response_db(
    shape: Shape, freq_hz: float, gain_db: float, q: float, order: float, hz: Float64, sample_rate_hz: float
) -> Float64:
    """Return the response of one band in dB at the frequencies `hz`.

    Args:
        q: of bells and shelves.
        order: of cuts, which fall by 6 dB an octave for each.
    """
    if shape in CUTS:
        return _cut_db(shape, freq_hz, order, hz, sample_rate_hz)
    return _biquad_db(shape, freq_hz, gain_db, q, hz, sample_rate_hz)


def _warped(freq_hz: float | Float64, sample_rate_hz: float) -> Float64:
    """The analogue frequency that the bilinear transform puts at `freq_hz`."""
    return np.asarray(np.tan(np.pi * np.minimum(np.asarray(freq_hz), 0.49 * sample_rate_hz) / sample_rate_hz))


def _cut_db(shape: Shape, freq_hz: float, order: float, hz: Float64, sample_rate_hz: float) -> Float64:
    ratio = _warped(freq_hz, sample_rate_hz) / _warped(hz, sample_rate_hz)
    ratio = ratio if shape is Shape.LOW_CUT else 1.0 / ratio
    return -power_to_db(1.0 + ratio ** (2.0 * order))


def _biquad_db(shape: Shape, freq_hz: float, gain_db: float, q: float, hz: Float64, sample_rate_hz: float) -> Float64:
    """|H|^2 of the analogue prototype at s = j w, w warped: what the bilinear transform makes of it."""
    w2 = (_warped(hz, sample_rate_hz) / _warped(freq_hz, sample_rate_hz)) ** 2
    amplitude, q = 10.0 ** (gain_db / 40.0), max(q, 0.02)
    if shape is Shape.BELL:
        above = (1.0 - w2) ** 2 + w2 * (amplitude / q) ** 2
        below = (1.0 - w2) ** 2 + w2 / (amplitude * q) ** 2
        return power_to_db(above / below)
    if shape is Shape.HIGH_SHELF:
        w2 = 1.0 / w2
    damping = amplitude / q**2 * w2
    above = (amplitude - w2) ** 2 + damping
    below = (1.0 - amplitude * w2) ** 2 + damping
    return power_to_db(amplitude**2 * above / below)
