"""A slot of the chain as a band: its controls may be what their ranges allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from bridge.plugins.chain.chain import Slot
from bridge.plugins.chain.control import Control
from bridge.reaper.mapping.recognised.equaliser import Band
from bridge.reaper.mapping.recognised.filters import Shape
from bridge.reaper.mapping.recognised.settable import Settable


@dataclass(frozen=True)
class ControlRange:
    """What a control of a chain can be set to: the part of `Settable` that fitting needs."""

    control: Control
    steps: tuple[tuple[float, float], ...] = ()

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        low, high = sorted((self.control.real_value(self.control.low), self.control.real_value(self.control.high)))
        return low, high

    def nearest(self, value: float) -> float:
        """The value that can be had nearest to one."""
        low, high = self.range
        return min(max(value, low), high)

    def distance(self, one: float, other: float) -> float:
        """How far two values lie apart."""
        return abs(one - other)

    @property
    def present(self) -> float:
        return self.control.real_value(self.control.neutral)


def slot_band(number: int, slot: Slot, shape: Shape) -> Band:
    """A slot of one of pedalboard's filters as a band of that shape."""
    # Fitting asks no more of a band's controls than what `ControlRange` has.
    controls = {control.name: cast(Settable, ControlRange(control)) for control in slot.controls}
    freq, gain, q = (controls.get(name) for name in ("cutoff_frequency_hz", "gain_db", "q"))
    return Band(number, {shape: 0.0}, None, freq, gain, q, None, (), fixed_q=slot.fixed.get("q", 0.707))
