"""The proxy chain: what of a track can be rendered, as the guard needs it.

It holds the model's slots as their FX stand on the track and, as context, what those FX do beside. Slots without an FX
are not in it, fixed settings stand as the user has them until their slot is set, and an equaliser's other bands and its
master gain stand in it unmoved. An FX of which something cannot be rendered is left alone. This module writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from bridge.plugins.chain.chain import Chain, Slot
from bridge.reaper.mapping.fx_matching import ControlBinding, FxMatch
from bridge.reaper.mapping.parameter_conversion import ParameterConversion, convert_fixed
from bridge.reaper.mapping.stock_fx import StockFx, StockFxEffect, find_stock_effect, is_stock, stock_fx
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import FxSnapshot, ParameterSnapshot
from bridge.types import Float32

SILENT_GAIN_DB = 0.005
"""A band or gain of less does nothing."""


class FixedBinding(NamedTuple):
    """A fixed setting of a slot and where it is written when the slot is set."""

    conversion: ParameterConversion
    value: float


class ContextControl(NamedTuple):
    """What an FX does beside the model's slots: a slot of constant values."""

    fx: FxSnapshot
    slot: Slot
    values: tuple[float, ...]


class ProxySlot(NamedTuple):
    """A slot as it is rendered, and where the values of its controls come from, in this order.

    Attributes:
        model_slot: its name in the model's chain; '' for context.
        indices: of the model's normalized values. A band that is disabled has the values `disabled` in their place, and
            with the slot set the values `automated`, which envelopes hold.
        fixed: fixed settings that the user has otherwise.
        context: constants.
    """

    slot: Slot
    model_slot: str = ""
    indices: tuple[int, ...] = ()
    disabled: Mapping[int, float] = {}
    automated: Mapping[int, float] = {}
    fixed: tuple[FixedBinding, ...] = ()
    context: tuple[float, ...] = ()

    def values(self, normalized: Float32, *, is_set: bool) -> Iterator[float]:
        for index in self.indices:
            yield (self.automated if is_set else self.disabled).get(index, float(normalized[index]))
        for conversion, value in self.fixed:
            yield conversion.realized(value) if is_set else conversion.found
        yield from self.context


@dataclass(frozen=True)
class ProxyMapping:
    """The slots in the order of the track. Several rows of normalized values make one chain, with other values."""

    chain: Chain
    slots: tuple[ProxySlot, ...]

    def normalized(self, normalized: Float32, moved: Collection[str]) -> Float32:
        """Float32 (proxy controls,) for the model's (controls,), with which the slots called `moved` are set."""
        values = [v for slot in self.slots for v in slot.values(normalized, is_set=slot.model_slot in moved)]
        return np.array(values, dtype=np.float32)


def build_proxy_chain(
    chain: Chain,
    match: FxMatch,
    conversions: Mapping[int, ParameterConversion],
    fixed: Mapping[str, Sequence[FixedBinding]],
    context: Sequence[ContextControl],
) -> ProxyMapping:
    """The chain as it stands on the track: the slots of each FX in the chain's order, then its context."""
    placed: list[tuple[int, ProxySlot]] = []
    start = 0
    for slot in chain.slots:
        indices = range(start, start + len(slot.controls))
        start = indices.stop
        if slot.name in match.slots:
            fx = match.slots[slot.name].fx
            effect = find_stock_effect(fx, slot.plugin)
            proxy = _proxy_slot(slot, {index: conversions[index] for index in indices}, fixed[slot.name], effect)
            placed += [(fx.index, stage) for stage in _stages(proxy, effect)]
    for fx, slot, values in context:
        stages = _stages(ProxySlot(slot, context=values), find_stock_effect(fx, slot.plugin))
        placed += [(fx.index, stage) for stage in stages]
    slots = tuple(slot for _, slot in sorted(placed, key=lambda pair: pair[0]))
    return ProxyMapping(msgspec.structs.replace(chain, slots=tuple(slot.slot for slot in slots)), slots)


def _stages(proxy: ProxySlot, effect: StockFxEffect | None) -> Iterator[ProxySlot]:
    """The slot as often in a row as it takes to sound like its FX."""
    yield proxy
    for number in range(2, effect.times + 1 if effect else 0):
        name = f"{proxy.slot.name}, stage {number}"
        controls = tuple(msgspec.structs.replace(control, slot=name) for control in proxy.slot.controls)
        yield proxy._replace(slot=msgspec.structs.replace(proxy.slot, name=name, controls=controls))


