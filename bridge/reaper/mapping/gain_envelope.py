"""A gate in stock REAPER, or a volume where the track's gain is not at rest: what it takes away is written as the
envelope of ReaEQ's own gain, from where the user has it.

ReaGate opens or closes and knows no ratio; the gain of an expander moves between. Measured on speech, the envelope
takes as much away as the expander itself (models/LOG.md), and the equaliser is there for the model's bands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.reaper.mapping.automation_curves import HOP_S, curve_write
from bridge.reaper.mapping.chain_mapping import ChainMapping
from bridge.reaper.mapping.fx_matching import ControlBinding
from bridge.reaper.mapping.parameter_conversion import ParameterConversion, convert_displayed
from bridge.reaper.mapping.proxy_chain import ProxyMapping, ProxySlot
from bridge.reaper.mapping.stock_fx import MASTER_GAIN, find_stock_parameter, is_stock, stock_fx
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import AutomationWrite, Change, TimeRange

if TYPE_CHECKING:
    from bridge.automix.job import AutomationCurve, AutomixResult

GATE, GAIN = "builtin:NoiseGate", "builtin:Gain"
LOWEST_DB, HIGHEST_DB = -90.0, 24.0
TOLERANCE = 0.01  # of the way from silence to where the gain stands


@dataclass(frozen=True)
class GainEnvelope:
    """The gain of an FX of the track that carries a slot. `place`: of the slot's control that moves, in the chain."""

    slot: str
    place: int
    conversion: ParameterConversion

    @property
    def floor_db(self) -> float:
        """How far the gain can fall from where it stands."""
        control = self.conversion.control
        return control.real_value(self.conversion.realized(control.normalized(LOWEST_DB))) - self._found_db

    def write(self, curve: AutomationCurve, time_range: TimeRange) -> AutomationWrite:
        """The write for `curve`, a factor over time; its times count from the range's start."""
        to_fx, found = self.conversion.to_fx, self.conversion.current
        tolerance = TOLERANCE * abs(to_fx(found) - to_fx(self.conversion.control.normalized(LOWEST_DB)))
        return curve_write(self.conversion, self._normalized(curve, time_range), time_range, tolerance)

    def change(self, curve: AutomationCurve, result: AutomixResult) -> Change:
        """What is told of it: the farthest value."""
        binding, control = self.conversion.binding, self.conversion.control
        lowest = control.normalized(self._found_db + _db(float(curve.values.min())))
        return Change(
            slot=self.slot,
            plugin=binding.fx.name,
            control=control.name,
            unit=control.unit,
            before=self._found_db,
            after=control.real_value(lowest),
            text=self.conversion.text(self.conversion.written(lowest)),
            confidence=float(np.clip(result.confidence[self.place], 0.0, 1.0)),
            explanation=result.explanations[self.place] if result.explanations else None,
        )

    @property
    def _found_db(self) -> float:
        return self.conversion.control.real_value(self.conversion.current)

    def _normalized(self, curve: AutomationCurve, time_range: TimeRange) -> AutomationCurve:
        times_s = np.union1d(curve.times_s, np.arange(0.0, time_range.end_s - time_range.start_s, HOP_S))
        values = [self.conversion.control.normalized(self._found_db + _db(factor)) for factor in curve.at(times_s)]
        return replace(curve, times_s=times_s, values=np.array(values))


def find_gain_envelope(mapping: ChainMapping) -> GainEnvelope | None:
    """The gain that can carry a gate or a volume of the chain that no control carries: that of an equaliser which
    carries another slot already."""
    start = 0
    for slot in mapping.chain.slots:
        place, start = start, start + len(slot.controls)
        is_gate = slot.plugin == GATE and slot.name in mapping.unsupported
        is_volume = slot.plugin == GAIN and not mapping.free[place : place + 1].any()
        if len(slot.controls) != 1 or not (is_gate or is_volume):
            continue
        for conversion in mapping.conversions.values():
            if (gain := _gain_of(slot.name, conversion)) is not None:
                return GainEnvelope(slot.name, place, gain)
    return None


def with_gain_envelope(mapping: ChainMapping, envelope: GainEnvelope) -> ChainMapping:
    """The mapping with the gate free to move, rendered where the FX stands that carries it."""
    free, current, slots = mapping.free.copy(), mapping.current.copy(), list(mapping.proxy.slots)
    free[envelope.place], current[envelope.place] = True, mapping.chain.neutral[envelope.place]
    if not any(slot.model_slot == envelope.slot for slot in slots):
        behind = max(place for place, slot in enumerate(slots) if slot.model_slot) + 1
        gate = next(slot for slot in mapping.chain.slots if slot.name == envelope.slot)
        slots.insert(behind, ProxySlot(gate, gate.name, (envelope.place,)))
    chain = msgspec.structs.replace(mapping.proxy.chain, slots=tuple(slot.slot for slot in slots))
    return replace(
        mapping,
        conversions={place: one for place, one in mapping.conversions.items() if place != envelope.place},
        free=free,
        current=current,
        proxy=ProxyMapping(chain, tuple(slots)),
        unsupported=tuple(name for name in mapping.unsupported if name != envelope.slot),
        left_alone=tuple(row for row in mapping.left_alone if not _is_carried(row, envelope.slot)),
    )


def _is_carried(row: LeftAlone, slot: str) -> bool:
    return row.what.partition(".")[0] == slot and row.kind in (LeftAloneKind.UNSUPPORTED, LeftAloneKind.IN_USE)


def _gain_of(slot: str, beside: ParameterConversion) -> ParameterConversion | None:
    """The gain of the FX that a conversion belongs to; None where it has none that may move."""
    fx = beside.binding.fx
    stock = next((entry for entry in stock_fx() if is_stock(fx, entry)), None)
    effect = stock.context.get(GAIN) if stock is not None else None
    if stock is None or effect is None:
        return None
    known = effect.control["gain_db"]
    parameter = find_stock_parameter(stock, known, (MASTER_GAIN, 0), fx.parameters)
    if parameter is None:
        return None
    binding = ControlBinding("gain_db", fx, parameter, known.unit, is_same_plugin=False)
    if binding.held(slot, ()) is not None:
        return None
    control = Control(slot=slot, name="gain_db", unit="dB", law=RangeLaw(low=LOWEST_DB, high=HIGHEST_DB))
    conversion = convert_displayed(binding, control)
    return conversion if isinstance(conversion, ParameterConversion) else None


def _db(factor: float) -> float:
    return float(20.0 * np.log10(max(factor, 1e-3)))
