"""One control between a chain's settings and a parameter of an FX on the track, in both directions.

The same plugin in both places shares its normalized values, once the displayed texts agree with what calibration
measured. Everything else crosses as a displayed value, through the law measured from the texts in the request.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bridge.plugins.chain.parameter import Control, RangeLaw
from bridge.reaper.mapping.display_law import FxDisplayLaw, conversion, measure_fx_display_law, read_quantity
from bridge.reaper.mapping.fx_matching import ControlBinding
from bridge.reaper.protocol.messages import ParameterSnapshot

LOWEST, HIGHEST = -4.0, 5.0
"""How far a user's setting may lie outside of a control's range, in widths of it; beyond, it counts as this far."""

FINEST = 1e-4
"""The smallest tolerance for a read-back, normalized: hosts and plugins keep float32."""

COARSEST = 0.05
"""The largest tolerance: a read-back that is further off is reported."""

_AGREEMENT = 0.015  # share of a law's span by which two displays of one value may differ


@dataclass(frozen=True)
class ParameterConversion:
    """`to_parameter`: a setting of the chain -> REAPER's normalized value, 0..1. `to_setting` is the way back."""

    place: ControlBinding
    control: Control
    shown: FxDisplayLaw | None
    to_parameter: Callable[[float], float]
    to_setting: Callable[[float], float]
    is_told: bool = True  # off: without texts from the FX, nothing says what it displays

    @property
    def found(self) -> float:
        """The setting that the FX stands at, whatever the control's range."""
        return self.to_setting(_clamped(self.place.parameter.normalized))

    @property
    def current(self) -> float:
        """The setting that the user has, from the displayed value where there is one."""
        return min(max(self.found, LOWEST), HIGHEST)

    def written(self, setting: float) -> float:
        """REAPER's normalized value for a setting: the present one where the FX shows that setting already."""
        normalized, present = self.to_parameter(setting), self.place.parameter.normalized
        is_shown = abs(normalized - present) <= self.tolerance(normalized) / 2
        return _clamped(present) if is_shown else normalized

    def is_shown(self, setting: float) -> bool:
        """Whether writing a setting would change nothing that the FX shows."""
        return self.written(setting) == _clamped(self.place.parameter.normalized)

    def expected_text(self, normalized: float) -> str:
        """What the FX must display at REAPER's `normalized`; '' where the texts known of it leave that open."""
        is_sure = self.is_told if self.shown is None else self.shown.is_sure(normalized)
        return self.text(normalized) if is_sure else ""

    def text(self, normalized: float) -> str:
        """What the FX is likely to display at REAPER's `normalized`."""
        if self.shown is not None:
            return self.shown.text(normalized)
        return self.control.text(self.to_setting(normalized))

    def tolerance(self, normalized: float) -> float:
        """How far a read-back may lie from `normalized`: half a step of the parameter, or what its texts leave open."""
        step = _step(self.place.parameter) / 2
        open_range = self.shown.uncertainty(normalized) if self.shown is not None else 0.0
        return min(max(step, open_range, FINEST), COARSEST)


def convert_displayed(place: ControlBinding, control: Control) -> ParameterConversion | str:
    """The translation for a control in its place, or the reason why there is none."""
    parameter = place.parameter
    shown = measure_fx_display_law(parameter.grid)
    if place.is_same_plugin and _displays_agree(parameter, control):
        snap = _snap(parameter)
        return ParameterConversion(
            place, control, shown, lambda setting: snap(_clamped(setting)), lambda normalized: normalized
        )
    if shown is None:
        return "what it displays is no rising or falling row of numbers"
    if not _follows(parameter, shown):
        return f"it displays {parameter.text!r}, which its own grid of values does not confirm"
    units = conversion(control.unit, shown.unit or place.shown_unit)
    if units is None:
        return f"it displays {shown.unit or place.shown_unit!r} where the model sets {control.unit!r}"
    to_shown, from_shown = units
    snap = _snap(parameter)
    return ParameterConversion(
        place,
        control,
        shown,
        to_parameter=lambda setting: snap(shown.normalized(to_shown(control.real_value(setting)))),
        to_setting=lambda normalized: control.normalized(from_shown(shown.value(normalized))),
    )


def convert_identical(place: ControlBinding, control: Control) -> ParameterConversion:
    """The translation between two instances of one plugin: none, but for the parameter's own steps."""
    snap, shown = _snap(place.parameter), measure_fx_display_law(place.parameter.grid)
    return ParameterConversion(
        place, control, shown, lambda setting: snap(_clamped(setting)), to_setting=float, is_told=False
    )


def fixed_control(slot: str, name: str, unit: str) -> Control:
    """A control whose setting is its real value: stands for a fixed setting of a slot."""
    return Control(slot=slot, name=name, unit=unit, law=RangeLaw(low=0.0, high=1.0))


def _displays_agree(parameter: ParameterSnapshot, control: Control) -> bool:
    """Whether the FX displays what calibration saw, wherever the request holds a text for it."""
    span = abs(control.real_value(1.0) - control.real_value(0.0))
    for normalized, text in _texts(parameter):
        if control.choices:
            if control.text(normalized).lower() != text.strip().lower():
                return False
            continue
        quantity = read_quantity(text)
        if quantity is None or not math.isfinite(quantity.value):
            continue
        expected = control.real_value(normalized)
        units = conversion(control.unit, quantity.unit) if quantity.unit is not None else None
        expected = units[0](expected) if units else expected
        if abs(quantity.value - expected) > quantity.step + _AGREEMENT * max(span, abs(expected)):
            return False
    return True


def _follows(parameter: ParameterSnapshot, shown: FxDisplayLaw) -> bool:
    """Whether the text of the current value lies where the grid puts it: a text shown late does not."""
    quantity = read_quantity(parameter.text)
    if quantity is None or not math.isfinite(quantity.value):
        return True
    span = abs(shown.law.shown[-1] - shown.law.shown[0])
    difference = abs(quantity.value - shown.value(_clamped(parameter.normalized)))
    return difference <= quantity.step + _AGREEMENT * max(span, abs(quantity.value))


def _texts(parameter: ParameterSnapshot) -> Iterator[tuple[float, str]]:
    yield from parameter.grid
    yield _clamped(parameter.normalized), parameter.text


def _step(parameter: ParameterSnapshot) -> float:
    """The parameter's own step in normalized units; 0 where it has none."""
    if parameter.is_toggle:
        return 1.0
    width = parameter.max - parameter.min
    return min(parameter.step / width, 1.0) if parameter.step and width > 0 else 0.0


def _snap(parameter: ParameterSnapshot) -> Callable[[float], float]:
    step = _step(parameter)
    if step <= FINEST:
        return lambda normalized: normalized
    return lambda normalized: _clamped(round(normalized / step) * step)


def _clamped(normalized: float) -> float:
    return min(max(normalized, 0.0), 1.0)