def _proxy_slot(
    slot: Slot,
    conversions: Mapping[int, ParameterConversion],
    fixed: Sequence[FixedBinding],
    effect: StockFxEffect | None,
) -> ProxySlot:
    differing = tuple(binding for binding in fixed if not binding.conversion.is_shown(binding.value))
    names = {binding.conversion.control.name for binding in differing}
    disabled = {index: c for index, c in conversions.items() if c.binding.is_disabled}
    off = effect.off if effect else {}
    rendered = msgspec.structs.replace(
        slot,
        fixed={name: value for name, value in slot.fixed.items() if name not in names},
        controls=(*slot.controls, *(binding.conversion.control for binding in differing)),
    )
    return ProxySlot(
        rendered,
        slot.name,
        tuple(conversions),
        {i: c.control.normalized(off[c.control.name]) for i, c in disabled.items() if c.control.name in off},
        {i: c.current for i, c in disabled.items() if c.binding.parameter.automated},
        differing,
    )


# ---------------------------------------------------------------- context: what an FX does beside its slots


def find_context_controls(match: FxMatch) -> tuple[ContextControl, ...]:
    """What the matched FX do beside the slots. An FX of which something audible cannot be rendered is left alone."""
    found: list[ContextControl] = []
    for fx in {slot.fx.guid: slot.fx for slot in match.slots.values()}.values():
        stock = next((entry for entry in stock_fx() if is_stock(fx, entry)), None)
        rows = list(_context_of(stock, fx, match)) if stock is not None else []
        if reasons := [row for row in rows if isinstance(row, LeftAlone)]:
            match.leave_fx(fx, reasons)
        else:
            found += [row for row in rows if isinstance(row, ContextControl)]
    return tuple(found)


def _context_of(stock: StockFx, fx: FxSnapshot, match: FxMatch) -> Iterator[ContextControl | LeftAlone]:
    bound = [slot.bindings.values() for slot in match.slots.values() if slot.fx.guid == fx.guid]
    taken = {_band_of(binding.parameter) for bindings in bound for binding in bindings}
    bands: dict[tuple[int, int], list[ParameterSnapshot]] = {}
    for parameter in fx.parameters:
        band = _band_of(parameter)
        if band is not None and band not in taken and parameter.eq and parameter.eq.enabled:
            bands.setdefault(band, []).append(parameter)
    effects = {effect.band_type: (plugin, effect) for plugin, effect in (stock.plugin | stock.context).items()}
    for (band_type, number), parameters in bands.items():
        if band_type not in effects:
            yield LeftAlone(what=fx.name, kind=LeftAloneKind.UNRENDERED_BAND, band_type=band_type)
            continue
        plugin, effect = effects[band_type]
        row = _context_control(fx, f"{stock.name}, band {number} of type {band_type}", plugin, effect, parameters)
        if row is not None:
            yield row


def _band_of(parameter: ParameterSnapshot) -> tuple[int, int] | None:
    return (parameter.eq.band_type, parameter.eq.band_index) if parameter.eq else None


def _context_control(
    fx: FxSnapshot, slot_name: str, plugin: str, effect: StockFxEffect, parameters: Sequence[ParameterSnapshot]
) -> ContextControl | LeftAlone | None:
    """The band as a slot; why it cannot be one; or None for one that does nothing."""
    conversions: list[ParameterConversion] = []
    for name, shown in effect.control.items():
        parameter = next((p for p in parameters if p.eq and p.eq.kind == shown.kind), None)
        if parameter is None:
            return LeftAlone(what=fx.name, kind=LeftAloneKind.NO_PARAMETER, fx=slot_name, parameter=shown.kind)
        conversion = convert_fixed(ControlBinding(name, fx, parameter, shown.unit, is_same_plugin=False), slot_name)
        if isinstance(conversion, LeftAlone):
            return msgspec.structs.replace(conversion, what=fx.name)
        conversions.append(conversion)
    gains_db = [c.found for c in conversions if c.control.name == "gain_db"]
    if gains_db and abs(gains_db[0]) < SILENT_GAIN_DB:
        return None
    slot = Slot(name=slot_name, plugin=plugin, controls=tuple(c.control for c in conversions))
    return ContextControl(fx, slot, tuple(c.found for c in conversions))
