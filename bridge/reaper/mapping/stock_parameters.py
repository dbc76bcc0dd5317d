"""Which parameters of a stock FX are the ones that the table speaks of, whatever language REAPER speaks.

By ident, else by name; and where neither says so, by the number that the table gives it, if nothing speaks against it:
all parameters that are known by ident or name stand at their numbers, this one is none of them, and what it displays
reaches from where to where the table says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bridge.reaper.mapping.display_law import read_quantity
from bridge.reaper.mapping.identity import find_parameter
from bridge.reaper.mapping.stock_fx import AT_REST, KnownParameter, StockControl, StockFx
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind


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
