"""A recognised equaliser that stands for the equaliser slots of a chain, as near as its response can come.

The slots' filters make a wanted response; the bands are set until theirs, with all else that is on in the equaliser,
lies within `TOLERANCE_DB` of it. Where the plugin is hosted, its response is measured and the settings corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from bridge.plugins.chain.chain import Slot
from bridge.reaper.mapping.display_law import octaves_of_q
from bridge.reaper.mapping.recognised.band_fit import Axes, UsedBand, error_db, fit_bands, response_of
from bridge.reaper.mapping.recognised.band_settings import band_settings, cut_off_setting
from bridge.reaper.mapping.recognised.equaliser import Band, BandState, Equaliser
from bridge.reaper.mapping.recognised.filters import CUTS, Shape, frequencies_hz
from bridge.reaper.mapping.recognised.measured_bands import measured_equaliser
from bridge.reaper.mapping.recognised.parts import PresentSlot, Realisation, indices_of, present_slot, real_values
from bridge.reaper.mapping.recognised.setting import Setting, switch_setting
from bridge.reaper.mapping.recognised.slot_band import slot_band
from bridge.types import Float32, Float64

TOLERANCE_DB = 1.0
"""As far the realised response may lie from the wanted one."""

GOOD_DB = 0.5
"""What is as near is not corrected further."""

SETTLED_DB = 0.03
"""A correction that changes less is the last one."""

LEAST_CUT_HZ = 26.0
"""A low cut below this cuts nothing that is heard."""

MEASURED_ROUNDS = 6
MOST_KEPT = 256
MOST_PRESENT = 5
PREFERRED_ORDER = 2.0
SAMPLE_RATE_HZ = 48_000.0
SILENT_DB = 0.05

SHAPES: Mapping[str, Shape] = {
    "builtin:HighpassFilter": Shape.LOW_CUT,
    "builtin:LowShelfFilter": Shape.LOW_SHELF,
    "builtin:PeakFilter": Shape.BELL,
    "builtin:HighShelfFilter": Shape.HIGH_SHELF,
    "builtin:LowpassFilter": Shape.HIGH_CUT,
}
BELL_SPREAD, GRAPHIC_SPREAD = 1.4, 1.2
"""By what factor the Q of a bell without such a control may be another than usual."""

_PLUGINS = {shape: plugin for plugin, shape in SHAPES.items()}
_SILENT_CUTS = {Shape.LOW_CUT: {"cutoff_frequency_hz": 5.0}}

Measure = Callable[[Mapping[int, float]], "Float64 | None"]
"""The response of the hosted plugin in dB at `frequencies_hz`, with some parameters (by index) at normalized values."""


@dataclass(frozen=True)
class EqualiserPart:
    """The equaliser slots of a chain in an equaliser of the track.

    Attributes:
        slots: each with the place of its first control in the chain.
        measure: of the hosted plugin; None where it is not hosted and the response is computed.
    """

    equaliser: Equaliser
    slots: tuple[tuple[Slot, int], ...]
    measure: Measure | None = None
    _kept: dict[bytes, Realisation] = field(default_factory=dict, repr=False, compare=False)

    @property
    def axes(self) -> Axes:
        """Where responses are compared."""
        return Axes(frequencies_hz(), SAMPLE_RATE_HZ)

    @cached_property
    def _bands(self) -> tuple[Band, ...]:
        """The bands: of a hosted plugin, as they are measured."""
        if self.measure is None:
            return self.equaliser.bands
        return measured_equaliser(self.equaliser, self.measure, self.axes).bands

    def present_settings(self, row: Float32) -> None:
        """Put the chain's settings that come nearest to what the equaliser does now into (controls,)."""
        states = [state for state in self._present_states() if state.shape is not Shape.HIGH_CUT]
        if not states:
            return
        bands = [slot_band(number, slot, SHAPES[slot.plugin]) for number, (slot, _) in enumerate(self.slots)]
        for used in fit_bands(bands, states[:MOST_PRESENT], self.axes.sum_db(states), self.axes):
            slot, start = self.slots[used.band.number]
            values = {"cutoff_frequency_hz": used.state.freq_hz, "gain_db": used.state.gain_db, "q": used.state.q}
            for place, control in enumerate(slot.controls):
                row[start + place] = np.clip(control.normalized(values[control.name]), control.low, control.high)

    def realise(self, normalized: Float32) -> Realisation:
        """The settings for (controls,) of the chain. A low cut that cannot be had is left out where the rest can be."""
        key = np.round(np.asarray(normalized)[indices_of(self)], 5).tobytes()
        if (known := self._kept.get(key)) is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            known = self._realised(normalized)
            if not known.is_right and (uncut := self._without_cut(normalized)) is not None:
                without = self._realised(uncut)
                known = without if without.is_right else known
            self._kept[key] = known
        return known

    def wanted(self, normalized: Float32) -> list[BandState]:
        """The filters that the chain's settings make, without those that do nothing."""
        found = [_state(slot, start, normalized) for slot, start in self.slots]
        states = [replace(state, order=self._order) if state.shape in CUTS else state for state in found]
        return [state for state in states if _is_heard(state)]

    def wanted_db(self, normalized: Float32) -> Float64:
        """(points,) the response that the chain's settings make."""
        return self.axes.sum_db(self.wanted(normalized))

    def present_slots(self, prefix: str) -> list[PresentSlot]:
        """What the equaliser does now, as pedalboard's filters."""
        found = []
        for number, state in enumerate(self._present_states(), start=1):
            stages = round(state.order) if state.shape in CUTS else 1
            found += [_present_slot(f"{prefix}, filter {number}.{stage}", state) for stage in range(stages)]
        return found

    def stages(self, slot: Slot) -> int:
        """How many of a slot's effect in a row sound like what stands for it: pedalboard's cuts are of first order."""
        return max(round(self._order), 1) if SHAPES[slot.plugin] is Shape.LOW_CUT else 1

    @property
    def _order(self) -> float:
        """Of the equaliser's low cut; 1 where it has none."""
        return next((_cut_order(band) for band in self._bands if Shape.LOW_CUT in band.shapes), 1.0)

    def _high_cuts(self) -> list[BandState]:
        """What no slot of the chain stands for: it goes on as it is."""
        return [state for state in self._present_states() if state.shape is Shape.HIGH_CUT]

    def _present_states(self) -> list[BandState]:
        if not self.equaliser.is_on:
            return []
        return [band.present for band in self._bands if band.present is not None]

    def _without_cut(self, normalized: Float32) -> Float32 | None:
        """`normalized` without its low cut; None where it has none."""
        row = normalized.copy()
        for slot, start in self.slots:
            if SHAPES[slot.plugin] is Shape.LOW_CUT:
                row[start] = slot.controls[0].neutral
        return None if np.array_equal(row, normalized) else row

    def _realised(self, normalized: Float32) -> Realisation:
        wanted = self.wanted(normalized)
        wanted_db, axes = self.axes.sum_db(wanted), self.axes
        bands, off = self._without_unwanted_cuts(wanted)
        wanted_db = wanted_db + axes.sum_db(self._high_cuts())
        offset_db, real = np.zeros_like(wanted_db), normalized[indices_of(self)]
        last_db = float("inf")
        best = Realisation((), real, float("inf"), float("inf"), {})
        for _ in range(MEASURED_ROUNDS if self.measure is not None else 1):
            used = fit_bands(bands, wanted, wanted_db - offset_db, axes)
            settings = self._settings(used, off)
            computed_db = response_of(bands, used, axes)
            realised_db = self._measured(settings) if self.measure is not None else computed_db
            if realised_db is None:
                break
            error = error_db(realised_db, wanted_db) + self._doubt_db(used)
            if error < best.error_db:
                best = Realisation(settings, real, error / TOLERANCE_DB, error, self._names(used))
            is_settled = error <= GOOD_DB or abs(error - last_db) < SETTLED_DB
            if is_settled:
                break
            last_db = error
            offset_db = realised_db - computed_db
        return best

    def _doubt_db(self, used: Sequence[UsedBand]) -> float:
        """How far the response may lie off because nothing says how wide some bells are."""
        if self.measure is not None:
            return 0.0
        doubts = []
        for one in used:
            if one.band.q is None and one.state.shape is Shape.BELL:
                spread = GRAPHIC_SPREAD if one.band.freq is None else BELL_SPREAD
                usual = self.axes.response_db(one.state)
                doubts += [
                    np.abs(self.axes.response_db(replace(one.state, q=one.state.q * factor)) - usual)
                    for factor in (spread, 1.0 / spread)
                ]
            elif one.band.q is not None and one.band.q.is_guessed:
                other = self.axes.response_db(replace(one.state, q=octaves_of_q(one.state.q)))
                doubts.append(np.abs(other - self.axes.response_db(one.state)))
        return float(np.max(doubts)) if doubts else 0.0

    def _measured(self, settings: Sequence[Setting]) -> Float64 | None:
        assert self.measure is not None
        return self.measure({setting.parameter.index: setting.normalized for setting in settings})

    def _without_unwanted_cuts(self, wanted: Sequence[BandState]) -> tuple[list[Band], list[Setting]]:
        """The bands with low cuts switched off that nobody wants, and how."""
        bands, off = [], []
        is_wanted = any(state.shape is Shape.LOW_CUT for state in wanted)
        for band in self._bands:
            is_cut = band.present is not None and band.present.shape is Shape.LOW_CUT
            if is_cut and not is_wanted and (how := cut_off_setting(band, LEAST_CUT_HZ)) is not None:
                off.append(how)
                band = replace(band, present=None)
            bands.append(band)
        return bands, off

    def _settings(self, used: Sequence[UsedBand], off: Sequence[Setting]) -> tuple[Setting, ...]:
        settings = [switch_setting(one, is_on=True) for one in self.equaliser.switches if not one.is_on] if used else []
        for one in used:
            settings += band_settings(one)
        return tuple(setting for setting in (*settings, *off) if not setting.is_shown)

    def _names(self, used: Sequence[UsedBand]) -> dict[int, str]:
        """The control of the chain that is nearest to what each parameter does."""
        names: dict[int, str] = {}
        slots = {SHAPES[slot.plugin]: slot for slot, _ in self.slots}
        for one in used:
            slot = slots.get(one.state.shape)
            for key, control in (("cutoff_frequency_hz", one.band.freq), ("gain_db", one.band.gain), ("q", one.band.q)):
                if slot is not None and control is not None and any(c.name == key for c in slot.controls):
                    names[control.parameter.index] = f"{slot.name}.{key}"
        return names


