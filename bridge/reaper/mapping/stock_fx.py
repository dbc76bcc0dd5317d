"""REAPER's stock FX as homes of pedalboard's effects: the table `stock_fx.toml`, and which FX is which entry."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from bridge.reaper.mapping.display_law import read_quantity
from bridge.reaper.mapping.identity import file_stem, find_parameter, is_plugin
from bridge.reaper.protocol.messages import FxSnapshot


class StockControl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a control lives: a `kind` of an equaliser band, or a parameter with one of `names`.

    `unit` is the unit of its texts where they name none.
    """

    unit: str
    kind: str = ""
    names: tuple[str, ...] = ()


class StockFxEffect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands for one of pedalboard's effects: a band of an equaliser, or (without) parameters by name.

    `times` of the effect in a row sound like it; `off` holds real values at which the effect does nothing, where the
    band is switched off.
    """

    control: dict[str, StockControl]
    band_type: int | None = None
    times: int = 1
    off: dict[str, float] = {}


class NeutralRequirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter that must stand in a certain way for the FX to be a home, and what to say where it does not."""

    names: tuple[str, ...]
    why: str
    at_most: float | None = None
    at_least: float | None = None
    is_off: bool = False


class StockFx(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One FX of REAPER as a home of pedalboard's effects: an entry of `stock_fx.toml`.

    `beside` is what else of it is heard and how that is rendered; no slot lives there.
    """

    name: str
    file_stem: str
    plugin: dict[str, StockFxEffect]
    beside: dict[str, StockFxEffect] = {}
    demand: tuple[NeutralRequirement, ...] = ()


class _StockTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fx: tuple[StockFx, ...]


@cache
def stock_fx() -> tuple[StockFx, ...]:
    """The table of REAPER's stock FX."""
    file = Path(__file__).with_name("stock_fx.toml")
    return msgspec.toml.decode(file.read_bytes(), type=_StockTable).fx


def is_stock(fx: FxSnapshot, stock: StockFx) -> bool:
    """Whether an FX is this entry of the table, whatever the user calls it."""
    return is_plugin(fx, stock.name, kind="VST") or (fx.type in ("VST", "") and file_stem(fx.ident) == stock.file_stem)


def find_stock_effect(fx: FxSnapshot, plugin: str) -> StockFxEffect | None:
    """How an FX stands for one of pedalboard's effects, if it does."""
    return next((entry.plugin[plugin] for entry in stock_fx() if plugin in entry.plugin and is_stock(fx, entry)), None)


def is_met(demand: NeutralRequirement, fx: FxSnapshot) -> bool:
    """Whether the demand holds for an FX; one that has no such parameter meets it."""
    parameter = find_parameter(demand.names, fx.parameters)
    if parameter is None:
        return True
    if demand.is_off:
        return parameter.normalized < 0.5
    quantity = read_quantity(parameter.text)
    if quantity is None:
        return False
    is_low_enough = demand.at_most is None or quantity.value <= demand.at_most
    return is_low_enough and (demand.at_least is None or quantity.value >= demand.at_least)
