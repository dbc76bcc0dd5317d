"""Where a chain's slots live on a track: which FX, and which of its parameters each control is.

ReaEQ's bands are found by role, everything else by identity and name. What cannot be a home is said, with the
reason. This module computes no value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import log2

from bridge.plugins.chain.chain import Chain, Slot
from bridge.reaper.mapping.display_law import read_quantity
from bridge.reaper.mapping.identity import find_parameter, is_plugin, plugin_name
from bridge.reaper.mapping.stock_fx import StockFx, StockFxEffect, is_met, is_stock, stock_fx
from bridge.reaper.protocol.messages import FxSnapshot, LeftAlone, ParameterSnapshot

FULLY_WET = 0.999
"""REAPER's own Wet knob from here on counts as 100 %."""


@dataclass(frozen=True)
class ControlBinding:
    """The parameter in which a control (or a fixed setting of a slot) lives. `shown_unit` is the unit of its texts
    where they name none."""

    name: str
    fx: FxSnapshot
    parameter: ParameterSnapshot
    shown_unit: str
    is_same_plugin: bool

    @property
    def is_asleep(self) -> bool:
        """Whether it belongs to an equaliser band that is switched off: it does nothing until that is enabled."""
        return self.parameter.eq is not None and not self.parameter.eq.enabled


@dataclass
class FxMatch:
    """The outcome of the search, by slot name: the FX of each slot, and its places by control name. `homeless`: slots
    that can have no home on any track."""

    fx: dict[str, FxSnapshot] = field(default_factory=dict)
    places: dict[str, dict[str, ControlBinding]] = field(default_factory=dict)
    left_alone: list[LeftAlone] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    homeless: list[str] = field(default_factory=list)

    def leave(self, slot: str, why: str) -> None:
        """Take a slot's home away and say why."""
        del self.fx[slot], self.places[slot]
        self.left_alone.append(LeftAlone(what=slot, why=why))

    def leave_fx(self, fx: FxSnapshot, why: str) -> None:
        """Take the homes of all slots in an FX away and say why."""
        for slot in [slot for slot, home in self.fx.items() if home.guid == fx.guid]:
            del self.fx[slot], self.places[slot]
        self.left_alone.append(LeftAlone(what=fx.name, why=why))


def match_fx(chain: Chain, fx_chain: Sequence[FxSnapshot]) -> FxMatch:
    """Find the FX and parameters of every slot. FX that are bypassed, offline or mixed with the untouched sound are
    left alone and named."""
    homes = FxMatch()
    used: set[str] = set()
    usable = sorted(
        (fx for fx in fx_chain if fx.enabled and not fx.offline and fx.wet >= FULLY_WET), key=lambda fx: fx.index
    )
    for slot in chain.slots:
        if not slot.plugin.startswith("builtin:"):
            _settle_same_plugin(homes, slot, usable, fx_chain, used)
    builtin = [slot for slot in chain.slots if slot.plugin.startswith("builtin:")]
    for stock in stock_fx():
        slots = [slot for slot in builtin if slot.plugin in stock.plugin]
        if slots:
            _settle_stock(homes, stock, slots, usable, fx_chain, used)
    known = {plugin for stock in stock_fx() for plugin in stock.plugin}
    for slot in builtin:
        if slot.plugin not in known:
            homes.homeless.append(slot.name)
            why = f"no FX of REAPER's own does what {slot.plugin.partition(':')[2]} does; it works on files alone"
            homes.left_alone.append(LeftAlone(what=slot.name, why=why))
    homes.left_alone += _unused(chain, fx_chain, used)
    return homes


# ---------------------------------------------------------------- case 1: the same plugin in both places


def _settle_same_plugin(
    homes: FxMatch, slot: Slot, usable: Sequence[FxSnapshot], fx_chain: Sequence[FxSnapshot], used: set[str]
) -> None:
    name = plugin_name(slot)
    fx = next((fx for fx in usable if is_plugin(fx, name) and fx.guid not in used), None)
    if fx is None:
        if not any(is_plugin(fx, name) for fx in fx_chain):
            homes.missing.append(f"VST3: {name}")
        homes.left_alone.append(LeftAlone(what=slot.name, why=f"{name} is not active on this track"))
        return
    used.add(fx.guid)
    homes.fx[slot.name] = fx
    homes.places[slot.name] = {}
    units = {**dict.fromkeys(slot.fixed, ""), **{control.name: control.unit for control in slot.controls}}
    for wanted, unit in units.items():
        if (parameter := find_parameter((wanted,), fx.parameters)) is not None:
            homes.places[slot.name][wanted] = ControlBinding(wanted, fx, parameter, unit, is_same_plugin=True)


# ---------------------------------------------------------------- case 2: REAPER's stock FX


def _settle_stock(
    homes: FxMatch,
    stock: StockFx,
    slots: Sequence[Slot],
    usable: Sequence[FxSnapshot],
    fx_chain: Sequence[FxSnapshot],
    used: set[str],
) -> None:
    fx = next((fx for fx in usable if is_stock(fx, stock)), None)
    if fx is None:
        if not any(is_stock(fx, stock) for fx in fx_chain):
            homes.missing.append(stock.name)
        names = ", ".join(slot.name for slot in slots)
        homes.left_alone.append(LeftAlone(what=names, why=f"{stock.name} is not active on this track"))
        return
    used.add(fx.guid)
    if unmet := [demand.why for demand in stock.demand if not is_met(demand, fx)]:
        homes.left_alone.append(LeftAlone(what=fx.name, why=f"{fx.name} {'; it '.join(unmet)}"))
        return
    for slot, band in _bands(slots, stock, fx):
        _settle_stock_slot(homes, slot, stock.plugin[slot.plugin], fx, band)


