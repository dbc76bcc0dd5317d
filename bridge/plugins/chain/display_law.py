"""The law between a parameter's normalized value (0..1, the host's) and the real value that the plugin displays.

It is data: a range with a linear or logarithmic scale for pedalboard's own effects, a measured display law for
everything else. No plugin's formula is written down here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Literal

import msgspec
import numpy as np

from bridge.decibels import amplitude_to_db, db_to_amplitude
from bridge.errors import ChainError
from bridge.types import Float64

_NUMBER = re.compile(r"^\s*([-+−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(k)?", re.IGNORECASE)
_INFINITY = re.compile(r"^\s*([-+−]?)\s*(?:inf|∞)", re.IGNORECASE)


def parse_display(text: str) -> float | None:
    """The number that a plugin displays: '-3.5 dB' -> -3.5, '1.2 kHz' -> 1200.0, '-inf' -> -inf, 'Off' -> None."""
    text = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text.replace(",", "")
    if match := _INFINITY.match(text):
        return -math.inf if match[1] in ("-", "−") else math.inf
    if match := _NUMBER.match(text):
        return float(match[1].replace("−", "-")) * (1000.0 if match[2] else 1.0)
    return None


class RangeLaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="range"):
    """normalized <-> real_value by an explicit range. Values outside 0..1 extrapolate: see `Control`."""

    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"

    def to_real(self, normalized: float) -> float:
        if self.scale == "log":
            return float(self.low * (self.high / self.low) ** normalized)
        return self.low + (self.high - self.low) * normalized

    def to_normalized(self, real_value: float) -> float:
        if self.scale == "log":
            return math.log(max(real_value, 1e-12) / self.low) / math.log(self.high / self.low)
        return (real_value - self.low) / (self.high - self.low)


Scale = Literal["linear", "log", "amplitude", "power", "exponential"]


class DisplayLaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="display", dict=True):
    """normalized <-> real_value as measured: the numbers that a plugin displays on a grid of normalized values.

    Between the points it runs straight on one of several axes, whichever predicts the points best; at the points it
    is what was shown. Only a monotonic law can be inverted: see `display_law`.
    """

    grid: tuple[float, ...]
    shown: tuple[float, ...]
    scale: Scale = "linear"
    exponent: float = 1.0  # share of the way = position ** exponent, or (e ** (exponent * position) - 1) / (...)

    def to_real(self, normalized: float) -> float:
        return float(self._off_axis(np.asarray(np.interp(normalized, self.grid, self._axis))))

    def to_normalized(self, real_value: float) -> float:
        axis, grid = self._axis, np.asarray(self.grid)
        if axis[0] > axis[-1]:
            axis, grid = axis[::-1], grid[::-1]
        low, high = sorted((self.shown[0], self.shown[-1]))
        return float(np.interp(self._on_axis(np.array(min(max(real_value, low), high))), axis, grid))

    def from_neighbours(self) -> Float64:
        """What the two points beside each inner point predict for it: how far the law can be trusted there."""
        grid, axis = np.asarray(self.grid), self._axis
        share = (grid[1:-1] - grid[:-2]) / (grid[2:] - grid[:-2])
        return np.asarray(self._off_axis(axis[:-2] + share * (axis[2:] - axis[:-2])))

    @cached_property
    def _axis(self) -> Float64:
        return self._on_axis(np.asarray(self.shown, dtype=np.float64))

    def _on_axis(self, values: Float64) -> Float64:
        if self.scale == "log":
            return np.log(values)
        if self.scale == "amplitude":
            return db_to_amplitude(values)
        share = np.clip((values - self.shown[0]) / (self.shown[-1] - self.shown[0]), 0.0, 1.0)
        if self.scale == "power":
            return np.asarray(share ** (1.0 / self.exponent))
        if self.scale == "exponential":
            return np.asarray(np.log1p(share * math.expm1(self.exponent)) / self.exponent)
        return values

    def _off_axis(self, position: Float64) -> Float64:
        if self.scale == "log":
            return np.exp(position)
        if self.scale == "amplitude":
            return amplitude_to_db(position)
        span = self.shown[-1] - self.shown[0]
        if self.scale == "power":
            return np.asarray(self.shown[0] + span * position**self.exponent)
        if self.scale == "exponential":
            return np.asarray(self.shown[0] + span * np.expm1(self.exponent * position) / math.expm1(self.exponent))
        return position


Law = RangeLaw | DisplayLaw


def measure_display_law(points: Sequence[tuple[float, str]]) -> DisplayLaw | None:
    """The law behind (normalized, text) pairs, or None where the texts are no monotonic numbers."""
    return display_law([(n, value) for n, text in points if (value := parse_display(text)) is not None])


def display_law(points: Sequence[tuple[float, float]]) -> DisplayLaw | None:
    """The law through (normalized, shown number) pairs in rising order, or None where it is not monotonic.

    Infinite ends ("-inf dB") are dropped; plateaus of a quantised display keep their centre.
    """
    numbers = [(n, value) for n, value in points if math.isfinite(value)]
    if len(numbers) < 2:
        return None
    values = [value for _, value in numbers]
    rising = values[-1] >= values[0]
    steps = [(b - a) if rising else (a - b) for a, b in pairwise(values)]
    if any(step < -1e-9 for step in steps) or values[0] == values[-1]:
        return None
    grid: list[float] = []
    shown: list[float] = []
    for value in dict.fromkeys(values):
        plateau = [n for n, v in numbers if v == value]
        at_edge = value in (values[0], values[-1])
        grid.append((plateau[0] if value == values[0] else plateau[-1]) if at_edge else sum(plateau) / len(plateau))
        shown.append(value)
    return _best_law(tuple(grid), tuple(shown))


def _best_law(grid: tuple[float, ...], shown: tuple[float, ...]) -> DisplayLaw:
    """The law on the axis on which each inner point lies closest to where its neighbours put it."""
    laws = [DisplayLaw(grid=grid, shown=shown)]
    if len(shown) < 4:
        return laws[0]
    if min(shown) > 0:
        laws.append(DisplayLaw(grid=grid, shown=shown, scale="log"))
    if min(shown) > -200 and max(shown) < 100:
        laws.append(DisplayLaw(grid=grid, shown=shown, scale="amplitude"))
    middle = len(grid) // 2
    position = (grid[middle] - grid[0]) / (grid[-1] - grid[0])
    share = (shown[middle] - shown[0]) / (shown[-1] - shown[0])
    power = math.log(share) / math.log(position)
    if 0.2 <= power <= 5.0:
        laws.append(DisplayLaw(grid=grid, shown=shown, scale="power", exponent=power))
    if abs(growth := _growth(position, share)) > 0.01:
        laws.append(DisplayLaw(grid=grid, shown=shown, scale="exponential", exponent=growth))

    values = np.asarray(shown)

    def error(law: DisplayLaw) -> float:
        return float(np.abs((law.from_neighbours() - values[1:-1]) / (values[2:] - values[:-2])).sum())

    return min(laws, key=error)


def _growth(position: float, share: float) -> float:
    """g such that (e**(g * position) - 1) / (e**g - 1) = share, within -15..15, by bisection."""
    low, high = -15.0, 15.0
    for _ in range(50):
        middle = (low + high) / 2
        at_middle = math.expm1(middle * position) / math.expm1(middle) if abs(middle) > 1e-9 else position
        low, high = (middle, high) if at_middle > share else (low, middle)
    return (low + high) / 2


def check_range(label: str, low: float, high: float, scale: str) -> None:
    """Raise ChainError for a range that has no width, or a logarithmic one that is not positive."""
    if not (math.isfinite(low) and math.isfinite(high)) or low >= high:
        raise ChainError(f"{label} has the range [{low:g}, {high:g}]; the second number must be larger than the first.")
    if scale == "log" and low <= 0:
        raise ChainError(
            f'{label} has a logarithmic scale from {low:g}; use a lower bound above 0, or scale = "linear".'
        )
