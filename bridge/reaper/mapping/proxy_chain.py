"""The part of a track that can be heard in advance: the model's slots as their FX stand, and what those FX do beside.

From it the guard's renders are made: slots without an FX are not in it, fixed settings stand as the user has them
until their slot is set, and an equaliser's other bands and its master gain stand in it unmoved. What of an FX cannot
be rendered makes all of it no home. This module writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from bridge.plugins.chain.chain import Chain, Slot
from bridge.reaper.mapping.fx_matching import ControlBinding, FxMatch
from bridge.reaper.mapping.parameter_conversion import ParameterConversion, convert_displayed, fixed_control
from bridge.reaper.mapping.stock_fx import StockFx, StockFxEffect, find_stock_effect, is_stock, stock_fx
from bridge.reaper.protocol.messages import FxSnapshot, ParameterSnapshot
from bridge.types import Float32

SILENT_GAIN_DB = 0.005
"""A band or gain of less does nothing."""

_BAND_NAMES = {3: "a notch", 6: "a band pass", 7: "a parallel band pass"}


class FixedBinding(NamedTuple):
    """A fixed setting of a slot and where it is written when the slot is set."""

    translation: ParameterConversion
    setting: float


class ContextControl(NamedTuple):
    """What an FX does beside the slots that live in it: a slot of constant values."""

    fx: FxSnapshot
    slot: Slot
    values: tuple[float, ...]


class ProxySlot(NamedTuple):
    """A slot as it is rendered, and where the values of its controls come from, in this order.

    `indices`: of the model's settings; `fixed`: settings that the user has otherwise; `standing`: constants. Whatever
    the settings say, an equaliser band that sleeps has the values `off` by such an index, and wakes with `parked`.
    `tenant` is the model's slot.
    """

    slot: Slot
    tenant: str = ""
    indices: tuple[int, ...] = ()
    off: Mapping[int, float] = {}
    parked: Mapping[int, float] = {}
    fixed: tuple[FixedBinding, ...] = ()
    standing: tuple[float, ...] = ()

    def values(self, settings: Float32, *, is_set: bool) -> Iterator[float]:
        for index in self.indices:
            yield (self.parked if is_set else self.off).get(index, float(settings[index]))
        for translation, setting in self.fixed:
            yield translation.to_setting(translation.written(setting)) if is_set else translation.found
        yield from self.standing


@dataclass(frozen=True)
class ProxyMapping:
    """The slots in the order of the track. Several settings vectors make one chain, with other values."""

    chain: Chain
    slots: tuple[ProxySlot, ...]

    def settings(self, settings: Float32, moved: Collection[str]) -> Float32:
        """Float32 (judged controls,) for the model's `settings`, with which the slots called `moved` are set."""
        values = [value for slot in self.slots for value in slot.values(settings, is_set=slot.tenant in moved)]
        return np.array(values, dtype=np.float32)


def build_proxy_chain(
    chain: Chain,
    homes: FxMatch,
    translations: Mapping[int, ParameterConversion],
    fixed: Mapping[str, Sequence[FixedBinding]],
    standing: Sequence[ContextControl],
) -> ProxyMapping:
    """The chain as it stands on the track: the slots of each FX in the chain's order, then what it does beside."""
    placed: list[tuple[int, ProxySlot]] = []
    start = 0
    for slot in chain.slots:
        indices = range(start, start + len(slot.controls))
        start = indices.stop
        if slot.name in homes.fx:
            fx, known = homes.fx[slot.name], find_stock_effect(homes.fx[slot.name], slot.plugin)
            judged = _judged_slot(slot, {index: translations[index] for index in indices}, fixed[slot.name], known)
            placed += [(fx.index, stage) for stage in _in_a_row(judged, known)]
    for row in standing:
        stages = _in_a_row(ProxySlot(row.slot, standing=row.values), find_stock_effect(row.fx, row.slot.plugin))
        placed += [(row.fx.index, stage) for stage in stages]
    slots = tuple(slot for _, slot in sorted(placed, key=lambda pair: pair[0]))
    return ProxyMapping(msgspec.structs.replace(chain, slots=tuple(slot.slot for slot in slots)), slots)


