"""A control and its three values: `normalized` (0..1, the host's), `real_value` with a unit, and `text`."""

from __future__ import annotations

from typing import Literal

import msgspec

from bridge.plugins.chain.display_law import Law

Role = Literal["", "output_gain", "limiting", "ceiling"]
"""What sets a control where no model does: the loudness that is to come out, how far a limiter takes down peaks (its
threshold), and where the highest peak then stands."""

UNIT_OF_SUFFIX = {"hz": "Hz", "db": "dB", "ms": "ms", "s": "s", "percent": "%"}


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One plugin parameter that a model sets.

    `low` and `high` bound the normalized values that a model may choose; the host accepts what a user has set
    outside of them too. `neutral` is the normalized value at which the control does least.
    """

    slot: str
    name: str
    unit: str
    law: Law
    low: float = 0.0
    high: float = 1.0
    neutral: float = 0.0
    role: Role = ""
    choices: tuple[str, ...] = ()  # the texts of a switch, in rising order of normalized

    @property
    def label(self) -> str:
        return f"{self.slot}.{self.name}"

    def real_value(self, normalized: float) -> float:
        """Return the displayed number in `unit` at a normalized value, which may lie outside of 0..1."""
        return self.law.to_real(normalized)

    def normalized(self, real_value: float) -> float:
        """Return the normalized value at which the plugin displays `real_value`."""
        return self.law.to_normalized(real_value)

    def text(self, normalized: float) -> str:
        """For people: three significant digits and the unit."""
        if self.choices:
            return self.choices[min(int(normalized * len(self.choices)), len(self.choices) - 1)]
        return format_real_value(self.real_value(normalized), self.unit)


def format_real_value(real_value: float, unit: str) -> str:
    """'1.25 kHz', '-3.2 dB', '120 ms': what people expect to read."""
    if unit == "Hz" and abs(real_value) >= 1000:
        return f"{real_value / 1000:.3g} kHz"
    if unit == "dB":
        return f"{real_value:+.1f} dB"
    number = f"{real_value:.0f}" if abs(real_value) >= 100 else f"{real_value:.3g}"
    return f"{number} {unit}".rstrip()


def unit_of(name: str) -> str:
    """The unit that a control's name ends in: 'cutoff_frequency_hz' -> 'Hz', 'ratio' -> ''."""
    return UNIT_OF_SUFFIX.get(name.rsplit("_", 1)[-1].lower(), "")
