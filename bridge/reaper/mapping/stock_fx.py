"""REAPER's stock FX that stand for pedalboard's effects: the table `stock_fx.toml`, and which FX is which entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import msgspec

from bridge.reaper.mapping.display_law import read_quantity
from bridge.reaper.mapping.identity import file_stem, find_parameter, is_plugin
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind, Requirement

MASTER_GAIN = -1
"""REAPER's band type of an equaliser's gain behind all bands."""

AT_REST = 1e-4
"""A choice or a setting of less, normalized, is the first one."""


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
    """A parameter that must be neutral for the FX to act as the effect does; without a bound, a switch that is off or a
    choice that is the first one."""

    kind: Requirement
    names: tuple[str, ...]
    at_most: float | None = None
    at_least: float | None = None

    def is_met(self, parameter: ParameterSnapshot) -> bool:
        if self.at_most is None and self.at_least is None:
            return parameter.normalized < 0.5 if parameter.is_toggle else parameter.normalized < AT_REST
        quantity = read_quantity(parameter.text)
        if quantity is None:
            return False
        is_low_enough = self.at_most is None or quantity.value <= self.at_most
        return is_low_enough and (self.at_least is None or quantity.value >= self.at_least)


class StockFx(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One FX of REAPER's and the effects that it stands for: an entry of `stock_fx.toml`.

    `context` is what else of it is audible and how that is rendered; it stands for an output gain that no other FX
    carries. `inert` parameters change nothing that is heard.
    """

    name: str
    file_stem: str
    plugin: dict[str, StockFxEffect]
    context: dict[str, StockFxEffect] = {}
    requirements: tuple[NeutralRequirement, ...] = ()
    inert: tuple[str, ...] = ()

    @property
    def known_names(self) -> tuple[str, ...]:
        """The names of all parameters that the table speaks of."""
        effects = (*self.plugin.values(), *self.context.values())
        of_controls = (name for effect in effects for control in effect.control.values() for name in control.names)
        return (*of_controls, *(name for required in self.requirements for name in required.names), *self.inert)


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


def find_stock_parameter(
    known: StockControl, band: tuple[int, int] | None, parameters: Iterable[ParameterSnapshot]
) -> ParameterSnapshot | None:
    """The parameter of an FX that a control is: by its role in `band` (type, index), else by its names."""
    listed = tuple(parameters)
    by_role = (p for p in listed if p.eq and (p.eq.band_type, p.eq.band_index) == band and p.eq.kind == known.kind)
    return next(by_role, None) or (find_parameter(known.names, listed) if known.names else None)


def unmet_requirements(stock: StockFx, fx: FxSnapshot) -> Iterator[LeftAlone]:
    """What of an FX is not neutral, as far as it is heard: demands that are not met, those that no parameter can be
    found for, and settings that the table does not know."""
    for required in stock.requirements:
        parameter = find_parameter(required.names, fx.parameters)
        if parameter is None:
            yield LeftAlone(what=fx.name, kind=LeftAloneKind.NO_PARAMETER, fx=fx.name, parameter=required.names[0])
        elif not required.is_met(parameter):
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
    for parameter in fx.parameters:
        is_known = parameter.eq is not None or find_parameter(stock.known_names, [parameter]) is not None
        if not is_known and parameter.normalized >= AT_REST:
            yield LeftAlone(
                what=fx.name,
                kind=LeftAloneKind.UNKNOWN_SETTING,
                fx=fx.name,
                parameter=parameter.name,
                text=parameter.text,
            )


def unmet_modes(fx: FxSnapshot) -> Iterator[LeftAlone]:
    """How REAPER runs an FX otherwise than what is rendered in its place."""
    for mode in fx.modes:
        yield LeftAlone(what=fx.name, kind=LeftAloneKind.UNMET_REQUIREMENT, fx=fx.name, requirement=Requirement(mode))