def _in_a_row(judged: ProxySlot, known: StockFxEffect | None) -> Iterator[ProxySlot]:
    """The slot as often as it takes to sound like its home."""
    yield judged
    for number in range(2, known.times + 1 if known else 0):
        name = f"{judged.slot.name}, stage {number}"
        controls = tuple(msgspec.structs.replace(control, slot=name) for control in judged.slot.controls)
        yield judged._replace(slot=msgspec.structs.replace(judged.slot, name=name, controls=controls))


def _judged_slot(
    slot: Slot,
    translations: Mapping[int, ParameterConversion],
    fixed: Sequence[FixedBinding],
    known: StockFxEffect | None,
) -> ProxySlot:
    differing = tuple(home for home in fixed if not home.translation.is_shown(home.setting))
    names = {home.translation.control.name for home in differing}
    asleep = {index: t for index, t in translations.items() if t.place.is_asleep}
    parked = {index: t.current for index, t in asleep.items() if t.place.parameter.automated}
    off = {
        index: t.control.normalized(known.off[t.control.name])
        for index, t in asleep.items()
        if known and t.control.name in known.off
    }
    shown = msgspec.structs.replace(
        slot,
        fixed={name: value for name, value in slot.fixed.items() if name not in names},
        controls=(*slot.controls, *(home.translation.control for home in differing)),
    )
    return ProxySlot(shown, slot.name, tuple(translations), off, parked, differing)


# ---------------------------------------------------------------- what an FX does beside its slots


def find_context_controls(homes: FxMatch) -> tuple[ContextControl, ...]:
    """What the FX of `homes` do beside the slots. An FX of which something is heard that cannot be rendered loses
    its slots."""
    found: list[ContextControl] = []
    for fx in {fx.guid: fx for fx in homes.fx.values()}.values():
        stock = next((entry for entry in stock_fx() if is_stock(fx, entry)), None)
        if stock is None:
            continue
        rows = list(_beside(stock, fx, homes))
        if faults := [row for row in rows if isinstance(row, str)]:
            homes.leave_fx(fx, "; ".join(faults))
        else:
            found += [row for row in rows if isinstance(row, ContextControl)]
    return tuple(found)


def _beside(stock: StockFx, fx: FxSnapshot, homes: FxMatch) -> Iterator[ContextControl | str]:
    tenants = [places.values() for slot, places in homes.places.items() if homes.fx[slot].guid == fx.guid]
    taken = {_band_of(place.parameter) for places in tenants for place in places}
    bands: dict[tuple[int, int], list[ParameterSnapshot]] = {}
    for parameter in fx.parameters:
        band = _band_of(parameter)
        if band is not None and band not in taken and parameter.eq and parameter.eq.enabled:
            bands.setdefault(band, []).append(parameter)
    renderings = {known.band_type: (name, known) for name, known in (stock.plugin | stock.beside).items()}
    for (band_type, number), parameters in bands.items():
        if band_type not in renderings:
            kind = _BAND_NAMES.get(band_type, f"a band of type {band_type}")
            yield f"has {kind} switched on, which Bridge cannot render: switch that band off"
            continue
        plugin, known = renderings[band_type]
        slot_name = f"{stock.name}, band {number} of type {band_type}"
        row = _standing(fx, slot_name, plugin, known, parameters)
        if row is not None:
            yield row


def _band_of(parameter: ParameterSnapshot) -> tuple[int, int] | None:
    return (parameter.eq.band_type, parameter.eq.band_index) if parameter.eq else None


def _standing(
    fx: FxSnapshot, slot_name: str, plugin: str, known: StockFxEffect, parameters: Sequence[ParameterSnapshot]
) -> ContextControl | str | None:
    """The band as a slot; why it cannot be one; or None for one that does nothing."""
    translations: list[ParameterConversion] = []
    for name, shown in known.control.items():
        parameter = next((p for p in parameters if p.eq and p.eq.kind == shown.kind), None)
        if parameter is None:
            return f"{slot_name} is on and shows no {shown.kind}"
        place = ControlBinding(name, fx, parameter, shown.unit, is_same_plugin=False)
        translation = convert_displayed(place, fixed_control(slot_name, name, "Q" if name == "q" else shown.unit))
        if isinstance(translation, str):
            return f"{parameter.name}: {translation}"
        translations.append(translation)
    gains = [t.found for t in translations if t.control.name == "gain_db"]
    if gains and abs(gains[0]) < SILENT_GAIN_DB:
        return None
    slot = Slot(name=slot_name, plugin=plugin, controls=tuple(t.control for t in translations))
    return ContextControl(fx, slot, tuple(t.found for t in translations))
