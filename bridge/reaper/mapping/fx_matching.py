"""Which FX of a track stands for which slot of a chain, and which of its parameters is which control.

ReaEQ's bands are found by role, everything else by identity and name. What does not match is named as `LeftAlone`.
This module computes no value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from bridge.plugins.chain.chain import BUILTIN, Chain, Slot
from bridge.reaper.mapping.band_pairing import pair_with_bands
from bridge.reaper.mapping.identity import find_parameter, is_plugin, plugin_name
from bridge.reaper.mapping.recognised.carrier import Carrier
from bridge.reaper.mapping.recognised.matching import CarrierSearch
from bridge.reaper.mapping.stock_fx import (
    StockFx,
    StockFxEffect,
    find_stock_parameter,
    is_stock,
    stock_fx,
    unmet_modes,
    unmet_requirements,
)
from bridge.reaper.protocol.fx_snapshot import FULLY_WET, FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind


@dataclass(frozen=True)
class ControlBinding:
    """The FX parameter that a control (or a fixed setting of a slot) stands for on the track.

    Attributes:
        name: of the control, or of the fixed setting.
        shown_unit: the unit of the parameter's texts where those name none.
        is_same_plugin: whether the FX is the very plugin of the chain, and so shares its normalized values.
    """

    name: str
    fx: FxSnapshot
    parameter: ParameterSnapshot
    shown_unit: str
    is_same_plugin: bool

    @property
    def is_disabled(self) -> bool:
        """Whether it belongs to an equaliser band that is switched off: it does nothing until that is enabled."""
        return self.parameter.eq is not None and not self.parameter.eq.enabled

    def held(self, what: str, link_sources: Collection[tuple[str, int]]) -> LeftAlone | None:
        """Why `what` is not set by this parameter: something else decides about it, or another one follows it by a
        link; None where nothing does. `link_sources`: (GUID of the FX, index) of parameters that others follow."""
        if self.parameter.automated:
            return self.left_alone(what, LeftAloneKind.AUTOMATED)
        if (modulation := self.parameter.modulation) is not None:
            return self.left_alone(what, LeftAloneKind.MODULATED, modulation=modulation.kind)
        is_source = (self.fx.guid, self.parameter.index) in link_sources
        return self.left_alone(what, LeftAloneKind.LINK_SOURCE) if is_source else None

    def left_alone(self, what: str, kind: LeftAloneKind, **facts: str) -> LeftAlone:
        """`what` is left alone because of this parameter."""
        return LeftAlone(what=what, kind=kind, fx=self.fx.name, parameter=self.parameter.name, **facts)  # type: ignore[arg-type]


class SlotMatch(NamedTuple):
    """The FX of a slot, and the bindings of its controls and fixed settings by name."""

    fx: FxSnapshot
    bindings: dict[str, ControlBinding]


@dataclass
class FxMatch:
    """The outcome for a chain.

    Attributes:
        slots: the slots that have an FX, by name.
        carriers: FX of any maker that carry slots which no FX that is known stands for.
        missing: FX to add, as TrackFX_AddByName takes them.
        unsupported: slots that no FX of REAPER's can stand for, on any track.
        rejected: the GUIDs of active FX that are left alone as a whole, with reasons in `left_alone`.
    """

    slots: dict[str, SlotMatch] = field(default_factory=dict)
    carriers: list[Carrier] = field(default_factory=list)
    left_alone: list[LeftAlone] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)

    def is_carried(self, slot: Slot) -> bool:
        """Whether an FX of the track stands for a slot."""
        return slot.name in self.slots or any(slot.name in one.slot_names for one in self.carriers)

    def leave_fx(self, fx: FxSnapshot, reasons: Sequence[LeftAlone]) -> None:
        """Leave an FX alone with all slots that it stands for."""
        self.slots = {name: match for name, match in self.slots.items() if match.fx.guid != fx.guid}
        self.left_alone += reasons
        self.rejected.add(fx.guid)


Search = Callable[[Chain, list[Slot]], CarrierSearch]
"""Begins to look for FX of any maker that carry some slots of a chain."""


def match_fx(
    chain: Chain,
    fx_chain: Sequence[FxSnapshot],
    held_back: Mapping[str, LeftAlone] = {},
    search: Search | None = None,
) -> FxMatch:
    """Find the FX and parameters of every slot of a chain.

    FX that are bypassed, offline, mixed with the untouched sound or not neutral are left alone and named.
    `held_back`: why some that stand as bypassed are none, by GUID. `search`: None where only FX that are known count.
    """
    matching = _Matching(chain, fx_chain, held_back)
    matching.match_plugins()
    matching.match_stock()
    if search is not None:
        matching.match_recognised(search)
    matching.match_output_gain()
    matching.note_absent()
    matching.note_unused()
    return matching.match


@dataclass
class _Matching:
    """`match_fx` at work. `absent`: slots that found no FX, with the name of what is looked for."""

    chain: Chain
    fx_chain: Sequence[FxSnapshot]
    held_back: Mapping[str, LeftAlone]
    match: FxMatch = field(default_factory=FxMatch)
    used: set[str] = field(default_factory=set)
    absent: list[tuple[list[Slot], str]] = field(default_factory=list)
    reasons: dict[str, LeftAlone] = field(default_factory=dict)

    def match_plugins(self) -> None:
        """Slots of plugins that the track may hold themselves."""
        for slot in self.chain.slots:
            if slot.scheme == BUILTIN:
                continue
            name = plugin_name(slot)
            if (fx := self._find([slot], name, f"VST3: {name}", partial(is_plugin, name=name))) is not None:
                self.match.slots[slot.name] = SlotMatch(fx, _same_plugin_bindings(slot, fx))

    def match_stock(self) -> None:
        """Slots that REAPER's stock FX stand for."""
        builtin = [slot for slot in self.chain.slots if slot.scheme == BUILTIN]
        for stock in stock_fx():
            slots = [slot for slot in builtin if slot.plugin in stock.plugin]
            if slots and (beside := _carrier_beside(slots)) is not None:
                self.absent.append((slots, beside))
                continue
            fx = self._find(slots, stock.name, stock.name, partial(is_stock, stock=stock)) if slots else None
            if fx is not None:
                _match_stock(self.match, stock, slots, fx)
        known = {plugin for stock in stock_fx() for plugin in stock.plugin}
        for slot in builtin:
            if slot.plugin not in known:
                self.match.unsupported.append(slot.name)
                plugin = slot.plugin.partition(":")[2]
                self.match.left_alone.append(LeftAlone(what=slot.name, kind=LeftAloneKind.UNSUPPORTED, plugin=plugin))

    def match_recognised(self, search: Search) -> None:
        """Slots of pedalboard's effects that no stock FX stands for, in FX of any maker."""
        taken = {slot.plugin for slot in self.chain.slots if slot.name in self.match.slots}
        stock = [entry for entry in stock_fx() if taken & set(entry.plugin)]
        known = {plugin for entry in stock for plugin in entry.plugin}
        builtin = [slot for slot in self.chain.slots if slot.scheme == BUILTIN and slot.plugin not in known]
        wanted = [slot for slot in builtin if slot.name not in self.match.slots]
        looking = search(self.chain, wanted)
        looking.run([fx for fx in self._active(lambda fx: not _is_wanted(self.chain, fx)) if _is_usable(fx)])
        self.match.carriers, self.reasons = looking.carriers, looking.reasons
        self.used |= {one.fx.guid for one in looking.carriers}
        self.match.left_alone += [self.reasons[guid] for guid in self.used & self.reasons.keys()]
        for entry in stock_fx():
            slots = [slot for slot in self.chain.slots if slot.plugin in entry.plugin and not _is_output(slot)]
            if entry.name in self.match.missing and slots and all(map(self.match.is_carried, slots)):
                self.match.missing.remove(entry.name)

    def match_output_gain(self) -> None:
        """An output gain that no FX carries, in what a stock FX has beside its bands."""
        for slot in self.chain.slots:
            for stock in stock_fx() if _is_output(slot) and not self.match.is_carried(slot) else ():
                effect = stock.context.get(slot.plugin)
                usable = [fx for fx in self._active(partial(is_stock, stock=stock)) if _is_usable(fx)]
                fx = next((fx for fx in usable if fx.guid in self.used), next(iter(usable[::-1]), None))
                if effect is None or fx is None:
                    continue
                if bindings := _stock_bindings(slot, stock, effect, fx, band=0):
                    self.match.slots[slot.name] = SlotMatch(fx, bindings)
                    self.used.add(fx.guid)
                    break

    def note_absent(self) -> None:
        """Say which slots found no FX."""
        for slots, fx_name in self.absent:
            if names := ", ".join(slot.name for slot in slots if not self.match.is_carried(slot)):
                self.match.left_alone.append(LeftAlone(what=names, kind=LeftAloneKind.NOT_ON_TRACK, fx=fx_name))

    def note_unused(self) -> None:
        """Say which FX are left alone, and reject those that are heard otherwise than they could be rendered."""
        for fx in self.fx_chain:
            if fx.guid in self.used:
                continue
            if fx.guid in self.held_back:
                self.match.left_alone.append(self.held_back[fx.guid])
                continue
            objections = list(_objections(fx)) if is_audible(fx) else []
            if objections:
                self.match.rejected.add(fx.guid)
            unused = [self.reasons[fx.guid]] if fx.guid in self.reasons else _unused(self.chain, fx)
            self.match.left_alone += [*unused, *objections]

    def _active(self, is_wanted: Callable[[FxSnapshot], bool]) -> list[FxSnapshot]:
        """The active FX that are wanted, in their order."""
        return sorted(filter(is_wanted, filter(is_active, self.fx_chain)), key=lambda fx: fx.index)

    def _find(
        self, slots: list[Slot], name: str, add_name: str, is_wanted: Callable[[FxSnapshot], bool]
    ) -> FxSnapshot | None:
        """The first usable FX that is wanted and not used yet; where there is none, that is noted."""
        active = [fx for fx in self._active(is_wanted) if fx.guid not in self.used]
        fx = next((fx for fx in active if _is_usable(fx)), None)
        if fx is not None:
            self.used.add(fx.guid)
        elif not active:  # else it is said what is wrong with it
            self.absent.append((slots, name))
        if not any(is_wanted(fx) for fx in self.fx_chain):
            self.match.missing.append(add_name)
        return fx


