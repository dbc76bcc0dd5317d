"""What an FX displays, as quantities: numbers with units, the law between them and REAPER's normalized values.

Units are converted only where the conversion is standard: seconds and milliseconds, kilohertz and hertz, bandwidth
in octaves and Q (bandwidth = 2/ln 2 * asinh(1 / (2 Q)), R. Bristow-Johnson's Audio EQ Cookbook). No plugin's own
law is written down here; it is measured from the texts that the request carries.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from bridge.plugins.chain.display_law import DisplayLaw, display_law, parse_display
from bridge.types import Float64

SURE = 0.01
"""A displayed number that may be off by this share of it is still expected."""

FINEST = 1e-4
"""The smallest tolerance for a read-back, normalized: hosts and plugins keep float32."""

COARSEST = 0.05
"""The largest tolerance: a read-back that is further off is reported."""

MOST_KEPT = 10_000
"""Characters of a parameter's texts: laws of longer ones are not remembered, for they come from nobody's FX."""

_SHOWN = re.compile(r"(\d[\d.,]*|∞|inf)\s*(k(?=hz|\s|$))?\s*(:1|%|[a-zµ]+)?", re.IGNORECASE)
_PREFIX = re.compile(r"^\s*[^\W\d_][^:\d]*:\s*")
"""Words before a value, as ReaEQ has them where a band is off: 'DISABLED: 20.0 Hz'."""

_UNITS = {
    "hz": ("Hz", 1.0), "db": ("dB", 1.0), "ms": ("ms", 1.0), "msec": ("ms", 1.0), "µs": ("ms", 1e-3),
    "s": ("ms", 1e3), "sec": ("ms", 1e3), "oct": ("oct", 1.0), "octave": ("oct", 1.0), "octaves": ("oct", 1.0),
    "q": ("Q", 1.0), ":1": ("", 1.0), "%": ("%", 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Quantity:
    """A displayed number in a base unit (Hz, dB, ms, oct, Q, %, or '' for none) and the step it is rounded to."""

    value: float
    unit: str | None  # None: the text names no unit that is known
    step: float


def read_quantity(text: str) -> Quantity | None:
    """'1.2 kHz' -> 1200 Hz in steps of 100 Hz; 'DISABLED: -3,0 dB' -> -3 dB in steps of 0.1 dB; 'Off' -> None."""
    text = _PREFIX.sub("", text)
    unit, factor, step = None, 1.0, 1.0
    if (match := _SHOWN.search(text)) is not None:
        unit, factor = _UNITS.get((match[3] or "").lower(), (None, 1.0))
        step = factor * (1000.0 if match[2] else 1.0) * 10.0 ** -_decimals(match[1])
    value = parse_display(text)
    return None if value is None else Quantity(value * factor, unit, step)


def q_of_octaves(octaves: float) -> float:
    """Return the Q of a bandwidth in octaves."""
    return 1.0 / (2.0 * math.sinh(math.log(2.0) / 2.0 * max(octaves, 1e-6)))


def octaves_of_q(q: float) -> float:
    """Return the bandwidth in octaves of a Q."""
    return 2.0 / math.log(2.0) * math.asinh(1.0 / (2.0 * max(q, 1e-6)))


def conversion(unit: str, shown: str) -> tuple[Callable[[float], float], Callable[[float], float]] | None:
    """Functions (control's unit -> shown unit, and back), or None where no standard conversion exists."""
    if unit == shown or (unit in ("", "Q") and shown in ("", "Q")):
        return (lambda value: value), (lambda value: value)
    if unit in ("", "Q") and shown == "oct":
        return octaves_of_q, q_of_octaves
    if unit == "oct" and shown in ("", "Q"):
        return q_of_octaves, octaves_of_q
    if unit == "s" and shown == "ms":
        return (lambda value: value * 1e3), (lambda value: value / 1e3)
    if unit == "" and shown == "%":
        return (lambda value: value * 1e2), (lambda value: value / 1e2)
    return None


@dataclass(frozen=True)
class FxDisplayLaw:
    """The law of one FX parameter: REAPER's normalized <-> the number it displays, in `unit`.

    A law that falls is kept from its other end (`is_falling`): there it starts at its least value, as the curves do
    by which `law` runs between its points.
    """

    law: DisplayLaw
    is_falling: bool
    unit: str | None
    texts: tuple[tuple[float, str], ...]
    quantities: tuple[Quantity, ...]

    def value(self, normalized: float) -> float:
        return self.law.to_real(self._turned(normalized))

    def normalized(self, value: float) -> float:
        """The normalized value that displays `value`, or the end of the range nearest to it."""
        return self._turned(min(max(self.law.to_normalized(value), 0.0), 1.0))

    def uncertainty(self, normalized: float) -> float:
        """How far, in normalized units, a value may lie from where the law puts it: half a displayed step, and what
        the grid leaves open."""
        grid, shown, at = self.law.grid, self.law.shown, self._cell(normalized)
        slope = abs(shown[at] - shown[at - 1]) / max(grid[at] - grid[at - 1], 1e-9)
        return (self.nearest(normalized).step / 2 + self._left_open(normalized)) / max(slope, 1e-9)

    def is_sure(self, normalized: float) -> bool:
        """Whether the FX will display what the law says, to a displayed step or a hundredth."""
        return self._left_open(normalized) <= max(self.nearest(normalized).step / 2, SURE * abs(self.value(normalized)))

    def _left_open(self, normalized: float) -> float:
        """How far the displayed number may be off between points of the grid: a quarter of how far the points beside
        lie from the line through their neighbours, which remains between points that are half as far apart. At the
        points themselves nothing is open."""
        if np.abs(normalized - self._points).min() < 1e-9:
            return 0.0
        at = self._cell(normalized)
        near = slice(max(at - 2, 0), at)  # the inner points on either side
        return float(self._bends[near].max(initial=0.0)) / 4

    @cached_property
    def _points(self) -> Float64:
        """Where there are texts."""
        return np.array([point for point, _ in self.texts])

    @cached_property
    def _bends(self) -> Float64:
        """How far each inner point of the law's grid lies from the line through its neighbours."""
        return np.asarray(np.abs(self.law.from_neighbours() - np.asarray(self.law.shown[1:-1])))

    def _cell(self, normalized: float) -> int:
        """The index of the point at the end of the stretch of the law's grid that holds a value."""
        grid = self.law.grid
        return min(max(bisect_left(grid, self._turned(normalized)), 1), len(grid) - 1)

    def _turned(self, normalized: float) -> float:
        return 1.0 - normalized if self.is_falling else normalized

    def nearest(self, normalized: float) -> Quantity:
        return self.quantities[self._nearest_index(normalized)]

    def text(self, normalized: float) -> str:
        """What the FX will display, in the form that it uses at the nearest point of the grid."""
        at = self._nearest_index(normalized)
        grid_normalized, text = self.texts[at]
        text = _PREFIX.sub("", text)
        if abs(grid_normalized - normalized) < 1e-9:
            return text
        match = _SHOWN.search(text)
        decimals = _decimals(match[1]) if match else 0
        value = round(self.value(normalized) / (self.quantities[at].step * 10.0**decimals), decimals) + 0.0
        sign = "+" if value >= 0 and text.lstrip().startswith("+") else ""
        number = f"{sign}{value:.{decimals}f}"
        if match and "," in match[1] and "." not in match[1]:
            number = number.replace(".", ",")
        return f"{number}{text[match.end(1) :] if match else ''}"

    def _nearest_index(self, normalized: float) -> int:
        return int(np.abs(self._points - normalized).argmin())


def measure_fx_display_law(points: Sequence[tuple[float, str]]) -> FxDisplayLaw | None:
    """The law behind a parameter's displayed texts, or None: no numbers, not monotonic, or units that disagree."""
    if sum(len(text) for _, text in points) > MOST_KEPT:
        return _shown_law(tuple(points))
    return _kept_law(tuple(points))


@lru_cache(maxsize=256)  # the next job on a track finds the same texts
def _kept_law(points: tuple[tuple[float, str], ...]) -> FxDisplayLaw | None:
    return _shown_law(points)


def _shown_law(points: tuple[tuple[float, str], ...]) -> FxDisplayLaw | None:
    read = [(n, text, quantity) for n, text in points if (quantity := read_quantity(text)) is not None]
    finite = [(n, text, quantity) for n, text, quantity in read if math.isfinite(quantity.value)]
    units = {quantity.unit for _, _, quantity in finite if quantity.unit is not None}
    is_falling = bool(finite) and finite[0][2].value > finite[-1][2].value
    rising = [(1.0 - n, text, quantity) for n, text, quantity in reversed(finite)] if is_falling else finite
    law = display_law([(n, quantity.value) for n, _, quantity in rising])
    if law is None or len(units) > 1:
        return None
    return FxDisplayLaw(
        law=law,
        is_falling=is_falling,
        unit=next(iter(units), None),
        texts=tuple((n, text) for n, text, _ in finite),
        quantities=tuple(quantity for _, _, quantity in finite),
    )


def _decimals(number: str) -> int:
    """How many digits stand behind the decimal point or comma."""
    return len(re.split(r"[.,]", number)[-1]) if re.search(r"[.,]", number) else 0
