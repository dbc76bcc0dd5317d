"""An equaliser of any maker as bands: what each can be, what its controls can be set to, and what it does now."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bridge.plugins.recognition.lexicon import split_words
from bridge.plugins.recognition.names import graphic_freq_hz
from bridge.plugins.recognition.recognise import ControlReading
from bridge.reaper.mapping.display_law import measure_fx_display_law, read_quantity
from bridge.reaper.mapping.recognised.filters import CUTS, Shape
from bridge.reaper.mapping.recognised.settable import Settable, Switch, choices, settable, switch
from bridge.reaper.protocol.fx_snapshot import ParameterSnapshot
from bridge.types import Float64

SURE = 0.8
"""Readings of less confidence are not relied upon."""

SILENT_DB = 0.05
SHELF_Q, BELL_Q, CUT_ORDER = 0.707, 1.0, 2.0  # where a plugin has no control for them, as most are built

Key = Literal["freq_hz", "gain_db", "q"]
"""The numbers of a band that its controls set."""

_SHAPES: tuple[tuple[re.Pattern[str], Shape | None], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), shape)
    for pattern, shape in (
        (r"tilt|notch|all.?pass|band.?pass|reson|brickwall", None),
        (r"\b(?:lo|low|l|bass|lf)\W*(?:r?shel\w*)|\bls\b", Shape.LOW_SHELF),
        (r"\b(?:hi|high|h|treble|hf)\W*(?:r?shel\w*)|\bhs\b", Shape.HIGH_SHELF),
        (r"\b(?:hi|high)\W*pass|\bhpf?\d*\b|\b(?:lo|low)\W*cut|\blc\b", Shape.LOW_CUT),
        (r"\b(?:lo|low)\W*pass|\blpf?\d*\b|\b(?:hi|high)\W*cut|\bhc\b", Shape.HIGH_CUT),
        (r"bell|peak|parametric|\bpk\b", Shape.BELL),
    )
)
_SHELF = re.compile(r"shel[fv]", re.IGNORECASE)
_LOWS = {"low", "lf", "l", "bass", "ls"}
_HIGHS = {"high", "hf", "h", "treble", "hs"}
_STRETCH = {"mid", "lmf", "hmf", "mf", "m", "peak"}


@dataclass(frozen=True)
class BandState:
    """What a band does: a shape, where, how much. `per_db`: its response to a decibel, where that was measured."""

    shape: Shape
    freq_hz: float
    gain_db: float = 0.0
    q: float = SHELF_Q
    order: float = CUT_ORDER
    per_db: Float64 | None = field(default=None, compare=False)

    def value(self, key: Key) -> float:
        """One of its numbers."""
        return {"freq_hz": self.freq_hz, "gain_db": self.gain_db, "q": self.q}[key]

    def with_value(self, key: Key, value: float) -> BandState:
        """The same with another number."""
        match key:
            case "freq_hz":
                return replace(self, freq_hz=value)
            case "gain_db":
                return replace(self, gain_db=value)
        return replace(self, q=value)


@dataclass(frozen=True)
class Band:
    """One band of an equaliser, with the controls that it has.

    Attributes:
        shapes: the normalized value of `type` for each shape that the band can have; of a band without a type, the
            one shape that it is.
        fixed_hz: its frequency where no control sets it.
        order: of a cut whose slope no control sets.
        per_db: its response to a decibel of gain, where that was measured.
        off_hz: the normalized value of the frequency at which the band is switched off by a text ('OUT'), if any.
        present: what it does now; None where nothing.
    """

    number: int
    shapes: Mapping[Shape, float]
    type: ParameterSnapshot | None
    freq: Settable | None
    gain: Settable | None
    q: Settable | None
    slope: Settable | None
    switches: tuple[Switch, ...]
    fixed_hz: float = 0.0
    fixed_q: float = SHELF_Q
    off_hz: float | None = None
    per_db: Float64 | None = field(default=None, compare=False)
    present: BandState | None = None

    @property
    def is_on(self) -> bool:
        return all(one.is_on for one in self.switches)

    @property
    def is_idle(self) -> bool:
        """Whether it does nothing now."""
        return self.present is None

    def state(self, shape: Shape) -> BandState:
        """What the band would do in a shape with its controls as they stand, were it on."""
        freq_hz = self.freq.present if self.freq is not None else self.fixed_hz
        gain_db = self.gain.present if self.gain is not None and shape not in CUTS else 0.0
        q = self.q.present if self.q is not None else self.fixed_q
        order = max(self.slope.present / 6.0, 1.0) if self.slope is not None else CUT_ORDER
        return BandState(shape, freq_hz, gain_db, q, order, self.per_db)


@dataclass(frozen=True)
class Equaliser:
    """The bands of one FX that are understood. `unreadable`: a parameter whose effect is on and cannot be known."""

    bands: tuple[Band, ...]
    switches: tuple[Switch, ...] = ()  # of the whole equaliser or its section
    output: Settable | None = None
    unreadable: ParameterSnapshot | None = None

    @property
    def is_on(self) -> bool:
        return all(one.is_on for one in self.switches)


_Row = tuple[ControlReading, ParameterSnapshot]


def read_equaliser(rows: Sequence[_Row]) -> Equaliser:
    """The equaliser that an FX is, or that it has as a section, by what was read of its parameters."""
    groups: dict[tuple[str, int], list[_Row]] = defaultdict(list)
    whole: list[_Row] = []
    for reading, parameter in rows:
        if reading.role == "none" or reading.section in _OTHERS or reading.role.startswith("sc_"):
            continue
        if reading.section in ("hpf", "lpf"):
            groups[(reading.section, reading.band or 0)].append((reading, parameter))
        elif reading.band is not None and reading.role in _OF_BANDS:
            groups[("eq", reading.band)].append((reading, parameter))
        else:
            whole.append((reading, parameter))
    numbers = [number for kind, number in groups if kind == "eq"]
    bands, unreadable = [], None
    for (kind, number), group in groups.items():
        place = (numbers.index(number) + 0.5) / len(numbers) if kind == "eq" else 0.0
        band = _band(kind, number, group, place)
        if band is not None:
            bands.append(band)
        elif unreadable is None:
            unreadable = next((parameter for reading, parameter in group if _may_sound(reading, parameter)), None)
    unreadable = unreadable or next((parameter for reading, parameter in whole if _is_other(reading, parameter)), None)
    outputs = [settable(p, "dB") for r, p in whole if r.role in ("output", "makeup") and r.confidence >= SURE]
    return Equaliser(tuple(bands), _switches(whole), next((o for o in outputs if o is not None), None), unreadable)


_OTHERS = {"comp", "opto", "lim", "gate", "mb", "dyn", "deess", "upw", "sc", "wide"}
_OF_BANDS = {
    "freq",
    "gain",
    "q",
    "bandwidth",
    "type",
    "slope",
    "enabled",
    "bypass",
    "boost",
    "cut",
    "direction",
    "freq_mult",
}


def _switches(rows: Iterable[_Row]) -> tuple[Switch, ...]:
    found = (switch(p) for r, p in rows if r.role == "enabled" and r.section in ("eq", "filters", None))
    return tuple(one for one in found if one is not None)


def _band(kind: str, number: int, group: Sequence[_Row], place: float) -> Band | None:
    """A band of the rows that belong together; None where what it does cannot be known."""
    by_role: dict[str, _Row] = {}
    for reading, parameter in group:
        if reading.confidence < SURE and reading.role != "enabled":
            return None
        by_role.setdefault(reading.role, (reading, parameter))
    if {"boost", "cut", "direction", "freq_mult"} & by_role.keys():
        return None
    parameters = {role: parameter for role, (_, parameter) in by_role.items()}
    switches = tuple(one for r, p in group if r.role in ("enabled", "bypass") and (one := _enable(p)) is not None)
    if len(switches) < sum(r.role in ("enabled", "bypass") for r, _ in group):
        return None
    fixed_hz = _fixed_hz(parameters)
    freq, gain, q = (_optional(parameters, role, unit) for role, unit in (("freq", "Hz"), ("gain", "dB"), ("q", "Q")))
    q = q or _optional(parameters, "bandwidth", "Q")
    shapes = _shapes(kind, parameters, place)
    is_known = (freq is not None or fixed_hz) and (gain is not None or kind != "eq" or set(shapes) <= set(CUTS))
    if not is_known or not shapes or ({"q", "bandwidth"} & parameters.keys() and q is None):
        return None
    slope = _slope(parameters)
    if "slope" in parameters and slope is None and set(shapes) & set(CUTS):
        shapes = {shape: value for shape, value in shapes.items() if shape not in CUTS}
    return with_present(
        Band(
            number, shapes, parameters.get("type"), freq, gain, q, slope, switches, fixed_hz,
            fixed_q=_fixed_q(parameters, shapes), off_hz=_off_hz(parameters.get("freq")),
        )
    )  # fmt: skip


def _enable(parameter: ParameterSnapshot) -> Switch | None:
    """What switches a band: a switch, or one of three states such as 'Off', 'Bypass', 'On'."""
    if (plain := switch(parameter)) is not None:
        return plain
    found = choices(parameter)
    if found is None:
        return None
    on = [n for n, text in found.texts if text.lower() in ("on", "in", "enabled", "active")]
    off = [n for n, text in found.texts if text.lower() in ("off", "out", "disabled", "inactive")]
    return Switch(parameter, on[0], off[0]) if on and off else None


def _optional(parameters: Mapping[str, ParameterSnapshot], role: str, unit: str) -> Settable | None:
    return settable(parameters[role], unit) if role in parameters else None


def _fixed_hz(parameters: Mapping[str, ParameterSnapshot]) -> float:
    if "freq" in parameters or "gain" not in parameters:
        return 0.0
    return graphic_freq_hz(parameters["gain"].name) or 0.0


def _fixed_q(parameters: Mapping[str, ParameterSnapshot], shapes: Mapping[Shape, float]) -> float:
    if set(shapes) != {Shape.BELL}:
        return SHELF_Q
    return GRAPHIC_Q if _fixed_hz(parameters) else BELL_Q


GRAPHIC_Q = 2.0


def _slope(parameters: Mapping[str, ParameterSnapshot]) -> Settable | None:
    """Slopes in dB per octave."""
    if (parameter := parameters.get("slope")) is None:
        return None
    stretches: dict[str, list[float]] = defaultdict(list)
    for normalized, text in parameter.grid:
        stretches[text].append(normalized)
    steps = []
    for text, at in stretches.items():
        quantity = read_quantity(text)
        if quantity is not None and 3.0 <= quantity.value <= 96.0:
            steps.append((at[len(at) // 2], quantity.value))
    if len(steps) < 2:
        return None
    law = measure_fx_display_law(parameter.grid)
    return Settable(parameter, law, steps=tuple(steps)) if law is not None else None


def _off_hz(parameter: ParameterSnapshot | None) -> float | None:
    """The end of a frequency's range at which a word stands in the place of a number."""
    if parameter is None or not parameter.grid:
        return None
    for normalized, text in (parameter.grid[0], parameter.grid[-1]):
        if read_quantity(text) is None and re.match(r"\s*(?:off|out)\b", text, re.IGNORECASE):
            return normalized
    return None