def _carrier_beside(slots: Sequence[Slot]) -> str | None:
    """The stock FX that has beside its bands what these slots are, where they are output gains alone: no other FX is
    looked for, or added, for the sake of a gain."""
    if any(control.role != "output_gain" for slot in slots for control in slot.controls):
        return None
    return next((stock.name for stock in stock_fx() if all(slot.plugin in stock.context for slot in slots)), None)


def is_audible(fx: FxSnapshot) -> bool:
    """Whether an FX does anything to what is heard."""
    return fx.enabled and not fx.offline and fx.wet > 1.0 - FULLY_WET


def is_active(fx: FxSnapshot) -> bool:
    """Whether an FX is heard, and nothing beside it."""
    return fx.enabled and not fx.offline and fx.wet >= FULLY_WET


def _is_usable(fx: FxSnapshot) -> bool:
    return not any(_objections(fx))


def _objections(fx: FxSnapshot) -> Iterator[LeftAlone]:
    """Why an active FX does not sound as what would be rendered in its place."""
    if fx.wet < FULLY_WET:
        yield LeftAlone(what=fx.name, kind=LeftAloneKind.PARTLY_DRY, wet=fx.wet)
    yield from unmet_modes(fx)
    for parameter in fx.parameters:
        if parameter.modulation is not None and parameter.modulation.is_moving:
            yield LeftAlone(
                what=fx.name,
                kind=LeftAloneKind.MODULATED,
                fx=fx.name,
                parameter=parameter.name,
                modulation=parameter.modulation.kind,
            )
    for stock in stock_fx():
        if is_stock(fx, stock):
            yield from unmet_requirements(stock, fx)


