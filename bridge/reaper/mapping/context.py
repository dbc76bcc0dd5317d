"""What is heard of a track beside the model's slots, as slots of constant values; or why it cannot be rendered.

It is what the FX of the slots do beside them (an equaliser's other bands, its master gain), further stock FX, and
plugins that Bridge can host with the state that REAPER shows. What is active and none of these is named: settings that
are judged without it are judged by something that nobody hears. This module renders nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import msgspec

from bridge.plugins.chain.chain import Slot
from bridge.reaper.mapping.context_slot import ContextSlot, HostFx
from bridge.reaper.mapping.fx_matching import ControlBinding, FxMatch, is_audible
from bridge.reaper.mapping.parameter_conversion import ParameterConversion, convert_fixed
from bridge.reaper.mapping.stock_fx import (
    MASTER_GAIN,
    StockFx,
    StockFxEffect,
    find_stock_parameter,
    is_stock,
    stock_fx,
)
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind

SILENT_GAIN_DB = 0.005
"""A band or gain of less does nothing."""


def find_context(
    match: FxMatch, fx_chain: Sequence[FxSnapshot], host_fx: HostFx | None, in_sound: Collection[str] = ()
) -> tuple[ContextSlot, ...]:
    """What is heard beside the slots. An FX of which something cannot be rendered is left alone as a whole, and is one
    of `match.rejected` from then on. `in_sound`: GUIDs of FX whose work is in the sound already."""
    found: list[ContextSlot] = []
    carried = {carrier.fx.guid for carrier in match.carriers}
    for fx in fx_chain:
        if not is_audible(fx) or fx.guid in match.rejected or fx.guid in in_sound or fx.guid in carried:
            continue
        rows = list(_context_of(fx, match, host_fx))
        if reasons := [row for row in rows if isinstance(row, LeftAlone)]:
            match.leave_fx(fx, reasons)
        else:
            found += [row for row in rows if isinstance(row, ContextSlot)]
    return tuple(found)


def _context_of(fx: FxSnapshot, match: FxMatch, host_fx: HostFx | None) -> Iterator[ContextSlot | LeftAlone]:
    stock = next((entry for entry in stock_fx() if is_stock(fx, entry)), None)
    bound = [slot.bindings.values() for slot in match.slots.values() if slot.fx.guid == fx.guid]
    taken = {id(binding.parameter) for bindings in bound for binding in bindings}
    if stock is None:
        is_all_bound = all(id(parameter) in taken for parameter in fx.parameters)
        if not bound or not is_all_bound:  # what stands for a slot and has no other setting is rendered as the slot
            yield from _hosted(fx, host_fx, taken)
        return
    for name, plugin, effect, parameters in _effects_of(fx, stock):
        if not any(id(parameter) in taken for parameter in parameters.values()):
            yield from _context_slot(fx, name, plugin, effect, parameters)
    yield from _unrendered_bands(fx, stock)


def _hosted(fx: FxSnapshot, host_fx: HostFx | None, taken: set[int]) -> Iterator[ContextSlot | LeftAlone]:
    """A plugin as Bridge hosts it; `taken`: the parameters that a slot binds, by id."""
    if host_fx is None:
        if not taken:
            yield LeftAlone(what=fx.name, kind=LeftAloneKind.NOT_RENDERED)
        return
    moving = next((p for p in fx.parameters if p.automated and id(p) not in taken), None)
    if moving is not None:
        yield LeftAlone(what=fx.name, kind=LeftAloneKind.AUTOMATED, fx=fx.name, parameter=moving.name)
    else:
        yield host_fx(fx)


class _Effect(NamedTuple):
    """One effect of a stock FX that may be heard: what stands for it, and its parameters by control."""

    name: str
    plugin: str
    effect: StockFxEffect
    parameters: dict[str, ParameterSnapshot]


def _effects_of(fx: FxSnapshot, stock: StockFx) -> Iterator[_Effect]:
    for plugin, effect in (stock.plugin | stock.context).items():
        for band in _bands(fx, effect.band_type) if effect.band_type is not None else (None,):
            found = {
                name: find_stock_parameter(stock, known, band, fx.parameters) for name, known in effect.control.items()
            }
            parameters = {name: parameter for name, parameter in found.items() if parameter is not None}
            where = "" if band is None else f", band {band[1]} of type {band[0]}"
            if parameters or band is None:
                yield _Effect(f"FX {fx.index + 1}, {stock.name}{where}, {plugin}", plugin, effect, parameters)


def _bands(fx: FxSnapshot, band_type: int) -> list[tuple[int, int]]:
    """The bands of a type that are on, as (type, index)."""
    if band_type == MASTER_GAIN:
        return [(MASTER_GAIN, 0)]
    roles = (parameter.eq for parameter in fx.parameters)
    return list(
        dict.fromkeys((r.band_type, r.band_index) for r in roles if r and r.band_type == band_type and r.enabled)
    )


def _unrendered_bands(fx: FxSnapshot, stock: StockFx) -> Iterator[LeftAlone]:
    known = {effect.band_type for effect in (*stock.plugin.values(), *stock.context.values())}
    for band_type, _ in dict.fromkeys(
        (p.eq.band_type, p.eq.band_index)
        for p in fx.parameters
        if p.eq and p.eq.enabled and p.eq.band_type not in known
    ):
        yield LeftAlone(what=fx.name, kind=LeftAloneKind.UNRENDERED_BAND, band_type=band_type)


def _context_slot(
    fx: FxSnapshot, slot_name: str, plugin: str, effect: StockFxEffect, parameters: dict[str, ParameterSnapshot]
) -> Iterator[ContextSlot | LeftAlone]:
    """An effect as a slot; why it cannot be one; or nothing for one that does nothing."""
    conversions: list[ParameterConversion] = []
    for name, shown in effect.control.items():
        row = _constant(fx, slot_name, name, shown.unit, parameters.get(name))
        if isinstance(row, LeftAlone):
            yield row
            return
        conversions.append(row)
    gains_db = [c.found for c in conversions if c.control.name == "gain_db"]
    if not gains_db or abs(gains_db[0]) >= SILENT_GAIN_DB:
        slot = Slot(name=slot_name, plugin=plugin, controls=tuple(c.control for c in conversions))
        yield ContextSlot(fx, slot, tuple(c.found for c in conversions))


def _constant(
    fx: FxSnapshot, slot_name: str, control: str, shown_unit: str, parameter: ParameterSnapshot | None
) -> ParameterConversion | LeftAlone:
    """A parameter that stands still, by what it displays; or why it cannot be read."""
    if parameter is None:
        return LeftAlone(what=fx.name, kind=LeftAloneKind.NO_PARAMETER, fx=slot_name, parameter=control)
    binding = ControlBinding(control, fx, parameter, shown_unit, is_same_plugin=False)
    if parameter.automated:
        return binding.left_alone(fx.name, LeftAloneKind.AUTOMATED)
    conversion = convert_fixed(binding, slot_name)
    return msgspec.structs.replace(conversion, what=fx.name) if isinstance(conversion, LeftAlone) else conversion
