"""REAPER's stock FX that stand for pedalboard's effects: the table `stock_fx.toml`, and which FX is which entry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from bridge.reaper.mapping.display_law import read_quantity
from bridge.reaper.mapping.identity import file_stem, is_plugin
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind, Requirement

MASTER_GAIN = -1
"""REAPER's band type of an equaliser's gain behind all bands."""

AT_REST = 1e-4
"""A choice or a setting of less, normalized, is the first one."""


class KnownParameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a parameter is recognised: by one of `names`, or by its `number` and where its `lowest` and `highest`
    displayed values lie (see `stock_parameters`)."""

    names: tuple[str, ...] = ()
    number: int | None = None
    lowest: tuple[float, float] | None = None
    highest: tuple[float, float] | None = None


class StockControl(KnownParameter, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which parameter a control is: a `kind` of an equaliser band, or a parameter by itself.

    `unit` is the unit of its texts where they name none.
    """

    unit: str
    kind: str = ""


class StockFxEffect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands for one of pedalboard's effects: a band of an equaliser, or (without a type) parameters by name.

    `times` of the effect in a row sound like it; `off` holds real values at which the effect does nothing, where the
    band is switched off.
    """

    control: dict[str, StockControl]
    band_type: int | None = None
    times: int = 1
    off: dict[str, float] = {}


class NeutralRequirement(KnownParameter, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A parameter that must be neutral for the FX to act as the effect does; without a bound, a switch that is off or a
    choice that is the first one."""

    kind: Requirement
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

    `kind` is the word for what it is, for which a user may prefer another plugin. `context` is what else of it is
    audible and how that is rendered; it stands for an output gain that no other FX carries. `inert` parameters, by name
    and number, change nothing that is heard.
    """

    name: str
    kind: str
    file_stem: str
    plugin: dict[str, StockFxEffect]
    context: dict[str, StockFxEffect] = {}
    requirements: tuple[NeutralRequirement, ...] = ()
    inert: dict[str, int] = {}

    @property
    def known_parameters(self) -> tuple[KnownParameter, ...]:
        """All parameters that the table speaks of, but for those of bands."""
        effects = (*self.plugin.values(), *self.context.values())
        controls = (control for effect in effects for control in effect.control.values() if control.names)
        inert = (KnownParameter(names=(name,), number=number) for name, number in self.inert.items())
        return (*controls, *self.requirements, *inert)


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


def unmet_modes(fx: FxSnapshot) -> Iterator[LeftAlone]:
    """How REAPER runs an FX otherwise than what is rendered in its place."""
    for mode in fx.modes:
        yield LeftAlone(what=fx.name, kind=LeftAloneKind.UNMET_REQUIREMENT, fx=fx.name, requirement=Requirement(mode))