def _unused(chain: Chain, fx: FxSnapshot) -> Iterator[LeftAlone]:
    """Why an FX stands for no slot, whatever its settings; nothing where it could stand for one but for these."""
    if fx.offline or not fx.enabled:
        yield LeftAlone(what=fx.name, kind=LeftAloneKind.OFFLINE if fx.offline else LeftAloneKind.BYPASSED)
    elif not _is_wanted(chain, fx):
        yield LeftAlone(what=fx.name, kind=LeftAloneKind.NOT_IN_MODEL, model=chain.name)
    elif not is_audible(fx):
        yield LeftAlone(what=fx.name, kind=LeftAloneKind.PARTLY_DRY, wet=fx.wet)
    elif _is_usable(fx):
        yield LeftAlone(what=fx.name, kind=LeftAloneKind.DUPLICATE)


def _is_wanted(chain: Chain, fx: FxSnapshot) -> bool:
    plugins = {slot.plugin for slot in chain.slots}
    stock = any(is_stock(fx, entry) and plugins & set(entry.plugin) for entry in stock_fx())
    return stock or any(is_plugin(fx, plugin_name(slot)) for slot in chain.slots if ":" in slot.plugin)


def _is_output(slot: Slot) -> bool:
    return any(control.role == "output_gain" for control in slot.controls)


def _same_plugin_bindings(slot: Slot, fx: FxSnapshot) -> dict[str, ControlBinding]:
    units = {**dict.fromkeys(slot.fixed, ""), **{control.name: control.unit for control in slot.controls}}
    found = {name: find_parameter((name,), fx.parameters) for name in units}
    return {
        name: ControlBinding(name, fx, parameter, units[name], is_same_plugin=True)
        for name, parameter in found.items()
        if parameter is not None
    }


# ---------------------------------------------------------------- REAPER's stock FX


def _match_stock(match: FxMatch, stock: StockFx, slots: Sequence[Slot], fx: FxSnapshot) -> None:
    for slot, band in pair_with_bands(slots, stock, fx):
        effect = stock.plugin[slot.plugin]
        if effect.band_type is not None and band is None:
            match.left_alone.append(LeftAlone(what=slot.name, kind=LeftAloneKind.NO_BAND, fx=fx.name))
        else:
            match.slots[slot.name] = SlotMatch(fx, _stock_bindings(slot, stock, effect, fx, band))


def _stock_bindings(
    slot: Slot, stock: StockFx, effect: StockFxEffect, fx: FxSnapshot, band: int | None
) -> dict[str, ControlBinding]:
    bindings: dict[str, ControlBinding] = {}
    wanted = {control.name for control in slot.controls} | set(slot.fixed)
    for name, known in effect.control.items():
        if name not in wanted:
            continue
        role = None if effect.band_type is None or band is None else (effect.band_type, band)
        parameter = find_stock_parameter(stock, known, role, fx.parameters)
        if parameter is not None:
            bindings[name] = ControlBinding(name, fx, parameter, known.unit, is_same_plugin=False)
    return bindings
