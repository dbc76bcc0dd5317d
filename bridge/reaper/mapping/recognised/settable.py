"""What a parameter can be set to, by what it displays: numbers in a unit, steps, choices, a switch.

Where the texts of a parameter say no number's unit, its name or the range of the numbers must, or it is not read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bridge.plugins.recognition.parameter_texts import unit_of
from bridge.reaper.mapping.display_law import (
    FxDisplayLaw,
    measure_fx_display_law,
    octaves_of_q,
    q_of_octaves,
    read_quantity,
)
from bridge.reaper.protocol.fx_snapshot import ParameterSnapshot

MOST_STEPS = 24
"""Distinct texts on the grid up to which a parameter counts as stepped, at most half as many as there are points."""

_TO_BASE = {"s": ("ms", 1e3), "us": ("ms", 1e-3), "µs": ("ms", 1e-3), ":1": ("", 1.0)}
_ON = re.compile(r"^(?:on|in|yes|enabled?|active|activated|used)$", re.IGNORECASE)
_OFF = re.compile(r"^(?:off|out|no|disabled?|inactive|deactivated|bypass(?:ed)?|unused|muted?)$", re.IGNORECASE)
_WIDTH = re.compile(r"band\W?width|\bbw\b|width", re.IGNORECASE)
MOST_OCTAVES = 8.0
_INVERSE = re.compile(r"bypass|mute|defeat", re.IGNORECASE)


@dataclass(frozen=True)
class Settable:
    """A parameter whose displayed numbers are known: in Hz, dB, ms, a ratio (''), or Q.

    Attributes:
        law: the number that is displayed at each normalized value.
        factor: from displayed numbers to the unit.
        is_octaves: the numbers are a bandwidth in octaves, and values here its Q.
        steps: (normalized, value) of each number that can be had, where these are few; else empty.
        is_guessed: nothing says whether the numbers are octaves or a Q.
        measured: (normalized, value) in rising order of the value, where that is not what is displayed; else empty.
    """

    parameter: ParameterSnapshot
    law: FxDisplayLaw
    factor: float = 1.0
    is_octaves: bool = False
    steps: tuple[tuple[float, float], ...] = ()
    is_guessed: bool = False
    measured: tuple[tuple[float, float], ...] = ()

    def value(self, normalized: float) -> float:
        """The value at a normalized value, from step to step where there are steps."""
        if self.steps:
            return min(self.steps, key=lambda step: abs(step[0] - normalized))[1]
        if self.measured:
            rising = sorted(self.measured)
            return float(np.exp(np.interp(normalized, [n for n, _ in rising], [math.log(v) for _, v in rising])))
        return self.of_shown(self.law.value(normalized))

    def normalized(self, value: float) -> float:
        """The normalized value at which the nearest value that can be had is displayed."""
        if self.steps:
            return min(self.steps, key=lambda step: self.distance(step[1], value))[0]
        if self.measured:
            logs = [math.log(v) for _, v in self.measured]
            return float(np.interp(math.log(max(value, 1e-6)), logs, [n for n, _ in self.measured]))
        shown = octaves_of_q(value) if self.is_octaves else value / self.factor
        return self.law.normalized(shown)

    def nearest(self, value: float) -> float:
        """The value that can be had nearest to one."""
        return self.value(self.normalized(value))

    @property
    def present(self) -> float:
        return self.value(min(max(self.parameter.normalized, 0.0), 1.0))

    @cached_property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        values = [value for _, value in self.steps or self.measured] or [
            self.of_shown(self.law.value(n)) for n in (0.0, 1.0)
        ]
        return min(values), max(values)

    def distance(self, one: float, other: float) -> float:
        """How far two values lie apart: in dB, else in octaves."""
        if self.law.unit == "dB" or min(one, other) <= 0:
            return abs(one - other)
        return abs(math.log2(one / other))

    def of_shown(self, shown: float) -> float:
        """The value of a displayed number."""
        return q_of_octaves(shown) if self.is_octaves else shown * self.factor


def settable(parameter: ParameterSnapshot, unit: str) -> Settable | None:
    """What a parameter can be set to in Hz, dB, ms, '' for a ratio, or Q; None where its texts do not tell."""
    law = measure_fx_display_law(_readable(parameter))
    if law is None or not _confirms(law, parameter):
        return None
    low, high = sorted((law.value(0.0), law.value(1.0)))
    named = law.unit or _unit_in_name(parameter.name)
    if unit == "Hz" and named not in ("Hz", "kHz"):
        named = None  # a slip of the plugin's: 'HPF (dB)'
    is_guessed = unit == "Q" and named is None and _WIDTH.search(parameter.name) is not None and high <= MOST_OCTAVES
    if is_guessed:
        named = "oct"  # what is called a width and not a Q is one, as a rule
    shown, factor = _base(named) or (_guessed(unit, low, high), 1.0)
    if shown is None:
        return None
    if unit == "Hz" and shown == "kHz":
        shown, factor = "Hz", 1e3
    is_octaves = unit == "Q" and shown == "oct"
    if shown != unit and not is_octaves and not (unit == "Q" and shown == ""):
        return None
    plain = Settable(parameter, law, factor, is_octaves, is_guessed=is_guessed)
    return replace(plain, steps=_steps(parameter, plain))


def _readable(parameter: ParameterSnapshot) -> tuple[tuple[float, str], ...]:
    """The texts without those that are no numbers at the ends: 'Off', 'OUT'."""
    return tuple((n, text) for n, text in parameter.grid if read_quantity(text) is not None)


def _confirms(law: FxDisplayLaw, parameter: ParameterSnapshot) -> bool:
    """Whether the present text is what the texts of the whole range put there: some plugins show the present text for
    every value, and some are late."""
    quantity = read_quantity(parameter.text)
    if quantity is None or not math.isfinite(quantity.value):
        return True
    low, high = sorted((law.law.shown[0], law.law.shown[-1]))
    expected = law.value(min(max(parameter.normalized, 0.0), 1.0))
    near = quantity.step + 0.02 * max(abs(quantity.value), abs(expected))
    index = int(np.searchsorted([n for n, _ in law.texts], parameter.normalized))
    around = [law.quantities[i].value for i in (index - 1, index) if 0 <= i < len(law.quantities)]
    is_between = min(around, default=low) - near <= quantity.value <= max(around, default=high) + near
    return is_between or abs(quantity.value - expected) <= near


def _base(unit: str | None) -> tuple[str, float] | None:
    return None if unit is None else _TO_BASE.get(unit, (unit, 1.0))


def _unit_in_name(name: str) -> str | None:
    found = re.search(r"[(\[]\s*(k?hz|db|ms|msec|s|sec|us|µs|oct)\s*[)\]]", name, re.IGNORECASE)
    if found is None:
        return unit_of(name, ())
    word = found[1].lower()
    return {"hz": "Hz", "khz": "kHz", "db": "dB", "msec": "ms", "sec": "s"}.get(word, word)


def _guessed(unit: str, low: float, high: float) -> str | None:
    """The unit of numbers without one, where only one fits their range; None where several do."""
    if unit == "Hz":
        if low >= 5.0 and high >= 150.0:
            return "Hz"
        return "kHz" if low >= 0.01 and 1.0 <= high <= 30.0 else None
    if unit == "dB":
        is_about_zero = low <= -3.0 and high >= 0.0 and high - low <= 160.0
        return "dB" if is_about_zero or (low == 0.0 and 11.0 < high <= 48.0) else None
    if unit == "ms":
        return "ms" if low > 0.0 and high >= 50.0 else "s" if 0.0 < low <= 0.05 and high <= 5.0 else None
    if unit == "":
        return "" if 0.9 <= low <= 2.0 and high >= 2.5 else None
    return "Q" if 0.0 < low < 1.0 < high <= 100.0 else None


def _steps(parameter: ParameterSnapshot, plain: Settable) -> tuple[tuple[float, float], ...]:
    """The middle of each stretch of the grid that shows one number, where there are few numbers."""
    stretches: dict[str, list[float]] = {}
    for normalized, text in _readable(parameter):
        stretches.setdefault(text, []).append(normalized)
    if not 2 <= len(stretches) <= min(MOST_STEPS, len(parameter.grid) // 2):
        return ()
    steps = []
    for text, at in stretches.items():
        quantity = read_quantity(text)
        if quantity is None or not math.isfinite(quantity.value):
            continue
        steps.append((_middle(at), plain.of_shown(quantity.value)))
    return tuple(steps) if len(steps) > 1 else ()


@dataclass(frozen=True)
class Choices:
    """A parameter with named choices, each with a normalized value at which it is shown."""

    parameter: ParameterSnapshot
    texts: tuple[tuple[float, str], ...]

    @property
    def present(self) -> str:
        """The text of the present choice."""
        return min(self.texts, key=lambda row: abs(row[0] - self.parameter.normalized))[1]


def choices(parameter: ParameterSnapshot) -> Choices | None:
    """The choices of a parameter; None where it shows fewer than two texts, or too many."""
    stretches: dict[str, list[float]] = {}
    for normalized, text in parameter.grid:
        stretches.setdefault(text.strip(), []).append(normalized)
    if not 2 <= len(stretches) <= MOST_STEPS:
        return None
    texts = tuple((_middle(at), text) for text, at in stretches.items())
    shown = parameter.text.strip()
    return Choices(parameter, texts) if shown in stretches else None


def _middle(at: Sequence[float]) -> float:
    middle = (at[0] + at[-1]) / 2
    return min(at, key=lambda n: abs(n - middle))


@dataclass(frozen=True)
class Switch:
    """A parameter with two states: the normalized values at which it is on and off."""

    parameter: ParameterSnapshot
    on: float
    off: float

    @property
    def is_on(self) -> bool:
        return abs(self.parameter.normalized - self.on) < abs(self.parameter.normalized - self.off)


def switch(parameter: ParameterSnapshot) -> Switch | None:
    """The states of a switch: by what it shows, else by its name; None where neither tells."""
    shown = [(n, text.strip()) for n, text in parameter.grid]
    on = [n for n, text in shown if _ON.match(text)]
    off = [n for n, text in shown if _OFF.match(text)]
    is_inverse = _INVERSE.search(parameter.name) is not None
    if on and off:
        states = (on[-1] if on[0] > off[0] else on[0], off[0] if on[0] > off[0] else off[-1])
        names_itself = any(_INVERSE.search(text) for _, text in shown)
        return Switch(parameter, *(reversed(states) if is_inverse and not names_itself else states))
    numbers = {quantity.value for _, text in shown if (quantity := read_quantity(text)) is not None}
    if (parameter.is_toggle or numbers == {0.0, 1.0}) and (not shown or len({text for _, text in shown}) == 2):
        return Switch(parameter, 0.0, 1.0) if is_inverse else Switch(parameter, 1.0, 0.0)
    return None
