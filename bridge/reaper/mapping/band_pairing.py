"""Which bands of REAPER's equaliser stand for which slots: of the right type, as near to each range as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import isfinite, log2

from bridge.plugins.chain.chain import Slot
from bridge.reaper.mapping.display_law import read_quantity
from bridge.reaper.mapping.stock_fx import StockFx
from bridge.reaper.protocol.fx_snapshot import FxSnapshot


def pair_with_bands(slots: Sequence[Slot], stock: StockFx, fx: FxSnapshot) -> Iterator[tuple[Slot, int | None]]:
    """Pair slots with bands of their type, both in rising order of frequency, as close to each slot's range as can be.

    Bands that are over stay as they are; of slots without a band type, the first is taken.
    """
    for plugin in dict.fromkeys(slot.plugin for slot in slots):
        alike = [slot for slot in slots if slot.plugin == plugin]
        band_type = stock.plugin[plugin].band_type
        if band_type is None:
            yield alike[0], None
            continue
        bands = _band_frequencies(fx, band_type)
        count = min(len(alike), len(bands))
        pairings = (
            list(zip(some, chosen, strict=True))
            for some in combinations(alike, count)
            for chosen in combinations(bands, count)
        )
        best = min(pairings, key=lambda pairs: sum(_octaves_outside(slot, hz) for slot, (hz, _) in pairs))
        band_of = {slot.name: band for slot, (_, band) in best}
        yield from ((slot, band_of.get(slot.name)) for slot in alike)


def _band_frequencies(fx: FxSnapshot, band_type: int) -> list[tuple[float, int]]:
    """(frequency in Hz, band index) of each band of a type, in rising order."""
    found: list[tuple[float, int]] = []
    for parameter in fx.parameters:
        if parameter.eq and parameter.eq.band_type == band_type and parameter.eq.kind == "frequency":
            quantity, place = read_quantity(parameter.text), parameter.eq.band_index
            is_shown = quantity is not None and isfinite(quantity.value)
            found.append((quantity.value if quantity and is_shown else float(place), place))
    return sorted(found)


def _octaves_outside(slot: Slot, frequency_hz: float) -> float:
    """How far a band lies outside of the range in which the slot's frequency may move."""
    control = next((control for control in slot.controls if control.unit == "Hz"), None)
    if control is None or frequency_hz <= 0:
        return 0.0
    low_hz, high_hz = sorted((control.real_value(control.low), control.real_value(control.high)))
    return max(log2(max(low_hz, 1e-3) / frequency_hz), log2(frequency_hz / max(high_hz, 1e-3)), 0.0)