def _cut_order(band: Band) -> float:
    if band.slope is None:
        return band.state(Shape.LOW_CUT).order
    return min((value / 6.0 for _, value in band.slope.steps), key=lambda order: abs(order - PREFERRED_ORDER))


def _is_heard(state: BandState) -> bool:
    if state.shape is Shape.LOW_CUT:
        return state.freq_hz >= LEAST_CUT_HZ
    return state.shape is Shape.HIGH_CUT or abs(state.gain_db) >= SILENT_DB


def _state(slot: Slot, start: int, normalized: Float32) -> BandState:
    """The filter of one of pedalboard's effects."""
    values = real_values(slot, start, normalized) | dict(slot.fixed)
    return BandState(
        SHAPES[slot.plugin], values["cutoff_frequency_hz"], values.get("gain_db", 0.0), values.get("q", 0.707)
    )


def _present_slot(name: str, state: BandState) -> PresentSlot:
    values = {"cutoff_frequency_hz": state.freq_hz}
    if state.shape in CUTS:
        return present_slot(name, _PLUGINS[state.shape], values, _SILENT_CUTS.get(state.shape, {}))
    return present_slot(
        name, _PLUGINS[state.shape], values | {"gain_db": state.gain_db, "q": state.q}, {"gain_db": 0.0}
    )
