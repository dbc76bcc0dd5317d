"""A chain mapped onto a track's FX: the values that the user has, which of them may be set, and the writes to come.

`map_chain` matches FX and measures laws; the `ChainMapping` then speaks the model's language (rows of normalized values
in the order of the chain) on one side and REAPER's (writes, texts) on the other. It neither predicts nor renders.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np

from bridge.automix.facts import Explanation
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.recognition.recognise import recognise
from bridge.reaper.mapping.containers import before_tap, open_containers
from bridge.reaper.mapping.context import find_context
from bridge.reaper.mapping.context_slot import HostFx
from bridge.reaper.mapping.fx_matching import FxMatch, SlotMatch, match_fx
from bridge.reaper.mapping.parameter_conversion import ParameterConversion, convert_displayed, convert_fixed
from bridge.reaper.mapping.proxy_chain import FixedBinding, ProxyMapping, build_proxy_chain
from bridge.reaper.mapping.recognised.carrier import Carrier
from bridge.reaper.mapping.recognised.matching import CarrierSearch
from bridge.reaper.mapping.recognised.reading_fx import Recognise
from bridge.reaper.protocol.fx_snapshot import FxSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import Change, Write
from bridge.types import Float32, Mask

UNMOVED = 1e-4
"""Normalized values that differ by less are the same."""


@dataclass(frozen=True)
class ChainMapping:
    """What a chain finds on a track. Rows of values are float32 (controls,), in the order of the chain.

    Attributes:
        conversions: of the controls that have an FX parameter, by their place in the chain.
        fixed: the fixed settings of each slot and where they are written.
        current: the normalized values in effect now; neutral where a control has no FX, or its equaliser band is
            disabled. May lie outside of a control's range.
        free: bool (controls,), which controls may be written.
        proxy: what of the track can be rendered, to measure it by.
        left_alone: FX and controls that stay as they are, and why.
        missing: FX to add, as TrackFX_AddByName takes them.
        unsupported: slots that no FX of REAPER's can stand for.
        carriers: FX of any maker that carry slots of which no FX is known.
        unrendered_fx: active FX that `proxy` lacks: what is heard is something else.
    """

    chain: Chain
    conversions: dict[int, ParameterConversion]
    fixed: dict[str, tuple[FixedBinding, ...]]
    current: Float32
    free: Mask
    proxy: ProxyMapping
    left_alone: tuple[LeftAlone, ...]
    missing: tuple[str, ...]
    unsupported: tuple[str, ...]
    unrendered_fx: tuple[FxSnapshot, ...] = ()
    carriers: tuple[Carrier, ...] = ()

    @property
    def unrendered(self) -> tuple[str, ...]:
        """The names of what the proxy lacks."""
        return tuple(fx.name for fx in self.unrendered_fx)

    @property
    def first_set(self) -> FxSnapshot | None:
        """The first FX of the track that may be set; None where none may."""
        fx = [self.conversions[index].binding.fx for index in self.conversions if self.free[index]]
        fx += [carrier.fx for carrier in self.carriers]
        return min(fx, key=lambda one: one.index, default=None)

    @property
    def computed(self) -> tuple[str, ...]:
        """The names of FX whose effect is computed from what they display."""
        return tuple(carrier.fx.name for carrier in self.carriers if carrier.hosted is None)

    def out_of_reach(self, writes: Sequence[Write]) -> tuple[LeftAlone, ...]:
        """What was wanted so far of FX of any maker that `writes` leaves untouched, and is more than they can do."""
        touched = {write.fx_guid for write in writes}
        return tuple(
            LeftAlone(what=one.fx.name, kind=LeftAloneKind.OUT_OF_REACH, fx=one.fx.name, off_by_db=min(off_by_db, 99.0))
            for one in self.carriers
            if one.fx.guid not in touched
            for off_by_db in one.failures.values()
        )

    def proxy_values(self, normalized: Float32) -> Float32:
        """Float32 (controls of `proxy.chain`,): what sounds with `normalized` on the track."""
        moved = {slot.name for slot, _ in self._moved_slots(normalized)}
        carried = (carrier.moved_keys(self.current, normalized) for carrier in self.carriers)
        return self.proxy.normalized(normalized, moved.union(*carried))

    def realizable(self, normalized: Float32) -> Float32:
        """What the FX will really have when `normalized` is written to them.

        Values are limited to what an FX can display and rounded to its steps; moves that it would not show are none.
        """
        real = self.current.copy()
        for index in self._written(normalized):
            real[index] = self.conversions[index].realized(float(normalized[index]))
        for carrier in self.carriers:
            carrier.realisable(self.current, normalized, real)
        return real

    def writes(self, after: Float32, confidence: Float32 | None = None) -> tuple[Write, ...]:
        """The writes that take the track from `current` to `after`: switches first, then in ascending order."""
        sure = np.ones_like(after) if confidence is None else np.clip(confidence, 0.0, 1.0)
        writes = [
            _write(self.conversions[i], float(after[i]), start=float(self.current[i]), confidence=float(sure[i]))
            for i in self._written(after)
        ]
        for slot, _ in self._moved_slots(after):
            writes += [
                _write(conversion, value, start=value, confidence=1.0)
                for conversion, value in self.fixed[slot.name]
                if conversion.binding.is_disabled or not conversion.is_shown(value)
            ]
        writes += [pair for carrier in self.carriers for pair in self._carried_writes(carrier, after, sure)]
        writes.sort(key=lambda pair: (not pair[1].is_switch, pair[0].index, pair[1].index))
        return tuple(write for _, write in writes)

    def _carried_writes(self, carrier: Carrier, after: Float32, sure: Float32) -> Iterator[tuple[FxSnapshot, Write]]:
        for setting, label in carrier.settings(self.current, after):
            index = self.chain.index(label) if label else None
            unit = self.chain.controls[index].unit if index is not None else ""
            confidence = float(sure[index]) if index is not None else 1.0
            yield carrier.fx, setting.write(carrier.fx, label, unit, confidence)

    def _carried_changes(
        self, carrier: Carrier, after: Float32, confidence: Float32, explanations: Sequence[Explanation | None]
    ) -> Iterator[Change]:
        """A row for each control of the chain that moved, whatever parameters that took."""
        texts = {label: setting.text for setting, label in carrier.settings(self.current, after) if label}
        for index in carrier.indices:
            if self._is_moved(index, after):
                control = self.chain.controls[index]
                yield Change(
                    slot=control.slot,
                    plugin=carrier.fx.name,
                    control=control.name,
                    unit=control.unit,
                    before=control.real_value(float(self.current[index])),
                    after=control.real_value(float(after[index])),
                    text=texts.get(control.label, "") or control.text(float(after[index])),
                    confidence=float(np.clip(confidence[index], 0.0, 1.0)),
                    explanation=explanations[index] if explanations else None,
                )

    def changes(
        self, after: Float32, confidence: Float32, explanations: Sequence[Explanation | None] = ()
    ) -> tuple[Change, ...]:
        """What `writes` changes, control by control. `explanations` are (controls,), or empty."""
        rows: list[Change] = []
        for index in self._written(after):
            conversion, normalized = self.conversions[index], float(after[index])
            control, binding = conversion.control, conversion.binding
            rows.append(
                Change(
                    slot=control.slot,
                    plugin=binding.fx.name,
                    control=control.name,
                    unit=control.unit,
                    before=None if binding.is_disabled else control.real_value(float(self.current[index])),
                    after=control.real_value(normalized),
                    text=conversion.text(conversion.written(normalized)),
                    confidence=float(np.clip(confidence[index], 0.0, 1.0)),
                    explanation=explanations[index] if explanations else None,
                )
            )
        for carrier in self.carriers:
            rows += self._carried_changes(carrier, after, confidence, explanations)
        return tuple(rows)

    def _moved_slots(self, after: Float32) -> Iterator[tuple[Slot, list[int]]]:
        """The slots in which anything moves, each with the places of its controls that have an FX parameter."""
        start = 0
        for slot in self.chain.slots:
            end = start + len(slot.controls)
            indices = [index for index in range(start, end) if index in self.conversions]
            start = end
            if any(self.free[i] and self._is_moved(i, after) for i in indices):
                yield slot, indices

    def _is_moved(self, index: int, after: Float32) -> bool:
        return abs(float(after[index] - self.current[index])) > UNMOVED

    def _written(self, after: Float32) -> Iterator[int]:
        """The places of the controls that get a write. A disabled band is written as a whole, for it is enabled with
        every value that it has."""
        for _, indices in self._moved_slots(after):
            for index in indices:
                conversion = self.conversions[index]
                is_changed = self._is_moved(index, after) and not conversion.is_shown(float(after[index]))
                if self.free[index] and (conversion.binding.is_disabled or is_changed):
                    yield index


def map_chain(
    chain: Chain,
    fx_chain: Sequence[FxSnapshot],
    host_fx: HostFx | None = None,
    *,
    recognise: Recognise | None = recognise,
    preferred: Sequence[str] = (),
    tap: str = "",
) -> ChainMapping:
    """Map `chain` onto the FX of a track. Never fails: what does not fit is named in `left_alone` or `missing`.

    `recognise`: reads FX that are not known, with the user's corrections; None: only FX that are known are set.
    `preferred`: names of plugins that come before others of their kind.
    `tap`: the GUID of the FX before which the sound was taken; those before it are neither rendered nor set.
    """
    in_sound = before_tap(fx_chain, tap)
    fx_chain, held_back = open_containers(fx_chain)
    links = (parameter.modulation for fx in fx_chain for parameter in fx.parameters if parameter.modulation)
    link_sources = {(link.fx_guid, link.index) for link in links}
    search = (
        None if recognise is None else partial(CarrierSearch, recognise=recognise, host_fx=host_fx, preferred=preferred)
    )
    match = match_fx(chain, fx_chain, held_back, search)
    match.carriers = [carrier for carrier in match.carriers if carrier.fx.guid not in in_sound]
    bound = {
        slot.name: _bind(slot, match.slots[slot.name], link_sources) for slot in chain.slots if slot.name in match.slots
    }
    _leave_unreadable(match, bound)
    context = find_context(match, fx_chain, host_fx, in_sound)
    current, free = chain.neutral.copy(), np.zeros(len(chain.controls), dtype=np.bool_)
    conversions: dict[int, ParameterConversion] = {}
    for name in match.slots:
        for conversion in bound[name].controls:
            index, binding = chain.index(conversion.control.label), conversion.binding
            conversions[index] = conversion
            current[index] = current[index] if binding.is_disabled else conversion.current
            held = binding.held(conversion.control.label, link_sources)
            free[index] = held is None and not bound[name].unwritable and binding.fx.guid not in in_sound
            match.left_alone += [held] if held is not None else []
        match.left_alone += bound[name].unwritable
    for carrier in match.carriers:
        carrier.present_settings(current)
        free[carrier.indices] = True
    fixed = {slot.name: bound[slot.name].fixed if slot.name in match.slots else () for slot in chain.slots}
    return ChainMapping(
        chain=chain,
        conversions=conversions,
        fixed=fixed,
        current=current,
        free=free,
        proxy=build_proxy_chain(chain, match, conversions, fixed, context, current, in_sound),
        left_alone=tuple(match.left_alone),
        missing=tuple(dict.fromkeys(match.missing)),
        unsupported=tuple(match.unsupported),
        unrendered_fx=tuple(fx for fx in fx_chain if fx.guid in match.rejected and fx.guid not in in_sound),
        carriers=tuple(match.carriers),
    )


class _SlotBinding(NamedTuple):
    """A slot in its FX. `unreadable`: why its values cannot be known; `unwritable`: why it cannot be set."""

    controls: tuple[ParameterConversion, ...]
    fixed: tuple[FixedBinding, ...]
    unreadable: tuple[LeftAlone, ...]
    unwritable: tuple[LeftAlone, ...]


def _bind(slot: Slot, match: SlotMatch, link_sources: Collection[tuple[str, int]]) -> _SlotBinding:
    controls: list[ParameterConversion] = []
    fixed: list[FixedBinding] = []
    unreadable: list[LeftAlone] = []
    by_name = {control.name: control for control in slot.controls}
    for name in (*by_name, *slot.fixed):
        if (binding := match.bindings.get(name)) is None:
            unreadable.append(
                LeftAlone(what=slot.name, kind=LeftAloneKind.NO_PARAMETER, fx=match.fx.name, parameter=name)
            )
            continue
        is_fixed = name in slot.fixed
        conversion = convert_fixed(binding, slot.name) if is_fixed else convert_displayed(binding, by_name[name])
        if isinstance(conversion, LeftAlone):
            unreadable.append(conversion)
        elif is_fixed:
            fixed.append(FixedBinding(conversion, slot.fixed[name]))
        else:
            controls.append(conversion)
    held = (f.conversion.binding.held(slot.name, link_sources) for f in fixed)
    unwritable = tuple(row for row in held if row is not None)
    return _SlotBinding(tuple(controls), tuple(fixed), tuple(unreadable), unwritable)


def _leave_unreadable(match: FxMatch, bound: dict[str, _SlotBinding]) -> None:
    """Leave slots alone that cannot be read, and with an audible one its whole FX: no change could be measured."""
    for name, slot in bound.items():
        if not slot.unreadable or name not in match.slots:
            continue
        fx, bindings = match.slots.pop(name)
        match.left_alone += slot.unreadable
        is_audible = not any(binding.is_disabled for binding in bindings.values())
        if is_audible and any(other.fx.guid == fx.guid for other in match.slots.values()):
            match.leave_fx(fx, [LeftAlone(what=fx.name, kind=LeftAloneKind.UNREADABLE_SLOT, slot=name)])


def _write(
    conversion: ParameterConversion, value: float, *, start: float, confidence: float
) -> tuple[FxSnapshot, Write]:
    """`start`: where the amount begins in a band that was disabled, whose own values count for nothing."""
    binding, write = conversion.binding, conversion.write(value)
    if binding.is_disabled:
        eq = binding.parameter.eq
        eq_band = msgspec.structs.replace(eq, enabled=True) if eq else None
        write = msgspec.structs.replace(write, eq_band=eq_band, start=conversion.written(start))
    return binding.fx, msgspec.structs.replace(write, confidence=confidence)