def _shapes(kind: str, parameters: Mapping[str, ParameterSnapshot], place: float) -> dict[Shape, float]:
    """The shapes that a band can have, with the normalized values of its type; empty where that cannot be known."""
    if kind != "eq":
        return {Shape.LOW_CUT if kind == "hpf" else Shape.HIGH_CUT: 0.0}
    shelf = Shape.LOW_SHELF if place < 0.5 else Shape.HIGH_SHELF
    if (parameter := parameters.get("type")) is None:
        named = parameters.get("gain") or parameters.get("freq")
        return (
            {_named_shape(named.name, shelf, has_q="q" in parameters or "bandwidth" in parameters): 0.0}
            if named
            else {}
        )
    if re.search(r"bell|shel[fv]|peak", parameter.name, re.IGNORECASE) and (found := switch(parameter)) is not None:
        is_bell = _SHELF.search(parameter.name) is None
        pair = (found.on, found.off)
        return dict(zip((Shape.BELL, shelf) if is_bell else (shelf, Shape.BELL), pair, strict=True))
    known = choices(parameter)
    shapes: dict[Shape, float] = {}
    for normalized, text in known.texts if known is not None else ():
        shape = _shape_of(text, shelf)
        if shape is not None:
            shapes.setdefault(shape, normalized)
    return shapes


