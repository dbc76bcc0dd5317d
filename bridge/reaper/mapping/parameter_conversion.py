"""One control between a chain's normalized values and a parameter of an FX on the track, in both directions.

The same plugin in both places shares its normalized values, once the displayed texts agree with what calibration
measured. Everything else crosses as a displayed value, through the law measured from the texts in the request.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.reaper.mapping.display_law import (
    COARSEST,
    FINEST,
    FxDisplayLaw,
    conversion,
    measure_fx_display_law,
    read_quantity,
)
from bridge.reaper.mapping.fx_matching import ControlBinding
from bridge.reaper.protocol.fx_snapshot import ParameterSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.reaper.protocol.messages import Write

LOWEST, HIGHEST = -4.0, 5.0
"""How far a user's value may lie outside of a control's range, in widths of it; beyond, it counts as this far."""

_AGREEMENT = 0.015  # share of a law's span by which two displays of one value may differ


@dataclass(frozen=True)
class ParameterConversion:
    """A control of a chain (`normalized`) and its FX parameter (`fx_normalized`, 0..1 as REAPER has it).

    Attributes:
        law: what the FX displays; None where its texts tell none.
        to_fx: normalized -> fx_normalized; `from_fx` is the way back.
        has_known_texts: off where, without a law, nothing says what the FX will display.
    """

    binding: ControlBinding
    control: Control
    law: FxDisplayLaw | None
    to_fx: Callable[[float], float]
    from_fx: Callable[[float], float]
    has_known_texts: bool = True

    @property
    def found(self) -> float:
        """The control's normalized value on the track, whatever its range."""
        return self.from_fx(_clamped(self.binding.parameter.normalized))

    @property
    def current(self) -> float:
        """The same within `LOWEST`..`HIGHEST`."""
        return min(max(self.found, LOWEST), HIGHEST)

    def written(self, normalized: float) -> float:
        """The fx_normalized to write: the present one where the FX displays the value already."""
        fx_normalized, present = self.to_fx(normalized), self.binding.parameter.normalized
        is_shown = abs(fx_normalized - present) <= self.tolerance(fx_normalized) / 2
        return _clamped(present) if is_shown else fx_normalized

    def realized(self, normalized: float) -> float:
        """The normalized value that the control has once `normalized` is written."""
        return self.from_fx(self.written(normalized))

    def is_shown(self, normalized: float) -> bool:
        """Whether writing a value would change nothing that the FX displays."""
        return self.written(normalized) == _clamped(self.binding.parameter.normalized)

    def expected_text(self, fx_normalized: float) -> str:
        """What the FX must display; '' where the texts known of it leave that open."""
        is_sure = self.has_known_texts if self.law is None else self.law.is_sure(fx_normalized)
        return self.text(fx_normalized) if is_sure else ""

    def text(self, fx_normalized: float) -> str:
        """What the FX is likely to display."""
        if self.law is not None:
            return self.law.text(fx_normalized)
        return self.control.text(self.from_fx(fx_normalized))

    def tolerance(self, fx_normalized: float) -> float:
        """How far a read-back may lie off: half a step of the parameter, or what its texts leave open."""
        step = _step(self.binding.parameter) / 2
        open_range = self.law.uncertainty(fx_normalized) if self.law is not None else 0.0
        return min(max(step, open_range, FINEST), COARSEST)

    def write(self, normalized: float) -> Write:
        """What sets the parameter to a normalized value of the control."""
        parameter, fx_normalized = self.binding.parameter, self.written(normalized)
        return Write(
            fx_guid=self.binding.fx.guid,
            ident=parameter.ident,
            index=parameter.index,
            before=parameter.normalized,
            normalized=fx_normalized,
            expected_text=self.expected_text(fx_normalized),
            tolerance=self.tolerance(fx_normalized),
            is_switch=parameter.is_toggle or bool(self.control.choices),
            control=self.control.label,
            unit=self.control.unit,
        )


def convert_displayed(binding: ControlBinding, control: Control) -> ParameterConversion | LeftAlone:
    """Return how values cross between a control and the FX parameter that it is bound to.

    Args:
        binding: the parameter, with its texts.
        control: of the chain.

    Returns:
        The conversion; or why the slot is left alone: the texts are no numbers, disagree, or have another unit.
    """
    parameter = binding.parameter
    snap = _snap(parameter)
    law = measure_fx_display_law(parameter.grid)
    if binding.is_same_plugin and _displays_agree(parameter, control):
        return ParameterConversion(binding, control, law, to_fx=lambda value: snap(_clamped(value)), from_fx=float)
    if law is None:
        return binding.left_alone(control.slot, LeftAloneKind.NO_DISPLAY_LAW)
    unit = law.unit or binding.shown_unit
    units = conversion(control.unit, unit)
    if not _confirms(law, parameter):
        return binding.left_alone(control.slot, LeftAloneKind.UNCONFIRMED_DISPLAY, text=parameter.text)
    if units is None:
        return binding.left_alone(control.slot, LeftAloneKind.OTHER_UNIT, unit=unit, wanted_unit=control.unit)
    to_shown, from_shown = units
    return ParameterConversion(
        binding,
        control,
        law,
        to_fx=lambda value: snap(law.normalized(to_shown(control.real_value(value)))),
        from_fx=lambda fx_normalized: control.normalized(from_shown(law.value(fx_normalized))),
    )


def convert_fixed(binding: ControlBinding, slot: str) -> ParameterConversion | LeftAlone:
    """The conversion for a fixed setting of a slot, by a control whose normalized value is its real value."""
    unit = "Q" if binding.name == "q" else binding.shown_unit
    control = Control(slot=slot, name=binding.name, unit=unit, law=RangeLaw(low=0.0, high=1.0))
    if not binding.is_same_plugin:
        return convert_displayed(binding, control)
    snap, law = _snap(binding.parameter), measure_fx_display_law(binding.parameter.grid)
    return ParameterConversion(
        binding, control, law, to_fx=lambda value: snap(_clamped(value)), from_fx=float, has_known_texts=False
    )


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


def _confirms(law: FxDisplayLaw, parameter: ParameterSnapshot) -> bool:
    """Whether the text of the current value lies where the grid puts it: a text shown late does not."""
    quantity = read_quantity(parameter.text)
    if quantity is None or not math.isfinite(quantity.value):
        return True
    span = abs(law.law.shown[-1] - law.law.shown[0])
    difference = abs(quantity.value - law.value(_clamped(parameter.normalized)))
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
