"""What an FX of the track does for slots of a chain: an equaliser, a compressor, a gain. Each finds its own settings.

A part speaks the chain's language on one side (rows of normalized settings) and settings of parameters on the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bridge.plugins.chain.chain import Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.reaper.mapping.recognised.setting import Setting
from bridge.types import Float32


@dataclass(frozen=True)
class Realisation:
    """Settings that stand for what the chain wants.

    Attributes:
        real: (controls of the part,) what the chain's settings become by them, normalized.
        error: how far that is from what is wanted, as a share of what is allowed.
        error_db: the same in dB.
        names: which control of the chain each setting stands for, by the parameter's index.
    """

    settings: tuple[Setting, ...]
    real: Float32
    error: float
    error_db: float
    names: Mapping[int, str]

    @property
    def is_right(self) -> bool:
        return self.error <= 1.0


@dataclass(frozen=True)
class PresentSlot:
    """One effect of what a part does now, as a slot to be rendered, and the values at which it does nothing."""

    slot: Slot
    values: tuple[float, ...]
    silent: tuple[float, ...]


class Part(Protocol):
    """One thing that an FX does for slots of the chain."""

    @property
    def slots(self) -> Sequence[tuple[Slot, int]]:
        """Its slots, each with the place of the first control in the chain."""
        ...

    def present_settings(self, row: Float32) -> None:
        """Put the chain's settings that come nearest to what it does now into (controls,)."""
        ...

    def realise(self, normalized: Float32) -> Realisation:
        """The settings for (controls,) of the chain."""
        ...

    def present_slots(self, prefix: str) -> list[PresentSlot]:
        """What it does now, as slots to be rendered."""
        ...

    def stages(self, slot: Slot) -> int:
        """How many of a slot's effect in a row sound like what stands for it."""
        ...


def indices_of(part: Part) -> list[int]:
    """The places of a part's controls in the chain."""
    return [start + place for slot, start in part.slots for place in range(len(slot.controls))]


def real_values(slot: Slot, start: int, normalized: Float32) -> dict[str, float]:
    """The real values of a slot's controls in (controls,) of the chain, by name."""
    return {c.name: c.real_value(float(normalized[start + place])) for place, c in enumerate(slot.controls)}


def row_of(slot: Slot, values: Mapping[str, float]) -> list[float]:
    """The normalized values of a slot's controls."""
    return [float(np.float32(control.normalized(values[control.name]))) for control in slot.controls]


def present_slot(name: str, plugin: str, values: Mapping[str, float], silent: Mapping[str, float]) -> PresentSlot:
    """An effect as a slot whose controls have its real values as normalized ones, and those at which it is silent."""
    controls = tuple(Control(slot=name, name=key, unit="", law=RangeLaw(low=0.0, high=1.0)) for key in values)
    quiet = dict(values) | dict(silent)
    return PresentSlot(Slot(name=name, plugin=plugin, controls=controls), tuple(values.values()), tuple(quiet.values()))
