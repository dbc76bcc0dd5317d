"""Normalised laws of stock FX doubles, drawn at random: what a parameter's 0..1 means and how it is displayed.

Every draw is monotonic and invertible, and no two seeds agree, so that nothing outside can know a law by heart.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.decibels import amplitude_to_db, db_to_amplitude

Curve = Callable[[float], float]

FALLING_SHARE = 0.1  # of laws in which the real value falls while the normalised one rises


@dataclass(frozen=True)
class StockLaw:
    """normalized <-> real_value on [low, high], along a linear, logarithmic or decibel axis, bent by a curve.

    On the decibel axis the amplitude is what rises evenly, and `low` is -inf.
    """

    low: float
    high: float
    axis: str  # "linear", "log" or "amplitude"
    bend: Curve
    unbend: Curve
    is_falling: bool = False

    def to_real(self, normalized: float) -> float:
        position = self.bend(min(max(1.0 - normalized if self.is_falling else normalized, 0.0), 1.0))
        if self.axis == "amplitude":
            return self.high + float(amplitude_to_db(position)) if position > 1e-7 else -math.inf
        if self.axis == "log":
            return float(self.low * (self.high / self.low) ** position)
        return self.low + (self.high - self.low) * position

    def to_normalized(self, real_value: float) -> float:
        if self.axis == "amplitude":
            position = db_to_amplitude(real_value - self.high)
        elif self.axis == "log":
            position = math.log(max(real_value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            position = (real_value - self.low) / (self.high - self.low)
        normalized = self.unbend(min(max(position, 0.0), 1.0))
        return 1.0 - normalized if self.is_falling else normalized


def draw_law(rng: random.Random, low: float, high: float, axis: str) -> StockLaw:
    """A law of the family for this axis. Linear axes may bend strongly, the others are bent already."""
    shape = rng.choice(("straight", "power", "exponential") if axis == "linear" else ("straight", "power"))
    is_falling = axis != "amplitude" and rng.random() < FALLING_SHARE
    if shape == "exponential":
        base = rng.uniform(3.0, 400.0)
        return StockLaw(low, high, axis, _exponential(base), _logarithmic(base), is_falling)
    power = 1.0 if shape == "straight" else rng.uniform(0.7, 1.6)
    return StockLaw(low, high, axis, lambda n: n**power, lambda p: p ** (1.0 / power), is_falling)


def straight_law() -> StockLaw:
    """A law that is not drawn: real values are the normalised ones."""
    return StockLaw(0.0, 1.0, "linear", lambda n: n, lambda p: p)


def _exponential(base: float) -> Curve:
    return lambda n: float((base**n - 1.0) / (base - 1.0))


def _logarithmic(base: float) -> Curve:
    return lambda p: math.log1p(p * (base - 1.0)) / math.log(base)


@dataclass(frozen=True)
class ValueDisplay:
    """How one FX writes numbers: drawn once for each FX, as one plugin is consistent with itself."""

    decimals: dict[str, int] = field(default_factory=dict)
    suffix: dict[str, str] = field(default_factory=dict)
    has_plus: bool = False
    has_kilohertz: bool = False

    def text(self, real_value: float, unit: str) -> str:
        """'-3.0 dB', '+1.25', '1.00 kHz', '-inf': the number in the style of this FX."""
        if math.isinf(real_value):
            return "-inf" if real_value < 0 else "inf"
        if unit == "Hz" and self.has_kilohertz and real_value >= 1000.0:
            return f"{real_value / 1000.0:.{self.decimals['Hz'] + 2}f} kHz"
        sign = "+" if self.has_plus and unit == "dB" else ""
        real_value = round(real_value, self.decimals[unit]) + 0.0  # no "-0.0"
        return f"{real_value:{sign}.{self.decimals[unit]}f}{self.suffix[unit]}"


def draw_display(rng: random.Random) -> ValueDisplay:
    suffixes = {
        "Hz": (" Hz", "", "Hz"), "dB": (" dB", "", "dB"), "oct": (" oct", ""), "ms": (" ms", "", "ms"),
        ":1": (":1", "", " :1"), "%": ("%", ""),
    }  # fmt: skip
    decimals = {"Hz": (1, 2), "dB": (1, 2), "oct": (2, 3), "ms": (1, 2), ":1": (2, 3), "%": (0, 1)}
    return ValueDisplay(
        decimals={unit: rng.choice(choices) for unit, choices in decimals.items()},
        suffix={unit: rng.choice(choices) for unit, choices in suffixes.items()},
        has_plus=rng.random() < 0.4,
        has_kilohertz=rng.random() < 0.3,
    )
