"""Types of arrays, each defined once. A name says what the array holds; its shape stands at the argument.

>>> def peak(audio: Audio) -> float:
...     '''The largest magnitude in `audio` (channels, samples).'''
...     return float(abs(audio).max())
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Mask = NDArray[np.bool_]  # true where an element counts
Indices = NDArray[np.intp]

Audio = Float32
"""(channels, samples), full scale at ±1; a batch is (batch, channels, samples)."""

NormalizedArray = Float32
"""(controls,) or (batch, controls): each control's place between the ends of its range, 0..1."""
