"""Laws and texts of listed parameters, drawn within what a list and its labels say: see `listed`."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.plugins.chain.display_law import parse_display

_SUFFIXES = {"Hz": " Hz", "dB": " dB", "ms": " ms", "Q": "", "": ":1", "%": " %", "oct": " oct", "dB/oct": " dB/oct"}
_SWITCH_ROLES = ("enabled", "bypass", "auto_makeup", "auto_release", "sc_input")
_TYPES = ("Bell", "Low Shelf", "High Shelf", "High Pass", "Low Pass", "Notch")


@dataclass(frozen=True)
class Label:
    """What a parameter of a list is: a role, the band and the section that it belongs to."""

    role: str
    section: str = ""
    band: int | None = None
    unit: str = ""
    flags: tuple[str, ...] = ()
    freq_hz: float | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Label:
        """A line of labels as JSON has it."""
        flags = tuple(row.get("flags") or ())
        return cls(
            row["role"], row.get("section") or "", row.get("band"), row.get("unit") or "", flags, row.get("freq_hz")
        )


@dataclass(frozen=True)
class ListedLaw:
    """One parameter: what its normalized value counts for and shows.

    Attributes:
        low, high: of the value, or of the number that is shown where `scale` is another.
        choices: texts of a choice, each an equal share of the range; the value is the number of the choice.
        steps: values that can be had, where these are few.
        shown: from the value to the number in the text.
    """

    low: float = 0.0
    high: float = 1.0
    is_log: bool = False
    bend: float = 1.0
    is_falling: bool = False
    suffix: str = ""
    decimals: int = 2
    choices: tuple[str, ...] = ()
    steps: tuple[float, ...] = ()
    sentinel: str = ""
    is_inverse: bool = False
    neutral: float | None = None
    knob: tuple[float, float] | None = None
    kilo: bool = False
    is_octaves: bool = False

    @property
    def step(self) -> float | None:
        """Its own coarseness, where REAPER knows of it."""
        return 1.0 / (len(self.choices) - 1) if len(self.choices) > 1 else None

    def stored(self, normalized: float) -> float:
        """What the plugin keeps of a written value."""
        count = len(self.choices) or len(self.steps)
        if count > 1:
            return min(int(normalized * count), count - 1) / (count - 1)
        return normalized

    def to_real(self, normalized: float) -> float:
        """The value that counts: Hz, dB, ms, a ratio, Q; of a switch 1 for what does something."""
        shown = self._number(normalized)
        if self.choices:
            return 1.0 - shown if self.is_inverse else shown
        if self.is_octaves:
            return 1.0 / (2.0 * math.sinh(math.log(2.0) / 2.0 * shown))
        return shown

    def _number(self, normalized: float) -> float:
        if self.choices:
            return float(min(int(normalized * len(self.choices)), len(self.choices) - 1))
        share = 1.0 - normalized if self.is_falling else normalized
        if self.steps:
            return self.steps[min(int(share * len(self.steps)), len(self.steps) - 1)]
        if self.sentinel and normalized < 1e-3:
            return math.nan
        share = float(share**self.bend)
        if self.is_log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + (self.high - self.low) * share

    def text(self, normalized: float) -> str:
        """What it shows."""
        if self.choices:
            return self.choices[min(int(normalized * len(self.choices)), len(self.choices) - 1)]
        value = self._number(normalized)
        if math.isnan(value):
            return self.sentinel
        if self.knob is not None:
            share = (value - self.low) / (self.high - self.low)
            value = self.knob[0] + (self.knob[1] - self.knob[0]) * share
        if self.kilo and value >= 1000.0:
            return f"{value / 1000.0:.2f} kHz"
        if self.suffix == " ms" and value >= 1000.0:
            return f"{value / 1000.0:.2f} s"
        return f"{round(value, self.decimals) + 0.0:.{self.decimals}f}{self.suffix}"

    def rest(self, rng: random.Random) -> float:
        """A normalized value at which the parameter does least, else any."""
        if self.neutral is None:
            return rng.random() if not self.choices else 0.0
        grid = [step / 2000 for step in range(2001)]
        found = [n for n in grid if not math.isnan(self.to_real(n))]
        if self.sentinel:
            return 0.0
        nearest = min(found, key=lambda n: abs(self.to_real(n) - self.neutral))  # type: ignore[operator]
        return self.stored(nearest)

    def near(self, normalized: float, rng: random.Random) -> float:
        """A value some way off."""
        return self.stored(min(max(normalized + rng.uniform(-0.2, 0.2), 0.02), 0.98))


def draw_listed_law(
    rng: random.Random, name: str, label: Label, texts: Sequence[str], place: float, *, has_units: bool
) -> ListedLaw:
    """A law for a parameter. `place`: of its band among the others, 0 lowest, 1 highest."""
    flags, role = set(label.flags), label.role
    if "midi_tail" in flags or "dead_parameter" in flags:
        return ListedLaw(choices=("", ""))
    words = tuple(dict.fromkeys(text for text in texts if parse_display(text) is None and text.strip()))
    if role in _SWITCH_ROLES or label.unit == "bool":
        return _switch(rng, label, words)
    if role in ("type", "slope") and not words:
        return _choice(role, rng)
    if len(words) > 1 and len(words) >= len(set(texts)) - 1:
        bell = next((n for n, word in enumerate(words) if word.strip().lower() in ("bell", "peak")), 0)
        return ListedLaw(choices=words, neutral=float(bell if role == "type" and len(words) > 2 else 0))
    if label.unit == "enum" and role not in ("freq", "gain", "ratio", "attack", "release", "threshold"):
        return ListedLaw(choices=("A", "B", "C"), neutral=0.0)
    return _number(rng, name, label, texts, place, has_units=has_units)


def _switch(rng: random.Random, label: Label, words: Sequence[str]) -> ListedLaw:
    pair = tuple(words) if len(words) == 2 else rng.choice((("Off", "On"), ("Out", "In"), ("Disabled", "Enabled")))
    is_inverse = bool({"inverse_enable", "inverse_bypass"} & set(label.flags))
    if label.role == "enabled" and pair[0].lower() in ("on", "in"):
        is_inverse = True
    rest = 1.0 if label.role == "enabled" else 0.0
    return ListedLaw(choices=pair, is_inverse=is_inverse, neutral=rest)


def _choice(role: str, rng: random.Random) -> ListedLaw:
    if role == "slope":
        return ListedLaw(steps=(6.0, 12.0, 18.0, 24.0), suffix=" dB/oct", decimals=0, neutral=12.0)
    count = rng.choice((3, 5, 6))
    return ListedLaw(choices=_TYPES[:count], neutral=0.0)


_RANGES: dict[str, tuple[tuple[float, float], ...]] = {
    "gain": ((-12.0, 12.0), (-15.0, 15.0), (-18.0, 18.0), (-24.0, 24.0)),
    "threshold": ((-60.0, 0.0), (-48.0, 12.0), (-40.0, 0.0), (-80.0, 0.0)),
    "ratio": ((1.0, 20.0), (1.0, 10.0), (1.0, 50.0)),
    "attack": ((0.1, 100.0), (0.05, 250.0), (1.0, 80.0)),
    "release": ((10.0, 1000.0), (5.0, 2000.0), (50.0, 1200.0)),
    "makeup": ((0.0, 24.0), (-24.0, 24.0), (-12.0, 30.0)),
    "output": ((-24.0, 24.0), (-18.0, 18.0)),
    "input": ((-24.0, 24.0), (-18.0, 18.0)),
    "q": ((0.1, 10.0), (0.3, 7.0), (0.5, 3.0)),
    "mix": ((0.0, 100.0),),
    "dry": ((0.0, 100.0),),
    "knee": ((0.0, 12.0), (0.0, 24.0)),
}
_UNITS = {"gain": "dB", "threshold": "dB", "ratio": "", "attack": "ms", "release": "ms", "makeup": "dB", "output": "dB",
          "input": "dB", "q": "Q", "mix": "%", "dry": "%", "knee": "dB", "freq": "Hz", "bandwidth": "oct"}  # fmt: skip
_NEUTRAL = {"gain": 0.0, "threshold": 0.0, "ratio": 2.0, "makeup": 0.0, "output": 0.0, "input": 0.0, "mix": 100.0,
            "dry": 0.0, "knee": 0.0, "q": 1.0, "drive": 0.0}  # fmt: skip
_STEPS = {
    "ratio": ((1.5, 2.0, 4.0, 10.0), (2.0, 4.0, 8.0, 12.0, 20.0), (1.2, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0)),
    "gain": ((-12.0, -9.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 9.0, 12.0),),
    "attack": ((0.1, 0.3, 1.0, 3.0, 10.0, 30.0),),
    "release": ((50.0, 100.0, 200.0, 400.0, 800.0),),
}


def _number(
    rng: random.Random, name: str, label: Label, texts: Sequence[str], place: float, *, has_units: bool
) -> ListedLaw:
    role, flags = label.role, set(label.flags)
    unit = label.unit if label.unit in ("dB", "Hz", "ms", "s", "%", "oct", "Q") else _UNITS.get(role, "")
    low, high = _range(rng, role, label.section, unit, texts, place)
    sentinel = "OUT" if "sentinel_text" in flags and role == "freq" else ""
    is_knob = label.unit in ("knob", "0..1") or bool({"scale_0_100", "more_is_more"} & flags)
    knob = (0.0, 1.0) if label.unit == "0..1" else (0.0, 100.0) if "scale_0_100" in flags else (0.0, 10.0)
    names_unit = "(" in name or "[" in name
    is_shown = not (names_unit or "no_unit_text" in flags or not has_units or is_knob)
    steps = rng.choice(_STEPS[role]) if role in _STEPS and (label.unit == "enum" or rng.random() < 0.12) else ()
    is_falling = "reversed" in flags or ("more_is_more" in flags and role == "threshold")
    is_octaves = role == "bandwidth" or "bandwidth_octaves" in flags or label.unit == "oct"
    if is_octaves:
        low, high, unit = 0.1, 4.0, "oct"
    is_log = role in ("freq", "attack", "release", "q", "ratio") and low > 0 and not is_octaves
    return ListedLaw(
        low=low, high=high, is_log=is_log and rng.random() < 0.85, bend=rng.uniform(0.7, 1.5),
        is_falling=is_falling, suffix=_SUFFIXES.get(unit, "") if is_shown else "",
        decimals=rng.choice((1, 2)) if role not in ("q", "ratio", "bandwidth") else 2, steps=tuple(steps),
        sentinel=sentinel, neutral=_neutral(role, label, low, high), knob=knob if is_knob else None,
        kilo=unit == "Hz" and is_shown and rng.random() < 0.5, is_octaves=is_octaves,
    )  # fmt: skip


def _range(
    rng: random.Random, role: str, section: str, unit: str, texts: Sequence[str], place: float
) -> tuple[float, float]:
    """As the texts of the list say, where they tell the ends; else drawn."""
    shown = [value for text in texts if (value := parse_display(text)) is not None and math.isfinite(value)]
    if len(shown) >= 2 and shown[0] != shown[-1] and role in _UNITS:
        low, high = min(shown), max(shown)
        if role == "freq" and any(parse_display(text) is None for text in texts):  # 'OUT': the range goes on behind it
            low, high = min(low, 20.0), max(high, 18_000.0) if low > 1000.0 else high
        if not (role in ("freq", "q", "ratio", "attack", "release") and low <= 0):
            return low, high
    if role == "freq" and section in ("hpf", "lpf"):
        return rng.choice(((16.0, 350.0), (20.0, 600.0))) if section == "hpf" else rng.choice(((2e3, 22e3), (1e3, 2e4)))
    if role == "freq":
        middle = 80.0 * 100.0**place
        return rng.choice(((20.0, 20_000.0), (max(middle / 6.0, 20.0), min(middle * 6.0, 20_000.0))))
    if role in ("mix", "dry") and unit == "dB":
        return (-80.0, 0.0)
    low, high = rng.choice(_RANGES.get(role, ((0.0, 100.0),)))
    return low, high


def _neutral(role: str, label: Label, low: float, high: float) -> float | None:
    if role == "freq" and label.section in ("hpf", "lpf"):
        return low if label.section == "hpf" else high
    if role == "threshold":
        return min(high, 0.0)
    if role in ("mix", "dry") and (low, high) == (-80.0, 0.0):
        return low if role == "dry" else high
    return _NEUTRAL.get(role)
