"""One FX in a chain, as REAPER keeps it: parameters with three values, REAPER's own pseudo parameters behind them,
and the faults that a test may inject. What an FX sounds like is up to its kind (`stock`, `hosted`).
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bridge.standin.faults import InjectedFailure, Misuse
from bridge.standin.fx.language import Language
from bridge.standin.fx.modulation import Modulation
from bridge.standin.fx.pins import PinMappings
from bridge.types import Audio

PSEUDO = (("Bypass", ":bypass"), ("Wet", ":wet"), ("Delta", ":delta"))


@dataclass(frozen=True)
class StandInParameter:
    """A parameter of an FX.

    Attributes:
        text: gives what the FX displays at a normalized value.
        step: its own coarseness in normalized units; None: it is continuous.
        low, high: the ends of its raw range, in which REAPER gives value and steps beside the normalized ones.
    """

    name: str
    ident: str
    default: float
    text: Callable[[float], str]
    step: float | None = None
    is_toggle: bool = False
    low: float = 0.0
    high: float = 1.0


@dataclass
class ParameterFault:
    """A fault that a test injects.

    Attributes:
        step: values snap to multiples, which REAPER knows of where `is_step_known`.
        is_refused: writes change nothing.
        is_late: a new value shows one tick late.
        is_text_late: the text of a new value does.
        shows: the text at every value.
        is_failing: a write raises an error in the script.
    """

    step: float | None = None
    is_step_known: bool = False
    is_refused: bool = False
    is_late: bool = False
    is_text_late: bool = False
    shows: str | None = None
    is_failing: bool = False


@dataclass(frozen=True)
class StandInEqRole:
    """The role of a parameter of ReaEQ: numbers as in TrackFX_GetEQParam."""

    band_type: int
    band_index: int
    kind: int


@dataclass(frozen=True)
class FxState:
    """Everything of an FX that undo restores."""

    values: tuple[float, ...]
    pseudo: tuple[float, ...]
    is_offline: bool
    renamed: str
    pins: tuple[tuple[int, ...], tuple[int, ...]]
    extra: Any


def _keep_nothing(_fx: StandInFx, _parameter: int, _normalized: float) -> None: ...


def new_guid() -> str:
    """Return a new identifier as REAPER writes them, in braces."""
    return "{" + str(uuid.uuid4()).upper() + "}"


class StandInFx(ABC):
    """Base of all FX. `formats_values`: whether the FX can format a value that is not set."""

    type = "VST"
    is_eq = is_instrument = False
    latency_samples = 0  # as reported to REAPER

    def __init__(
        self,
        *,
        name: str,
        ident: str,
        parameters: list[StandInParameter],
        touch: Callable[[], None],
        formats_values: bool,
    ) -> None:
        self.guid = new_guid()
        self.original_name = name
        self.ident = ident
        self.parameters = parameters
        self.formats_values = formats_values
        self.renamed = ""
        self.is_offline = self.is_parallel = False
        self.oversampling_shift = 0
        self.pins = PinMappings()
        self.language = Language()
        self.modulations: dict[int, Modulation] = {}
        self.touch = touch
        self.record: Callable[[StandInFx, int, float], None] = _keep_nothing  # automation, by the track's mode
        self._pseudo = [0.0, 1.0, 0.0]
        self._faults: dict[int, ParameterFault] = {}
        self._late: dict[int, float] = {}  # what a late parameter still shows
        self._late_texts: dict[int, str] = {}

    # ------------------------------------------------------------ for tests

    @property
    def name(self) -> str:
        return self.renamed or self.original_name

    def index(self, parameter: str) -> int:
        """The index of the FX's own parameter of this name."""
        names = [p.name for p in self.parameters]
        if parameter not in names:
            raise Misuse(f"{self.name} has no parameter {parameter!r}; it has {', '.join(names)}")
        return names.index(parameter)

    def fault(self, parameter: str, **faults: Any) -> None:
        """Inject a fault: see `ParameterFault`."""
        self._faults[self.index(parameter)] = ParameterFault(**faults)

    def modulate(self, parameter: str, modulation: Modulation) -> None:
        """Have a parameter moved by something else from now on."""
        self.modulations[self.index(parameter)] = modulation

    def values(self) -> dict[str, tuple[float, str]]:
        """(normalized, text) of each of the FX's own parameters, by name."""
        return {p.name: (self.read_normalized(i), self.text(i)) for i, p in enumerate(self.parameters)}

    # ------------------------------------------------------------ parameters by index, pseudo ones included

    @property
    def parameter_count(self) -> int:
        return len(self.parameters) + len(PSEUDO)

    def own_parameter(self, index: int) -> StandInParameter | None:
        """The FX's own parameter at `index`, None for REAPER's."""
        return self.parameters[index] if 0 <= index < len(self.parameters) else None

    def describe(self, index: int) -> tuple[str, str]:
        """(name, ident) of any parameter."""
        own = self.own_parameter(index)
        return self.language.names(index, own.name, own.ident) if own else PSEUDO[index - len(self.parameters)]

    def find(self, ident: str) -> int:
        return next((i for i in range(self.parameter_count) if self.describe(i)[1] == ident), -1)

    def read_normalized(self, index: int) -> float:
        """The normalized value as REAPER reads it now."""
        if self.own_parameter(index) is None:
            return self._pseudo[index - len(self.parameters)]
        return self._late.get(index, self._load(index))

    def text(self, index: int, normalized: float | None = None) -> str:
        """What the FX displays at a normalized value, by default the one it has now."""
        if normalized is None and index in self._late_texts:
            return self._late_texts[index]
        if normalized is None and (shows := self._fault(index).shows) is not None:
            return shows
        value = self.read_normalized(index) if normalized is None else normalized
        own = self.own_parameter(index)
        return self.language.text(own.text(value)) if own else f"{value:.2f}"

    def write(self, index: int, normalized: float, *, clamp: bool = True) -> None:
        """Set a normalized value as a script does, with the injected faults. OSC passes values on without `clamp`."""
        normalized = min(max(normalized, 0.0), 1.0) if clamp else normalized
        if self.own_parameter(index) is None:
            self._pseudo[index - len(self.parameters)] = normalized
            self.touch()
            self.record(self, index, normalized)
            return
        if index in self.modulations and self.modulations[index].is_active:
            self._set_baseline(self.modulations[index], normalized)
            return
        fault = self._fault(index)
        if fault.is_failing:
            raise InjectedFailure(f"{self.name} failed while {self.describe(index)[0]} was set")
        if fault.is_refused:
            return
        if fault.step:
            normalized = round(normalized / fault.step) * fault.step
        if fault.is_late:
            self._late.setdefault(index, self.read_normalized(index))
        if fault.is_text_late:
            self._late_texts.setdefault(index, self.text(index))
        self._store(index, normalized)
        self.touch()
        self.record(self, index, normalized)

    def _set_baseline(self, modulation: Modulation, normalized: float) -> None:
        """A parameter that something else moves takes no value; only where it moves about one, that one changes."""
        if modulation.kind != "plink":
            modulation.baseline = normalized
        self.touch()

    def apply_envelope(self, index: int, normalized: float) -> None:
        """An envelope sets a parameter: no edit, and none of the injected faults."""
        if self.own_parameter(index) is None:
            self._pseudo[index - len(self.parameters)] = normalized
        elif abs(self._load(index) - normalized) > 0:
            self._store(index, normalized)

    def step_size(self, index: int) -> float | None:
        """The step of a parameter that REAPER knows of, in normalized units."""
        fault, own = self._fault(index), self.own_parameter(index)
        return fault.step if fault.is_step_known else own.step if own else None

    def raw_range(self, index: int) -> tuple[float, float]:
        """The ends of a parameter's raw range."""
        own = self.own_parameter(index)
        return (own.low, own.high) if own else (0.0, 1.0)

    def tick(self, ticks: int = 0) -> None:
        """The `ticks`-th tick passes: late values and texts show, and what is modulated moves."""
        self._late.clear()
        self._late_texts.clear()
        for index, modulation in self.modulations.items():
            if modulation.is_active:
                self._store(index, modulation.value(ticks))

    def _fault(self, index: int) -> ParameterFault:
        return self._faults.get(index, ParameterFault())

    # ------------------------------------------------------------ enabled, undo

    @property
    def is_enabled(self) -> bool:
        return self._pseudo[0] < 0.5

    @is_enabled.setter
    def is_enabled(self, value: bool) -> None:
        self._pseudo[0] = 0.0 if value else 1.0
        self.touch()

    def capture(self) -> FxState:
        values = tuple(self._load(i) for i in range(len(self.parameters)))
        pins = tuple(self.pins.inputs), tuple(self.pins.outputs)
        return FxState(values, tuple(self._pseudo), self.is_offline, self.renamed, pins, self._capture_extra())

    def restore(self, state: FxState) -> None:
        self._late.clear()
        self._late_texts.clear()
        for index, value in enumerate(state.values):
            if self._load(index) != value:
                self._store(index, value)
        self._pseudo = list(state.pseudo)
        self.is_offline, self.renamed = state.is_offline, state.renamed
        self.pins.inputs[:], self.pins.outputs[:] = state.pins
        self._restore_extra(state.extra)

    def _capture_extra(self) -> Any:
        return None

    def _restore_extra(self, extra: Any) -> None:
        del extra

    # ------------------------------------------------------------ what a kind of FX adds

    def eq_role(self, index: int) -> StandInEqRole | None:
        """The role of a parameter of ReaEQ; None for other FX."""
        del index
        return None

    def configuration(self, key: str) -> str | None:
        """TrackFX_GetNamedConfigParm beyond what every FX has."""
        del key
        return None

    def close(self) -> None:  # noqa: B027 - most kinds hold nothing
        """Release what the FX holds outside of this process."""

    def render(self, audio: Audio, sample_rate_hz: float) -> Audio:
        """The FX's output, of the same shape; REAPER's own bypass, wet, delta and pins apply. Delta is the difference
        that the FX makes, by itself."""
        if not self.is_enabled or self.is_offline:
            return audio
        entry = self.pins.feed(audio) if len(audio) > 1 else audio
        wet = self._pseudo[1]
        processed = wet * self._process(entry, sample_rate_hz) + (1.0 - wet) * entry
        processed = processed - entry if self._pseudo[2] >= 0.5 else processed
        return (self.pins.merge(audio, processed) if len(audio) > 1 else processed).astype(np.float32)

    @abstractmethod
    def _load(self, index: int) -> float:
        """The normalized value that the FX holds."""

    @abstractmethod
    def _store(self, index: int, normalized: float) -> None:
        """Give the FX a normalized value; it may round it."""

    @abstractmethod
    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio: ...
