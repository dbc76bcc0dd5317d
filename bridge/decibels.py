"""Decibels: the four conversions of librosa, of a number or an array. They know nothing of audio.

An amplitude of 1 is 0 dB, and so is a power of 1: a level of digital audio comes out in dBFS.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np

from bridge.types import Float32, Float64

FLOOR = 1e-12  # of a power: silence reads as -120 dB

_Values = TypeVar("_Values", float, Float32, Float64)


def db_to_amplitude(db: _Values) -> _Values:
    """Return the factor on an amplitude.

    >>> db_to_amplitude(-20.0)
    0.1
    """
    factor: Any = 10 ** (db / 20)  # NumPy's type of a power forgets float32
    return cast(_Values, factor)


def db_to_power(db: _Values) -> _Values:
    """Return the factor on a power.

    >>> db_to_power(-20.0)
    0.01
    """
    factor: Any = 10 ** (db / 10)  # NumPy's type of a power forgets float32
    return cast(_Values, factor)


def amplitude_to_db(amplitude: _Values, *, floor: float = 0.0) -> _Values:
    """Return 20 log10(amplitude + floor).

    Args:
        amplitude: 0 or more, as a number or an array of any shape.
        floor: added, so that silence is a finite number. With 0, silence is -inf and NumPy warns.

    >>> float(amplitude_to_db(0.5).round(2))
    -6.02
    """
    return cast(_Values, 20 * np.log10(amplitude + floor))


def power_to_db(power: _Values, *, floor: float = FLOOR) -> _Values:
    """Return 10 log10(power + floor).

    Args:
        power: a mean square, 0 or more, as a number or an array of any shape.
        floor: added, so that silence is a finite number.

    >>> float(power_to_db(0.0).round(1))
    -120.0
    """
    return cast(_Values, 10 * np.log10(power + floor))
