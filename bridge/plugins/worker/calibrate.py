"""Calibrating a plugin: display laws, dead parameters, meters, programs, latency, determinism, sensitivity.

Runs in a worker. What a parameter does is found by rendering with it, not by its name. The result is data
(`calibration`); nothing is decided here about chains.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bridge.errors import PluginError
from bridge.plugins.chain.calibration import Calibration, Kind, ParameterReport
from bridge.plugins.chain.display_law import measure_display_law, parse_display
from bridge.plugins.worker.instances import CONTINUOUS_STEPS, Vst3Instance, run_processors
from bridge.plugins.worker.probe import SAMPLE_RATE_HZ, difference_db, level_db, probe_signal
from bridge.types import Float32

GRID_POINTS = 33
MOST_CHOICES = 64
MOST_NUMBERED_CHOICES = 8  # 'off', '6 dB', '12 dB': with more rising numbers it is a range with a name in it
AUDIBLE_DB = 0.02  # a change of the spectrum below this is none
THOROUGH_BASES = 2  # settings of all others from which every parameter is tried: the defaults, and the middle
RANDOM_BASES = 15  # drawn after the defaults and the middle
THOROUGH_S = 15.0  # after this long only what has shown no effect is tried
_TRIED = (0.0, 1.0, 0.5)
SILENCED_DB, BLASTING_DB = -40.0, 30.0  # beside the level at the defaults: no setting that somebody wants
END_STEPS = 5  # of a bisection towards the end of a range that does so


@dataclass
class _Finding:
    """What has been found out about one parameter."""

    index: int
    name: str
    unit: str
    default: float
    steps: int
    is_automatable: bool
    texts: list[tuple[float, str]] = field(default_factory=list)
    is_switch: bool = False
    kind: Kind = "continuous"
    note: str = ""
    step: float = 0.0
    sensitivity_db: float = 0.0
    low: float = 0.0
    high: float = 1.0


def calibrate_instance(instance: object, announce: Callable[[], None]) -> Calibration:
    """Calibrate a loaded plugin; `announce` is called between steps. About a minute for the slowest plugins.

    Raises PluginError for a plugin that is not a VST3 plugin: the others state their ranges.
    """
    if not isinstance(instance, Vst3Instance):
        raise PluginError("Only VST3 plugins are calibrated; the built-in effects state their ranges.")
    calibrator = _Calibrator(instance, announce)
    findings = calibrator.read_parameters()
    calibrator.find_programs(findings)
    calibrator.find_meters(findings)
    calibrator.find_ignored(findings)
    is_deterministic = calibrator.is_deterministic()
    calibrator.find_sensitivity(findings)
    calibrator.find_useful_ranges(findings)
    notes = [] if is_deterministic else ["two renders of the same settings differ"]
    if calibrator.invalid_bases:
        notes.append(f"returned NaN or infinity at {calibrator.invalid_bases} of {calibrator.bases} settings tried")
    return Calibration(
        plugin=instance.slot.plugin,
        fingerprint=instance.fingerprint,
        parameters=tuple(_report(finding) for finding in findings),
        latency_samples=instance.latency_samples,
        is_deterministic=is_deterministic,
        channels=instance.channels,
        load_s=instance.load_s,
        notes=tuple(notes),
    )


class _Calibrator:
    """The measurements of one plugin. Every access takes the parameters afresh, see `Vst3Instance`."""

    def __init__(self, instance: Vst3Instance, announce: Callable[[], None]) -> None:
        self._instance = instance
        self._announce = announce
        self._plugin = instance.plugin
        self._audio = probe_signal(instance.channels[-1])
        self._names = instance.fingerprint.parameters
        self._defaults = self._values()
        self.bases = self.invalid_bases = 0

    def read_parameters(self) -> list[_Finding]:
        findings = []
        for index, name in enumerate(self._names):
            self._announce()
            parameter = self._plugin._parameters[index]
            finding = _Finding(
                index=index,
                name=name,
                unit=str(parameter.label).strip(),
                default=float(self._defaults[index]),
                steps=int(parameter.num_steps),
                is_automatable=bool(parameter.is_automatable),
            )
            count = finding.steps if 2 <= finding.steps <= MOST_CHOICES else GRID_POINTS
            grid = [point / (count - 1) for point in range(count)]
            finding.texts = [(value, str(parameter.get_text_for_raw_value(value)).strip()) for value in grid]
            if 2 <= finding.steps <= MOST_CHOICES:
                finding.is_switch = True
            elif (choices := choices_of(finding.texts)) is not None:
                finding.texts, finding.is_switch = choices, True
            if not finding.is_automatable:
                finding.kind, finding.note = "fixed", "not automatable"
            elif name.casefold() == "bypass":
                finding.kind, finding.note = "fixed", "switches the plugin off"
            findings.append(finding)
        return findings

    def find_programs(self, findings: list[_Finding]) -> None:
        """A parameter that moves others when set is a choice of programs."""
        for finding in _controllable(findings):
            self._announce()
            for value in (1.0, 0.0):
                before = self._values()
                self._set({finding.index: value})
                self._flush()
                after = self._values()
                others = [f for f in findings if f.index != finding.index and f.is_automatable]
                moved = [f.name for f in others if abs(after[f.index] - before[f.index]) > 1e-4]
                if moved:
                    finding.kind, finding.note = "program", f"moves other parameters ({', '.join(moved[:3])})"
            self._restore()
            if finding.kind != "program" and "program" in finding.name.casefold():
                finding.kind, finding.note = "program", "chooses a program"

    def find_meters(self, findings: list[_Finding]) -> None:
        """A parameter that moves by itself while audio runs shows something."""
        self._announce()
        before = self._values()
        loud = np.clip(self._audio * 8, -1, 1).astype(np.float32)
        self._process(loud)
        after = self._values()
        for finding in findings:
            if abs(after[finding.index] - before[finding.index]) > 1e-4 and finding.kind in ("continuous", "fixed"):
                finding.kind, finding.note = "meter", "a meter: moves by itself"
        self._restore()

    def find_ignored(self, findings: list[_Finding]) -> None:
        """Set, flush, read back: what the plugin does not keep, and how finely it keeps the rest."""
        for finding in _controllable(findings):
            self._announce()
            wanted = 0.37 if abs(finding.default - 0.37) > 0.1 else 0.61
            if finding.is_switch:  # between two choices it stays at the nearest
                wanted = 1.0 if finding.default < 0.5 else 0.0
            self._set({finding.index: wanted})
            self._flush()
            read = float(self._values()[finding.index])
            if abs(read - finding.default) < 1e-6 and finding.steps > CONTINUOUS_STEPS:
                finding.kind, finding.note = "ignored", f"keeps {read:.3f} whatever is set"
            finding.step = 2 * abs(read - wanted) if abs(read - wanted) > 1e-4 else 0.0
            if finding.is_switch:
                finding.kind, finding.step = "switch", 1.0 / (len(finding.texts) - 1)
            self._restore()

    def is_deterministic(self) -> bool:
        """Two renders of the same settings are the same, bit for bit."""
        self._announce()
        return np.array_equal(self._process(self._audio), self._process(self._audio), equal_nan=True)

    def find_sensitivity(self, findings: list[_Finding]) -> None:
        """Render with each parameter at its ends and middle, from several settings of all others.

        An attack time does nothing while the threshold is at 0 dB: what no render has shown to do anything is tried
        from more and more settings before it counts as dead.
        """
        generator = np.random.default_rng(20)
        controls = _controllable(findings)
        bases = [{}, {finding.index: 0.5 for finding in controls}]
        bases += [{finding.index: float(generator.uniform()) for finding in controls} for _ in range(RANDOM_BASES)]
        started = time.monotonic()
        for number, base in enumerate(bases):
            without_effect = [finding for finding in controls if finding.sensitivity_db <= AUDIBLE_DB]
            is_thorough = number < THOROUGH_BASES and time.monotonic() - started < THOROUGH_S
            if tried := controls if is_thorough else without_effect:
                self._measure_from(base, tried)
        for finding in controls:
            if finding.sensitivity_db <= AUDIBLE_DB:
                finding.kind, finding.note = "dead", "changes nothing in any render"

    def find_useful_ranges(self, findings: list[_Finding]) -> None:
        """How far each range reaches from the default before the plugin falls silent, blasts or returns no numbers."""
        usual_db = level_db(self._process(self._audio))
        for finding in _controllable(findings):
            if finding.is_switch:
                continue
            self._announce()
            finding.low, finding.high = (self._useful_end(finding, end, usual_db) for end in (0.0, 1.0))
        self._restore()

    def _useful_end(self, finding: _Finding, end: float, usual_db: float) -> float:
        """The useful value nearest to `end`, by bisection from the default."""
        good, tried = finding.default, end
        for _ in range(END_STEPS):
            self._set({finding.index: tried})
            change_db = level_db(self._process(self._audio)) - usual_db
            if SILENCED_DB <= change_db <= BLASTING_DB:
                good = tried
                if tried == end:
                    break
                tried = (tried + end) / 2
            else:
                end, tried = tried, (good + tried) / 2
        self._set({finding.index: finding.default})
        return good

    def _measure_from(self, base: dict[int, float], tried: list[_Finding]) -> None:
        """Each of `tried` in turn, with a render of the base before and after: what differs there is no effect."""
        self._set(base)
        self.bases += 1
        before = self._process(self._audio)
        if not np.isfinite(before).all():
            self.invalid_bases += 1
            tried = []
        for finding in tried:
            self._announce()
            held = self._values()[finding.index]
            changes = [0.0]
            for value in _TRIED:
                if abs(value - held) > 1e-6:
                    self._set({finding.index: value})
                    changes.append(difference_db(before, self._process(self._audio)))
            self._set({finding.index: held})
            after = self._process(self._audio)
            change_db, drift_db = max(changes), difference_db(before, after)
            if change_db > 2 * drift_db:
                finding.sensitivity_db = max(finding.sensitivity_db, change_db)
            before = after
        self._restore()

    def _values(self) -> list[float]:
        return [float(parameter.raw_value) for parameter in self._plugin._parameters]

    def _set(self, values: dict[int, float]) -> None:
        parameters = self._plugin._parameters
        for index, value in values.items():
            parameters[index].raw_value = value

    def _restore(self) -> None:
        """Back to the defaults, programs first, as they move the others."""
        self._set(dict(enumerate(self._defaults)))
        self._flush()
        self._set(dict(enumerate(self._defaults)))
        self._flush()

    def _flush(self) -> None:
        self._process(np.zeros((self._audio.shape[0], 512), dtype=np.float32))

    def _process(self, audio: Float32) -> Float32:
        """Flushed first, where it matters: some plugins take a value one block late."""
        if audio.shape[1] > 512:
            self._flush()
        instance = self._instance
        processors = instance.processors(1)
        return run_processors(processors, audio, SAMPLE_RATE_HZ, accepts=instance.channels, reset=True)


def choices_of(texts: list[tuple[float, str]]) -> list[tuple[float, str]] | None:
    """One point for each of a few names that share the range; None where the texts are no such names.

    Plugins divide it equally, or go to the nearest of points at equal distances, which halves the outer two. The points
    at index / (count - 1) lie in the middle of what either gives a name.

    Args:
        texts: (normalized, text) over the range, evenly spaced.
    """
    names = list(dict.fromkeys(text for _, text in texts))
    count = len(names)
    has_law = measure_display_law(texts) is not None
    if not 2 <= count <= (MOST_NUMBERED_CHOICES if has_law else MOST_CHOICES) or not all(names):
        return None
    if has_law and all(parse_display(name) is not None for name in names):
        return None
    equally = [min(int(value * count), count - 1) for value, _ in texts]
    nearest = [int(value * (count - 1) + 0.5) for value, _ in texts]
    if all(_misnamed(texts, names, places) > count for places in (equally, nearest)):
        return None
    return [(index / (count - 1), name) for index, name in enumerate(names)]


def _misnamed(texts: list[tuple[float, str]], names: list[str], places: list[int]) -> int:
    """How many of `texts` are not the name at their place."""
    return sum(names[place] != text for place, (_, text) in zip(places, texts, strict=True))


def _controllable(findings: list[_Finding]) -> list[_Finding]:
    return [finding for finding in findings if finding.kind in ("continuous", "switch")]


def _report(finding: _Finding) -> ParameterReport:
    texts = [text for _, text in finding.texts]
    is_switch = finding.kind == "switch"
    law = None if is_switch else measure_display_law(finding.texts)
    unit = finding.unit
    if not unit and law is not None:
        unit = _unit_in(texts[len(texts) // 2])
    return ParameterReport(
        name=finding.name,
        index=finding.index,
        unit=unit,
        default=min(max(finding.default, 0.0), 1.0),
        kind=finding.kind,
        note=finding.note,
        law=law,
        choices=tuple(texts) if is_switch else (),
        step=finding.step,
        sensitivity_db=round(finding.sensitivity_db, 3),
        useful=(finding.low, finding.high),
    )


def _unit_in(text: str) -> str:
    """'-3.5 dB' -> 'dB', '1.2 kHz' -> 'Hz' (parse_display has taken the k into the number)."""
    if parse_display(text) is None:
        return ""
    tail = text.strip().lstrip("+-−0123456789.,eE ").strip()
    return tail.removeprefix("k") if tail.lower() == "khz" else tail
