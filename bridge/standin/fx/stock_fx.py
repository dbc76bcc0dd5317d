"""What the doubles of REAPER's stock FX share: parameters whose laws and displays are drawn at random, values that
are kept in this process. The FX themselves are in `stock`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bridge.standin.fx.display_laws import StockLaw, ValueDisplay, draw_display, draw_law, straight_law
from bridge.standin.fx.fx import StandInFx, StandInParameter

_RAW_RANGES = ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (0.0, 100.0), (-150.0, 12.0), (-1.0, 1.0))


@dataclass(frozen=True)
class StockParameter:
    """A parameter before it has a place: its range and the axis along which its law is drawn; '' for a straight one."""

    name: str
    unit: str
    low: float
    high: float
    axis: str
    default: float  # real value
    is_toggle: bool = False
    choices: tuple[str, ...] = ()  # texts; the first one is the default


class StockFxDouble(StandInFx):
    """A double whose parameters hold values in this process. Some have a raw range other than 0..1."""

    def __init__(
        self, name: str, file: str, specs: Sequence[StockParameter], rng: random.Random, touch: Callable[[], None]
    ) -> None:
        self.laws = [draw_law(rng, spec.low, spec.high, spec.axis) if spec.axis else straight_law() for spec in specs]
        display = draw_display(rng)
        parameters = [_parameter(i, *pair, display) for i, pair in enumerate(zip(specs, self.laws, strict=True))]
        ident = f"/opt/REAPER/Plugins/FX/{file}.vst.so<{rng.getrandbits(31)}"
        self._rng = random.Random(ident)  # for what is not a law: it leaves the laws of a seed as they are
        for index, parameter in enumerate(parameters):
            low, high = (0.0, 1.0) if parameter.step else self._rng.choice(_RAW_RANGES)
            parameters[index] = replace(parameter, low=low, high=high)
        super().__init__(name=name, ident=ident, parameters=parameters, touch=touch, formats_values=True)
        self._values = [parameter.default for parameter in parameters]

    def real_value(self, parameter: str) -> float:
        """Return the parameter's value, in its unit."""
        index = self.index(parameter)
        return self.laws[index].to_real(self._values[index])

    def set_real_value(self, parameter: str, real_value: float) -> None:
        """Set the parameter to a value, in its unit."""
        index = self.index(parameter)
        self._values[index] = self.laws[index].to_normalized(real_value)
        self.touch()

    def _use(self, specs: Sequence[StockParameter], names: tuple[str, ...]) -> None:
        """Draw values for the parameters whose names begin so, as if a user had worked with this FX."""
        for index, spec in enumerate(specs):
            if spec.name.startswith(names):
                around = self.laws[index].to_normalized(spec.default)
                self._values[index] = min(max(around + self._rng.uniform(-0.25, 0.25), 0.05), 0.95)

    def _load(self, index: int) -> float:
        return self._values[index]

    def _store(self, index: int, normalized: float) -> None:
        step = self.parameters[index].step
        self._values[index] = round(normalized / step) * step if step else normalized


def _parameter(index: int, spec: StockParameter, law: StockLaw, display: ValueDisplay) -> StandInParameter:
    if spec.is_toggle:
        text: Callable[[float], str] = lambda n: "On" if n >= 0.5 else "Off"  # noqa: E731
        return StandInParameter(spec.name, _ident(index, spec.name), spec.default, text, step=1.0, is_toggle=True)
    if spec.choices:
        last = len(spec.choices) - 1
        text = lambda n: spec.choices[round(n * last)]  # noqa: E731
        return StandInParameter(spec.name, _ident(index, spec.name), 0.0, text, step=1.0 / last)
    text = lambda n: display.text(law.to_real(n), spec.unit)  # noqa: E731
    return StandInParameter(spec.name, _ident(index, spec.name), law.to_normalized(spec.default), text)


def _ident(index: int, name: str) -> str:
    return f"{index}:_{name.replace(' ', '_').replace('-', '_')}"
