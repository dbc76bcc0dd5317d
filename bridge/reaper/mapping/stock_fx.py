"""REAPER's stock FX that stand for pedalboard's effects: the table `stock_fx.toml`, and which FX is which entry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from bridge.reaper.mapping.display_law import read_quantity
from bridge.reaper.mapping.identity import file_stem, find_parameter, is_plugin
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind, Requirement
from bridge.reaper.protocol.messages import FxSnapshot, ParameterSnapshot


class StockControl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which parameter a control is: a `kind` of an equaliser band, or a parameter with one of `names`.

    `unit` is the unit of its texts where they name none.
    """

    unit: str
    kind: str = ""
    names: tuple[str, ...] = ()


class StockFxEffect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands for one of pedalboard's effects: a band of an equaliser, or (without a type) parameters by name.

    `times` of the effect in a row sound like it; `off` holds real values at which the effect does nothing, where the
    band is switched off.
    """

    control: dict[str, StockControl]
    band_type: int | None = None
    times: int = 1
    off: dict[str, float] = {}


class NeutralRequirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter that must be neutral for the FX to act as the effect does; without a bound, a switch that is off."""

    kind: Requirement
    names: tuple[str, ...]
    at_most: float | None = None
    at_least: float | None = None

    def is_met(self, parameter: ParameterSnapshot) -> bool:
        if self.at_most is None and self.at_least is None:
            return parameter.normalized < 0.5
        quantity = read_quantity(parameter.text)
        if quantity is None:
            return False
        is_low_enough = self.at_most is None or quantity.value <= self.at_most
        return is_low_enough and (self.at_least is None or quantity.value >= self.at_least)


class StockFx(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One FX of REAPER's and the effects that it stands for: an entry of `stock_fx.toml`.

    `context` is what else of it is audible and how that is rendered; it stands for no slot.
    """

    name: str
    file_stem: str
    plugin: dict[str, StockFxEffect]
    context: dict[str, StockFxEffect] = {}
    requirements: tuple[NeutralRequirement, ...] = ()


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


def unmet_requirements(stock: StockFx, fx: FxSnapshot) -> Iterator[LeftAlone]:
    """What of an FX is not neutral; a parameter that it has not meets its requirement."""
    for required in stock.requirements:
        parameter = find_parameter(required.names, fx.parameters)
        if parameter is not None and not required.is_met(parameter):
            yield LeftAlone(
                what=fx.name,
                kind=LeftAloneKind.UNMET_REQUIREMENT,
                fx=fx.name,
                requirement=required.kind,
                parameter=parameter.name,
                text=parameter.text,
                at_most=required.at_most,
                at_least=required.at_least,
            )
