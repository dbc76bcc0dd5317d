"""REAPER's limiter on a track: its threshold and ceiling, by what they display.

Nothing renders it: what its threshold does to the level is known to REAPER alone, and found by trying.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.reaper.mapping.fx_matching import ControlBinding, is_audible
from bridge.reaper.mapping.identity import file_stem, find_parameter, is_plugin
from bridge.reaper.mapping.parameter_conversion import ParameterConversion, convert_displayed
from bridge.reaper.protocol.fx_snapshot import FULLY_WET, FxSnapshot
from bridge.reaper.protocol.messages import Change, Write

NAME, FILE_STEM, SLOT = "ReaLimit", "realimit", "limiter"
PARAMETERS = {"threshold_db": "Threshold", "ceiling_db": "Ceiling"}
LOWEST_DB, HIGHEST_DB = -60.0, 12.0


@dataclass(frozen=True)
class StockLimiter:
    """The limiter's two levels."""

    threshold: ParameterConversion
    ceiling: ParameterConversion

    @property
    def threshold_db(self) -> float:
        return _real(self.threshold, self.threshold.found)

    @property
    def ceiling_db(self) -> float:
        return _real(self.ceiling, self.ceiling.found)

    def realized(self, threshold_db: float, ceiling_db: float) -> tuple[float, float]:
        """What the limiter has once these are written, in dB: within its range and steps."""
        pairs = ((self.threshold, threshold_db), (self.ceiling, ceiling_db))
        threshold, ceiling = (_real(c, c.realized(c.control.normalized(value))) for c, value in pairs)
        return threshold, ceiling

    def writes(self, threshold_db: float, ceiling_db: float) -> tuple[Write, ...]:
        """The writes that take it there; none for a level that it displays already."""
        pairs = ((self.threshold, threshold_db), (self.ceiling, ceiling_db))
        return tuple(c.write(c.control.normalized(value)) for c, value in pairs if not _is_shown(c, value))

    def changes(self, threshold_db: float, ceiling_db: float) -> tuple[Change, ...]:
        """What is told of these writes."""
        pairs = ((self.threshold, threshold_db), (self.ceiling, ceiling_db))
        return tuple(_change(c, value) for c, value in pairs if not _is_shown(c, value))


def find_stock_limiter(fx_chain: Sequence[FxSnapshot]) -> StockLimiter | None:
    """The last ReaLimit that is fully heard and whose levels can be read and set; None where there is none."""
    for fx in sorted(fx_chain, key=lambda fx: -fx.index):
        is_it = is_plugin(fx, NAME, kind="VST") or (fx.type in ("VST", "") and file_stem(fx.ident) == FILE_STEM)
        if is_it and is_audible(fx) and fx.wet >= FULLY_WET and not fx.modes:
            found = {name: _conversion(fx, name, shown) for name, shown in PARAMETERS.items()}
            threshold, ceiling = found["threshold_db"], found["ceiling_db"]
            if threshold is not None and ceiling is not None:
                return StockLimiter(threshold, ceiling)
    return None


def _conversion(fx: FxSnapshot, name: str, shown: str) -> ParameterConversion | None:
    parameter = find_parameter((shown,), fx.parameters)
    if parameter is None:
        return None
    binding = ControlBinding(name, fx, parameter, "dB", is_same_plugin=False)
    if binding.held(SLOT, ()) is not None:
        return None
    control = Control(slot=SLOT, name=name, unit="dB", law=RangeLaw(low=LOWEST_DB, high=HIGHEST_DB))
    conversion = convert_displayed(binding, control)
    return conversion if isinstance(conversion, ParameterConversion) else None


def _real(conversion: ParameterConversion, normalized: float) -> float:
    return conversion.control.real_value(normalized)


def _is_shown(conversion: ParameterConversion, value_db: float) -> bool:
    return conversion.is_shown(conversion.control.normalized(value_db))


def _change(conversion: ParameterConversion, value_db: float) -> Change:
    control = conversion.control
    fx_normalized = conversion.written(control.normalized(value_db))
    return Change(
        slot=SLOT,
        plugin=conversion.binding.fx.name,
        control=control.name,
        unit=control.unit,
        before=_real(conversion, conversion.found),
        after=value_db,
        text=conversion.text(fx_normalized),
        confidence=1.0,
    )