def _shape_of(text: str, shelf: Shape) -> Shape | None:
    for pattern, shape in _SHAPES:
        if pattern.search(text):
            return shape
    return shelf if _SHELF.search(text) else None


def _named_shape(name: str, shelf: Shape, *, has_q: bool) -> Shape:
    """What a band without a type is: as its name says, else a shelf at the ends and a bell with a Q."""
    words = set(split_words(name))
    if _SHELF.search(name):
        return _shape_of(name, shelf) or shelf
    if has_q or words & _STRETCH or not words & (_LOWS | _HIGHS):
        return Shape.BELL
    return Shape.LOW_SHELF if words & _LOWS else Shape.HIGH_SHELF


def with_present(band: Band) -> Band | None:
    """The band with what it does now; None where it does something and nobody can say what."""
    shape = _present_shape(band)
    is_out = band.off_hz is not None and band.freq is not None and band.freq.parameter.normalized == band.off_hz
    is_silent = not band.is_on or is_out
    if shape is None:
        return None if not is_silent and abs(band.gain.present if band.gain else 1.0) > SILENT_DB else band
    state = band.state(shape)
    if is_silent or (shape not in CUTS and abs(state.gain_db) <= SILENT_DB):
        return band
    return replace(band, present=state)


def _present_shape(band: Band) -> Shape | None:
    if band.type is None:
        return next(iter(band.shapes))
    shown = choices(band.type)
    if shown is not None and len(shown.texts) > 2:
        shelf = next((s for s in band.shapes if s in (Shape.LOW_SHELF, Shape.HIGH_SHELF)), Shape.LOW_SHELF)
        return _shape_of(shown.present, shelf)
    return min(band.shapes, key=lambda shape: abs(band.shapes[shape] - band.type.normalized))  # type: ignore[union-attr]


def _may_sound(reading: ControlReading, parameter: ParameterSnapshot) -> bool:
    """Whether a control of a band that is not understood may be heard: all but a gain of nothing."""
    if reading.role not in ("gain", "boost", "cut"):
        return False
    level = settable(parameter, "dB")
    return level is None or abs(level.present) > SILENT_DB


def _is_other(reading: ControlReading, parameter: ParameterSnapshot) -> bool:
    """Whether a control of the whole makes the bands something else than filters one after the other."""
    del parameter
    return reading.role in ("crossover",)
