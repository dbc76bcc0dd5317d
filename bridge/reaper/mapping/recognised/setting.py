"""One parameter to set: where to, and what it must display then."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.reaper.mapping.display_law import COARSEST, FINEST
from bridge.reaper.mapping.recognised.settable import Settable, Switch
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.messages import Write


@dataclass(frozen=True)
class Setting:
    """A parameter, its new normalized value, the text it then displays ('' where not known) and how far a read-back may
    lie off."""

    parameter: ParameterSnapshot
    normalized: float
    text: str
    tolerance: float
    is_switch: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether the parameter displays it already."""
        distance = abs(self.normalized - self.parameter.normalized)
        return distance <= FINEST or (bool(self.text) and self.text == self.parameter.text and distance <= COARSEST)

    def write(self, fx: FxSnapshot, control: str, unit: str, confidence: float) -> Write:
        """The write of this setting, for a control of the model."""
        return Write(
            fx_guid=fx.guid,
            ident=self.parameter.ident,
            index=self.parameter.index,
            before=self.parameter.normalized,
            normalized=self.normalized,
            expected_text=self.text,
            tolerance=self.tolerance,
            is_switch=self.is_switch,
            control=control,
            unit=unit,
            confidence=confidence,
        )


def number_setting(control: Settable, value: float) -> Setting:
    """A number set to the nearest value that can be had."""
    normalized, law = control.normalized(value), control.law
    if control.steps:
        others = [abs(n - normalized) for n, _ in control.steps if n != normalized]
        return Setting(
            control.parameter, normalized, _text_at(control.parameter, normalized), min(min(others) / 2, COARSEST)
        )
    text = law.text(normalized) if law.is_sure(normalized) else ""
    tolerance = min(max(law.uncertainty(normalized), FINEST), COARSEST)
    return Setting(control.parameter, normalized, text, tolerance)


def choice_setting(parameter: ParameterSnapshot, normalized: float) -> Setting:
    """A choice, by a normalized value at which it is displayed."""
    return Setting(parameter, normalized, _text_at(parameter, normalized), COARSEST, is_switch=True)


def switch_setting(switch: Switch, *, is_on: bool) -> Setting:
    """A switch in one of its states."""
    return choice_setting(switch.parameter, switch.on if is_on else switch.off)


def _text_at(parameter: ParameterSnapshot, normalized: float) -> str:
    return next((text for n, text in parameter.grid if n == normalized), "")
