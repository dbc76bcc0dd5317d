"""A recognised compressor that stands for a chain's compressor: by its static curve and its times, as displayed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import log2

import numpy as np

from bridge.plugins.chain.chain import Slot
from bridge.reaper.mapping.recognised.parts import PresentSlot, Realisation, present_slot, real_values, row_of
from bridge.reaper.mapping.recognised.settable import Settable, Switch
from bridge.reaper.mapping.recognised.setting import number_setting, switch_setting
from bridge.types import Float32, Float64

ALLOWED_SHARE = 0.2
"""As far the gain reduction may lie from the wanted one, as a share of the most that is wanted."""

LEAST_DB = 0.5
"""As far it may lie off in any case."""

MOST_OCTAVES = 2.0
"""As far a time may lie from the wanted one before it counts as another."""

COMPRESSOR = "builtin:Compressor"
_LEVELS_DB = np.linspace(-60.0, 0.0, 61)
_LEAST_EFFECT = {"threshold_db": 0.0, "ratio": 1.0}


def reduction_db(threshold_db: float, ratio: float) -> Float64:
    """(levels,) how much a hard-kneed compressor takes off at each level from -60 to 0 dBFS."""
    return np.asarray(np.maximum(_LEVELS_DB - threshold_db, 0.0) * (1.0 - 1.0 / max(ratio, 1.0)))


@dataclass(frozen=True)
class CompressorPart:
    """The compressor slot of a chain in a compressor of the track.

    Attributes:
        controls: by the names of the slot's controls; attack and release may be missing.
        on, off: switches that must be so for the compressor to act as a plain one.
    """

    slot: Slot
    start: int
    controls: dict[str, Settable]
    on: tuple[Switch, ...] = ()
    off: tuple[Switch, ...] = ()

    @property
    def slots(self) -> tuple[tuple[Slot, int], ...]:
        """The one slot, with the place of its first control in the chain."""
        return ((self.slot, self.start),)

    @property
    def is_on(self) -> bool:
        return all(one.is_on for one in self.on)

    def present_settings(self, row: Float32) -> None:
        """Put what the compressor has now into (controls,), within what the slot's controls can be."""
        for place, control in enumerate(self.slot.controls):
            if control.name in self.controls and self.is_on:
                value = control.normalized(self.controls[control.name].present)
                row[self.start + place] = np.clip(value, control.low, control.high)

    def realise(self, normalized: Float32) -> Realisation:
        """The settings whose gain reduction is nearest; times as near as they can be had."""
        wanted = real_values(self.slot, self.start, normalized)
        wanted_db = reduction_db(wanted["threshold_db"], wanted["ratio"])
        threshold_db, ratio = self._curve(wanted, wanted_db)
        real = dict(wanted) | {"threshold_db": threshold_db, "ratio": ratio}
        settings = [switch_setting(one, is_on=True) for one in self.on if not one.is_on]
        settings += [switch_setting(one, is_on=False) for one in self.off if one.is_on]
        names = {}
        for name, control in self.controls.items():
            setting = number_setting(control, real[name])
            real[name] = control.value(setting.normalized)
            settings.append(setting)
            names[setting.parameter.index] = f"{self.slot.name}.{name}"
        off_by_db = float(np.abs(reduction_db(real["threshold_db"], real["ratio"]) - wanted_db).max())
        error = off_by_db / max(ALLOWED_SHARE * float(wanted_db.max()), LEAST_DB)
        times = (name for name in ("attack_ms", "release_ms") if name in self.controls)
        octaves = max((abs(log2(max(real[n], 1e-3) / max(wanted[n], 1e-3))) for n in times), default=0.0)
        error = max(error, octaves / MOST_OCTAVES) if wanted_db.max() > LEAST_DB else error
        shown = tuple(setting for setting in settings if not setting.is_shown)
        return Realisation(shown, np.array(row_of(self.slot, real), np.float32), error, off_by_db, names)

    def present_slots(self, prefix: str) -> list[PresentSlot]:
        """The compressor as it is set now, as pedalboard's."""
        if not self.is_on:
            return []
        values = {control.name: control.real_value(control.neutral) for control in self.slot.controls}
        values |= {name: control.present for name, control in self.controls.items()}
        return [present_slot(f"{prefix}, compressor", COMPRESSOR, values, _LEAST_EFFECT)]

    def stages(self, slot: Slot) -> int:
        """One: it sounds like it."""
        del slot
        return 1

    def _curve(self, wanted: dict[str, float], wanted_db: Float64) -> tuple[float, float]:
        """Threshold and ratio that can be had, of the curve nearest to the wanted one: where the ratio has steps, a
        threshold beside the wanted one may make up for them."""
        ratio_control, threshold = self.controls["ratio"], self.controls["threshold_db"]
        if not ratio_control.steps and not threshold.steps:
            return threshold.nearest(wanted["threshold_db"]), ratio_control.nearest(wanted["ratio"])
        ratios = [value for _, value in ratio_control.steps] or [ratio_control.nearest(wanted["ratio"])]
        around = [wanted["threshold_db"] + offset for offset in np.arange(-12.0, 12.5, 1.0)]
        thresholds = {threshold.nearest(float(value)) for value in around}
        return min(
            product(sorted(thresholds), ratios),
            key=lambda pair: (
                round(float(np.abs(reduction_db(*pair) - wanted_db).max()), 3),
                abs(pair[0] - wanted["threshold_db"]),
            ),
        )
