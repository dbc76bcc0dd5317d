"""A gain behind a recognised compressor or equaliser that stands for a chain's output gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.plugins.chain.chain import Slot
from bridge.reaper.mapping.recognised.parts import PresentSlot, Realisation, present_slot, real_values
from bridge.reaper.mapping.recognised.settable import Settable
from bridge.reaper.mapping.recognised.setting import number_setting
from bridge.types import Float32

ALLOWED_DB = 0.75
GAIN = "builtin:Gain"


@dataclass(frozen=True)
class GainPart:
    """The output gain of a chain in a parameter that shows dB."""

    slot: Slot
    start: int
    gain: Settable

    @property
    def slots(self) -> tuple[tuple[Slot, int], ...]:
        """The one slot, with the place of its first control in the chain."""
        return ((self.slot, self.start),)

    def present_settings(self, row: Float32) -> None:
        """Put the gain that there is now into (controls,)."""
        control = self.slot.controls[0]
        row[self.start] = np.clip(control.normalized(self.gain.present), control.low, control.high)

    def realise(self, normalized: Float32) -> Realisation:
        """The gain as near as it can be had."""
        wanted_db = real_values(self.slot, self.start, normalized)["gain_db"]
        setting = number_setting(self.gain, wanted_db)
        real_db = self.gain.value(setting.normalized)
        off_by_db = abs(real_db - wanted_db)
        real = np.array([self.slot.controls[0].normalized(real_db)], np.float32)
        settings = () if setting.is_shown else (setting,)
        names = {setting.parameter.index: f"{self.slot.name}.gain_db"}
        return Realisation(settings, real, off_by_db / ALLOWED_DB, off_by_db, names)

    def present_slots(self, prefix: str) -> list[PresentSlot]:
        """The gain as it is now."""
        return [present_slot(f"{prefix}, gain", GAIN, {"gain_db": self.gain.present}, {"gain_db": 0.0})]

    def stages(self, slot: Slot) -> int:
        """One: it sounds like it."""
        del slot
        return 1