def _settle_stock_slot(homes: FxMatch, slot: Slot, plugin: StockFxEffect, fx: FxSnapshot, band: int | None) -> None:
    if plugin.band_type is not None and band is None:
        homes.left_alone.append(LeftAlone(what=slot.name, why=f"{fx.name} has no band of this type left: add one"))
        return
    places: dict[str, ControlBinding] = {}
    for name, known in plugin.control.items():
        if plugin.band_type is None:
            parameter = find_parameter(known.names, fx.parameters)
        else:
            parameter = next((p for p in _band(fx, plugin.band_type, band) if p.eq and p.eq.kind == known.kind), None)
        if parameter is not None:
            places[name] = ControlBinding(name, fx, parameter, known.unit, is_same_plugin=False)
    wanted = {control.name for control in slot.controls} | set(slot.fixed)
    homes.fx[slot.name] = fx
    homes.places[slot.name] = {name: place for name, place in places.items() if name in wanted}


def _band(fx: FxSnapshot, band_type: int, band_index: int | None) -> Iterator[ParameterSnapshot]:
    return (p for p in fx.parameters if p.eq and p.eq.band_type == band_type and p.eq.band_index == band_index)


def _bands(slots: Sequence[Slot], stock: StockFx, fx: FxSnapshot) -> Iterator[tuple[Slot, int | None]]:
    """Pair slots with bands of their type. Both in rising order of frequency, as close to each slot's range as can
    be; bands that are over stay as they are."""
    types = {slot.plugin: stock.plugin[slot.plugin].band_type for slot in slots}
    for plugin, band_type in types.items():
        alike = [slot for slot in slots if slot.plugin == plugin]
        if band_type is None:
            yield from ((slot, None) for slot in alike[:1])
            continue
        yield from _pair(alike, _band_frequencies(fx, band_type))


def _band_frequencies(fx: FxSnapshot, band_type: int) -> list[tuple[float, int]]:
    """(frequency in Hz, band index) of each band of a type, in rising order."""
    found: list[tuple[float, int]] = []
    for parameter in fx.parameters:
        if parameter.eq and parameter.eq.band_type == band_type and parameter.eq.kind == "frequency":
            quantity = read_quantity(parameter.text)
            found.append((quantity.value if quantity else float(parameter.eq.band_index), parameter.eq.band_index))
    return sorted(found)


def _pair(slots: Sequence[Slot], bands: Sequence[tuple[float, int]]) -> Iterator[tuple[Slot, int | None]]:
    count = min(len(slots), len(bands))
    best = min(
        (
            (sum(_octaves_outside(slot, hz) for slot, (hz, _) in zip(some, chosen, strict=True)), order, some, chosen)
            for order, (some, chosen) in enumerate(
                (some, chosen) for some in combinations(slots, count) for chosen in combinations(bands, count)
            )
        ),
        key=lambda candidate: candidate[:2],
    )
    band_of = {slot.name: band for slot, (_, band) in zip(best[2], best[3], strict=True)}
    yield from ((slot, band_of.get(slot.name)) for slot in slots)


def _octaves_outside(slot: Slot, frequency_hz: float) -> float:
    """How far a band lies outside of the range in which the slot's frequency may move."""
    control = next((control for control in slot.controls if control.unit == "Hz"), None)
    if control is None or frequency_hz <= 0:
        return 0.0
    low_hz, high_hz = sorted((control.real_value(control.low), control.real_value(control.high)))
    return max(log2(max(low_hz, 1e-3) / frequency_hz), log2(frequency_hz / max(high_hz, 1e-3)), 0.0)


# ---------------------------------------------------------------- what is left alone


def _unused(chain: Chain, fx_chain: Sequence[FxSnapshot], used: set[str]) -> Iterator[LeftAlone]:
    for fx in fx_chain:
        if fx.guid in used:
            continue
        if fx.offline or not fx.enabled:
            state = "is offline" if fx.offline else "is bypassed"
            yield LeftAlone(what=fx.name, why=f"{state}, so it stays as it is")
        elif fx.wet < FULLY_WET and _is_wanted(chain, fx):
            yield LeftAlone(what=fx.name, why="mixes the untouched sound in: set its Wet knob to 100 %")
        elif _is_wanted(chain, fx):
            yield LeftAlone(what=fx.name, why="only the first one of its kind on the track is set")
        else:
            yield LeftAlone(what=fx.name, why=f"the model {chain.name} does not set it")


def _is_wanted(chain: Chain, fx: FxSnapshot) -> bool:
    plugins = {slot.plugin for slot in chain.slots}
    stock = any(is_stock(fx, entry) and plugins & set(entry.plugin) for entry in stock_fx())
    return stock or any(is_plugin(fx, plugin_name(slot)) for slot in chain.slots if ":" in slot.plugin)
