"""The proxy chain: what of a track can be rendered, as the guard needs it.

It holds the model's slots as their FX stand on the track and, unmoved, all else that is heard there (`context`). Slots
without an FX are not in it, and fixed settings stand as the user has them until their slot is set. This module writes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from bridge.plugins.chain.chain import VST3, Chain, Slot
from bridge.reaper.mapping.context_slot import ContextSlot
from bridge.reaper.mapping.fx_matching import FxMatch
from bridge.reaper.mapping.parameter_conversion import ParameterConversion
from bridge.reaper.mapping.recognised.carrier import Carrier
from bridge.reaper.mapping.stock_fx import StockFxEffect, find_stock_effect
from bridge.types import Float32


class FixedBinding(NamedTuple):
    """A fixed setting of a slot and where it is written when the slot is set."""

    conversion: ParameterConversion
    value: float


class ProxySlot(NamedTuple):
    """A slot as it is rendered, and where the values of its controls come from, in this order.

    Attributes:
        model_slot: its name in the model's chain; '' for context.
        indices: of the model's normalized values. A band that is disabled has the values `disabled` in their place, and
            with the slot set the values `automated`, which envelopes hold.
        fixed: fixed settings that the user has otherwise.
        context: constants.
        when_set: what takes the place of the constants once `model_slot` is set, for the model's values.
    """

    slot: Slot
    model_slot: str = ""
    indices: tuple[int, ...] = ()
    disabled: Mapping[int, float] = {}
    automated: Mapping[int, float] = {}
    fixed: tuple[FixedBinding, ...] = ()
    context: tuple[float, ...] = ()
    when_set: Callable[[Float32], Sequence[float]] | None = None

    def values(self, normalized: Float32, *, is_set: bool) -> Iterator[float]:
        for index in self.indices:
            yield (self.automated if is_set else self.disabled).get(index, float(normalized[index]))
        for conversion, value in self.fixed:
            yield conversion.realized(value) if is_set else conversion.found
        yield from self.when_set(normalized) if is_set and self.when_set is not None else self.context


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
    context: Sequence[ContextSlot],
    current: Float32,
    in_sound: Collection[str] = (),
) -> ProxyMapping:
    """The chain as it stands on the track: the slots of each FX in the chain's order, then its context.

    `current`: the chain's settings (controls,) that are in effect now. `in_sound`: GUIDs of FX that have worked on the
    sound already.
    """
    placed: list[tuple[int, ProxySlot]] = []
    beside = {row.fx.guid: row for row in context if row.slot.scheme == VST3}
    start = 0
    for slot in chain.slots:
        indices = range(start, start + len(slot.controls))
        start = indices.stop
        if slot.name in match.slots and match.slots[slot.name].fx.guid not in in_sound:
            fx = match.slots[slot.name].fx
            effect = find_stock_effect(fx, slot.plugin)
            proxy = _proxy_slot(slot, {index: conversions[index] for index in indices}, fixed[slot.name], effect)
            proxy = _with_rest(proxy, beside[fx.guid]) if slot.scheme == VST3 and fx.guid in beside else proxy
            placed += [(fx.index, stage) for stage in _stages(proxy, _times(effect))]
    matched = {
        match.slots[slot.name].fx.guid for slot in chain.slots if slot.scheme == VST3 and slot.name in match.slots
    }
    for row in context:
        if row.slot.scheme == VST3 and row.fx.guid in matched:
            continue
        stages = _stages(ProxySlot(row.slot, context=row.values), _times(find_stock_effect(row.fx, row.slot.plugin)))
        placed += [(row.fx.index, stage) for stage in stages]
    for carrier in match.carriers:
        placed += [(carrier.fx.index, slot) for slot in carried_slots(carrier, chain, current)]
    slots = tuple(slot for _, slot in sorted(placed, key=lambda pair: pair[0]))
    return ProxyMapping(msgspec.structs.replace(chain, slots=tuple(slot.slot for slot in slots)), slots)


def carried_slots(carrier: Carrier, chain: Chain, current: Float32) -> Iterator[ProxySlot]:
    """An FX of any maker as it is rendered: the plugin itself where it is hosted; else what its parts do now and, once
    they are set, the chain's own effects."""
    if carrier.hosted is not None:
        yield ProxySlot(
            carrier.hosted.slot,
            carrier.key(),
            context=carrier.hosted.values,
            when_set=lambda normalized: carrier.hosted_values(current, normalized),
        )
        return
    for number, part in enumerate(carrier.parts):
        for present in part.present_slots(f"FX {carrier.fx.index + 1}"):
            yield ProxySlot(
                present.slot, carrier.key(number), context=present.values, when_set=_constant(present.silent)
            )
        for slot, start in part.slots:
            indices = tuple(range(start, start + len(slot.controls)))
            neutral = {index: float(chain.neutral[index]) for index in indices}
            proxy = ProxySlot(slot, carrier.key(number), indices, disabled=neutral)
            yield from _stages(proxy, part.stages(slot))


def _constant(values: Sequence[float]) -> Callable[[Float32], Sequence[float]]:
    return lambda _normalized: values


def _with_rest(proxy: ProxySlot, hosted: ContextSlot) -> ProxySlot:
    """The slot of a plugin with all other settings that the plugin has on the track."""
    own = {*proxy.slot.fixed, *(control.name for control in proxy.slot.controls)}
    rest = [pair for pair in zip(hosted.slot.controls, hosted.values, strict=True) if pair[0].name not in own]
    controls = tuple(msgspec.structs.replace(control, slot=proxy.slot.name) for control, _ in rest)
    slot = msgspec.structs.replace(proxy.slot, controls=(*proxy.slot.controls, *controls))
    return proxy._replace(slot=slot, context=tuple(value for _, value in rest))


def _stages(proxy: ProxySlot, times: int) -> Iterator[ProxySlot]:
    """The slot as often in a row as it takes to sound like its FX."""
    yield proxy
    for number in range(2, times + 1):
        name = f"{proxy.slot.name}, stage {number}"
        controls = tuple(msgspec.structs.replace(control, slot=name) for control in proxy.slot.controls)
        yield proxy._replace(slot=msgspec.structs.replace(proxy.slot, name=name, controls=controls))


def _times(effect: StockFxEffect | None) -> int:
    return effect.times if effect is not None else 1


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
        {i: c.current for i, c in disabled.items() if c.binding.parameter.is_held},
        differing,
    )
