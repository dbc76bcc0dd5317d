"""REAPER's stock FX that stand for pedalboard's effects: the table `stock_fx.toml`, which FX is which entry, and which
of its parameters the table speaks of, whatever language REAPER speaks.

A parameter is found by ident, else by name; and where neither says so, by the number that the table gives it, if
nothing speaks against it: all parameters that are known by ident or name stand at their numbers, this one is none of
them, and what it displays reaches from where to where the table says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
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


class KnownParameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a parameter is recognised: by one of `names`, or by its `number` and where its `lowest` and `highest`
    displayed values lie (see above)."""

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
        """Return whether a parameter is neutral, by what it displays or as a switch."""
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


@dataclass(frozen=True)
class StockParameters:
    """The parameters of one FX, as the entry of the table has them."""

    stock: StockFx
    parameters: Sequence[ParameterSnapshot]

    def find(self, known: KnownParameter) -> ParameterSnapshot | None:
        """The parameter that an entry of the table is; None where that cannot be said."""
        named = find_parameter(known.names, self.parameters) if known.names else None
        if named is not None or known.number is None or not self._are_numbers_right:
            return named
        numbered = next((p for p in self.parameters if p.index == known.number), None)
        if numbered is None or numbered.index in self._named or not _displays(numbered, known):
            return None
        return numbered

    @cached_property
    def found(self) -> frozenset[int]:
        """The indices of all parameters that the table speaks of."""
        found = (self.find(known) for known in self.stock.known_parameters)
        return frozenset(parameter.index for parameter in found if parameter is not None)

    @cached_property
    def _named(self) -> dict[int, int | None]:
        """The number of each parameter that is known by ident or name, by its index."""
        named = ((find_parameter(known.names, self.parameters), known) for known in self.stock.known_parameters)
        return {parameter.index: known.number for parameter, known in named if parameter is not None}

    @cached_property
    def _are_numbers_right(self) -> bool:
        return all(number in (None, index) for index, number in self._named.items())


def _displays(parameter: ParameterSnapshot, known: KnownParameter) -> bool:
    """Whether the lowest and the highest value that a parameter displays lie where the table says."""
    if known.lowest is None or known.highest is None:
        return True
    shown = [q.value for _, text in (*parameter.grid[:1], *parameter.grid[-1:]) if (q := read_quantity(text))]
    return len(shown) == 2 and all(
        low <= value <= high for value, (low, high) in zip(sorted(shown), (known.lowest, known.highest), strict=True)
    )


def find_stock_parameter(
    stock: StockFx, control: StockControl, band: tuple[int, int] | None, parameters: Sequence[ParameterSnapshot]
) -> ParameterSnapshot | None:
    """The parameter of an FX that a control is: by its role in `band` (type, index), else as the table knows it."""
    roles = ((p, p.eq) for p in parameters if p.eq is not None)
    by_role = (p for p, eq in roles if (eq.band_type, eq.band_index) == band and eq.kind == control.kind)
    return next(by_role, None) or StockParameters(stock, parameters).find(control)


def unmet_requirements(stock: StockFx, fx: FxSnapshot) -> Iterator[LeftAlone]:
    """What of an FX is not neutral, as far as it is heard: demands that are not met, those that no parameter can be
    found for, and settings that the table does not know."""
    known = StockParameters(stock, fx.parameters)
    for required in stock.requirements:
        parameter = known.find(required)
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
        is_known = parameter.eq is not None or parameter.index in known.found
        if not is_known and parameter.normalized >= AT_REST:
            yield LeftAlone(
                what=fx.name,
                kind=LeftAloneKind.UNKNOWN_SETTING,
                fx=fx.name,
                parameter=parameter.name,
                text=parameter.text,
            )
