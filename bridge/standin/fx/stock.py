"""Doubles of REAPER's stock FX, ReaEQ and ReaComp: their roles, names and displays, laws drawn at random, and the
sound of pedalboard's effects at the values that they display.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from pedalboard import (
    Compressor,
    Gain,
    HighpassFilter,
    HighShelfFilter,
    LowpassFilter,
    LowShelfFilter,
    PeakFilter,
    Plugin,
)
from pedalboard._pedalboard import Pedalboard

from bridge.decibels import db_to_amplitude
from bridge.standin.fx.fx import StandInEqRole
from bridge.standin.fx.stock_fx import StockFxDouble, StockParameter
from bridge.types import Audio

HIPASS, LOW_SHELF, BAND, NOTCH, HIGH_SHELF, LOPASS, MASTER = 0, 1, 2, 3, 4, 5, -1
FREQUENCY, GAIN, BANDWIDTH = 0, 1, 2
OFF_DB = -150.0  # quieter than this is nothing
NOTCH_DB = -24.0

_BAND_NAMES = {
    HIPASS: "High Pass", LOW_SHELF: "Low Shelf", BAND: "Band", NOTCH: "Notch", HIGH_SHELF: "High Shelf",
    LOPASS: "Low Pass",
}  # fmt: skip
_CONFIGURED_TYPES = {  # BANDTYPEx counts otherwise than GetEQParam
    HIPASS: 4, LOW_SHELF: 0, BAND: 8, NOTCH: 6, HIGH_SHELF: 1, LOPASS: 3,
}  # fmt: skip
_DEFAULT_BANDS = ((LOW_SHELF, 100.0), (BAND, 300.0), (BAND, 1000.0), (HIGH_SHELF, 5000.0))
_EXTRA_BANDS = ((BAND, 2500.0), (BAND, 150.0), (NOTCH, 50.0), (LOPASS, 18000.0))  # that users add


# ---------------------------------------------------------------- ReaEQ


class ReaEqDouble(StockFxDouble):
    """Bands in an order drawn at random; a low cut that is missing, switched off or on unless the test sets it."""

    is_eq = True

    def __init__(
        self,
        rng: random.Random,
        touch: Callable[[], None],
        *,
        low_cut: str | None = None,
        extra_bands: int = 0,
        is_used: bool = False,
    ) -> None:
        """`low_cut`: "missing", "off" or "on"; None draws one. `extra_bands`: how many bands are drawn (peaks, notch,
        low pass) beside the stock ones. `is_used`: gains, bandwidths and Global Gain are drawn, and not at rest."""
        low_cut = low_cut or rng.choice(("missing", "off", "on"))
        bands = list(_DEFAULT_BANDS)
        for band in rng.sample(_EXTRA_BANDS, extra_bands):
            bands.insert(rng.randint(0, len(bands)), band)
        if low_cut != "missing":
            bands.insert(rng.choice((0, len(bands))), (HIPASS, 20.0))
        self._bands = bands
        self._is_band_enabled = [band_type != HIPASS or low_cut == "on" for band_type, _ in bands]
        kinds = rng.sample((FREQUENCY, GAIN, BANDWIDTH), 3)
        gain_db = rng.choice((12.0, 24.0))
        specs, self._roles = [], []
        for number, (band_type, frequency_hz) in enumerate(bands):
            for kind in kinds:
                specs.append(_band_parameter(kind, band_type, number, frequency_hz, gain_db))
                self._roles.append(StandInEqRole(band_type, self._index_within_type(number), kind))
        specs.append(StockParameter("Global Gain", "dB", -math.inf, gain_db, "amplitude", 0.0))
        self._roles.append(StandInEqRole(MASTER, 0, GAIN))
        super().__init__("VST: ReaEQ (Cockos)", "reaeq", specs, rng, touch)
        if is_used:
            self._use(specs, ("Gain", "Q", "Global"))

    def _index_within_type(self, number: int) -> int:
        return sum(band_type == self._bands[number][0] for band_type, _ in self._bands[:number])

    def eq_role(self, index: int) -> StandInEqRole | None:
        return self._roles[index] if 0 <= index < len(self._roles) else None

    def parameter_of(self, band_type: int, band_index: int, kind: int) -> int | None:
        """The index of the parameter with this role."""
        for index, role in enumerate(self._roles):
            if role.band_type == band_type == MASTER or role == StandInEqRole(band_type, band_index, kind):
                return index
        return None

    def _band_number(self, band_type: int, band_index: int) -> int | None:
        found = [number for number, band in enumerate(self._bands) if band[0] == band_type]
        return found[band_index] if 0 <= band_index < len(found) else None

    def is_band_enabled(self, band_type: int, band_index: int) -> bool:
        number = self._band_number(band_type, band_index)
        return number is not None and self._is_band_enabled[number]

    def enable_band(self, band_type: int, band_index: int, enable: bool) -> bool:
        """False where there is no such band."""
        number = self._band_number(band_type, band_index)
        if number is None:
            return False
        self._is_band_enabled[number] = enable
        self.touch()
        return True

    def text(self, index: int, normalized: float | None = None) -> str:
        role, shown = self.eq_role(index), super().text(index, normalized)
        is_off = role and role.band_type != MASTER and not self.is_band_enabled(role.band_type, role.band_index)
        return self.language.disabled + shown if is_off else shown

    def configuration(self, key: str) -> str | None:
        for prefix in ("BANDTYPE", "BANDENABLED"):
            number = key.removeprefix(prefix)
            if key.startswith(prefix) and number.isdigit() and int(number) < len(self._bands):
                band_type = self._bands[int(number)][0]
                value = _CONFIGURED_TYPES[band_type] if prefix == "BANDTYPE" else self._is_band_enabled[int(number)]
                return str(int(value))
        return None

    def _capture_extra(self) -> Any:
        return tuple(self._is_band_enabled)

    def _restore_extra(self, extra: Any) -> None:
        self._is_band_enabled = list(extra)

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        effects: list[Plugin] = []
        for number, (band_type, _) in enumerate(self._bands):
            if self._is_band_enabled[number]:
                effects += self._band_effects(number, band_type, sample_rate_hz)
        index = self.parameter_of(MASTER, 0, GAIN)
        assert index is not None
        gain_db = self.laws[index].to_real(self._values[index])
        if gain_db <= OFF_DB:
            return np.zeros_like(audio)
        return Pedalboard([*effects, Gain(gain_db)])(audio, sample_rate_hz)

    def _band_effects(self, number: int, band_type: int, sample_rate_hz: float) -> list[Plugin]:
        real = {}
        for index, role in enumerate(self._roles):
            if role.band_type == band_type and role.band_index == self._index_within_type(number):
                real[role.kind] = self.laws[index].to_real(self._values[index])
        frequency_hz = min(real[FREQUENCY], 0.49 * sample_rate_hz)
        gain_db, q = max(real[GAIN], OFF_DB), _q_of_octaves(real[BANDWIDTH])
        if band_type == HIPASS:
            return [HighpassFilter(frequency_hz) for _ in range(2)]  # 12 dB per octave
        if band_type == LOPASS:
            return [LowpassFilter(frequency_hz) for _ in range(2)]
        if band_type == NOTCH:
            return [PeakFilter(frequency_hz, NOTCH_DB, q)]
        shape = {
            LOW_SHELF: LowShelfFilter,
            BAND: PeakFilter,
            HIGH_SHELF: HighShelfFilter,
        }
        return [shape[band_type](frequency_hz, gain_db, q)]


def _band_parameter(kind: int, band_type: int, number: int, frequency_hz: float, gain_db: float) -> StockParameter:
    name = _BAND_NAMES[band_type] + (f" {number + 1}" if band_type == BAND or number else "")
    if kind == FREQUENCY:
        return StockParameter(f"Freq-{name}", "Hz", 20.0, 24000.0, "log", frequency_hz)
    if kind == GAIN:
        return StockParameter(f"Gain-{name}", "dB", -math.inf, gain_db, "amplitude", 0.0)
    return StockParameter(f"Q-{name}", "oct", 0.01, 4.0, "linear", 2.0)


def _q_of_octaves(octaves: float) -> float:
    """Q of a bandwidth: 2^(N/2) / (2^N - 1)."""
    return float(2.0 ** (octaves / 2.0) / (2.0**octaves - 1.0))


# ---------------------------------------------------------------- ReaComp

_DETECTOR_INPUTS = ("Main Input L+R", "Main Input L", "Main Input R", "Auxiliary Input L+R")
_COMP_PARAMETERS = (
    StockParameter("Thresh", "dB", -60.0, 12.0, "linear", 0.0),
    StockParameter("Ratio", ":1", 1.0, 100.0, "linear", 4.0),
    StockParameter("Attack", "ms", 0.0, 500.0, "linear", 3.0),
    StockParameter("Release", "ms", 0.0, 5000.0, "linear", 100.0),
    StockParameter("Pre-comp", "ms", 0.0, 250.0, "linear", 0.0),
    StockParameter("Lowpass", "Hz", 20.0, 20000.0, "log", 20000.0),
    StockParameter("Hipass", "Hz", 1.0, 20000.0, "log", 1.0),
    StockParameter("Dry", "dB", -math.inf, 12.0, "amplitude", -math.inf),
    StockParameter("Wet", "dB", -math.inf, 12.0, "amplitude", 0.0),
    StockParameter("RMS size", "ms", 0.0, 1000.0, "linear", 5.0),
    StockParameter("Knee", "dB", 0.0, 24.0, "linear", 0.0),
    StockParameter("Auto Make Up Gain", "", 0.0, 1.0, "linear", 0.0, is_toggle=True),
    StockParameter("Auto Release", "", 0.0, 1.0, "linear", 0.0, is_toggle=True),
)
_COMP_SWITCHES = (
    StockParameter("resvd", "", 0.0, 1.0, "", 0.0, is_toggle=True),
    StockParameter("SignIn", "", 0.0, 1.0, "", 0.0, choices=_DETECTOR_INPUTS),
    StockParameter("AudIn", "", 0.0, 1.0, "", 0.0, is_toggle=True),
    StockParameter("Filter Preview", "", 0.0, 1.0, "", 0.0, is_toggle=True),
    StockParameter("Legacy Attack/Knee Options", "", 0.0, 1.0, "", 0.0, choices=("off", "attack", "attack, knee")),
    StockParameter("Deprecated Broken Anti-Alias", "", 0.0, 1.0, "", 0.0, is_toggle=True),
    StockParameter("Multichannel Mode", "", 0.0, 1.0, "", 0.0, choices=("pairs", "linked", "first two")),
    StockParameter("Metering Index", "", 0.0, 1.0, "", 0.0, is_toggle=True),
)


_REAPERS_ORDER = (
    "Thresh", "Ratio", "Attack", "Release", "Pre-comp", "resvd", "Lowpass", "Hipass", "SignIn", "AudIn", "Dry", "Wet",
    "Filter Preview", "RMS size", "Knee", "Auto Make Up Gain", "Auto Release", "Legacy Attack/Knee Options",
    "Deprecated Broken Anti-Alias", "Multichannel Mode", "Metering Index",
)  # fmt: skip


class ReaCompDouble(StockFxDouble):
    """The compressor. Knee, RMS size, pre-comp and auto release are shown and do nothing here; its detector's input and
    filters do, and auto make-up: a gain that grows as threshold and ratio take level away, by a share nobody knows."""

    def __init__(
        self,
        rng: random.Random,
        touch: Callable[[], None],
        *,
        is_used: bool = False,
        has_reapers_order: bool = False,
    ) -> None:
        """`is_used`: knee, RMS size, pre-comp and the detector's filters are drawn, and not at rest.
        `has_reapers_order`: the parameters stand as in REAPER; else their order is drawn."""
        specs = list(_COMP_PARAMETERS)
        if rng.random() < 0.5:
            rng.shuffle(specs)
        specs += _COMP_SWITCHES
        if has_reapers_order:
            specs.sort(key=lambda spec: _REAPERS_ORDER.index(spec.name))
        super().__init__("VST: ReaComp (Cockos)", "reacomp", specs, rng, touch)
        self._makeup_share = random.Random(f"auto make-up of {self.ident}").uniform(0.4, 0.8)
        if is_used:
            self._use(specs, ("Knee", "RMS", "Pre-comp", "Lowpass", "Hipass"))

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        compressor = Compressor(
            threshold_db=self.real_value("Thresh"),
            ratio=max(self.real_value("Ratio"), 1.0),
            attack_ms=max(self.real_value("Attack"), 0.01),
            release_ms=max(self.real_value("Release"), 0.1),
        )
        wet, dry = (_amplitude(self.real_value(name)) for name in ("Wet", "Dry"))
        detector = self._detector(sample_rate_hz)
        if self._is_on("Filter Preview"):
            return np.asarray(Pedalboard(detector)(audio, sample_rate_hz), dtype=np.float32)
        if self._values[self.index("SignIn")] > 0.99:
            processed = audio  # nothing arrives there
        elif detector:
            key = Pedalboard(detector)(audio, sample_rate_hz)
            processed = audio * _gain_between(key, compressor(key, sample_rate_hz))
        else:
            processed = compressor(audio, sample_rate_hz)
        return np.asarray(wet * self._makeup() * processed + dry * audio, dtype=np.float32)

    def _makeup(self) -> float:
        if self.real_value("Auto Make Up Gain") < 0.5:
            return 1.0
        taken_db = max(-self.real_value("Thresh"), 0.0) * (1.0 - 1.0 / max(self.real_value("Ratio"), 1.0))
        return float(db_to_amplitude(self._makeup_share * taken_db))

    def _is_on(self, switch: str) -> bool:
        return self._values[self.index(switch)] >= 0.5

    def _detector(self, sample_rate_hz: float) -> list[Plugin]:
        """The filters before the detector that are not at the end of their range."""
        low_hz, high_hz = self.real_value("Hipass"), self.real_value("Lowpass")
        filters: list[Plugin] = [HighpassFilter(min(low_hz, 0.49 * sample_rate_hz))] if low_hz > 1.01 else []
        return filters + ([LowpassFilter(high_hz)] if high_hz < min(19_800.0, 0.49 * sample_rate_hz) else [])


def _gain_between(before: Audio, after: Audio) -> Audio:
    """Return the gain of each sample; where the signal is zero, the last known one."""
    is_known = np.abs(before) > 1e-7
    is_known[:, 0] = True
    gain = np.divide(after, before, out=np.ones_like(before), where=np.abs(before) > 1e-7)
    last_known = np.maximum.accumulate(np.where(is_known, np.arange(before.shape[1]), 0), axis=1)
    return np.asarray(np.take_along_axis(gain, last_known, axis=1), dtype=np.float32)


def _amplitude(gain_db: float) -> float:
    return 0.0 if gain_db <= OFF_DB else float(db_to_amplitude(gain_db))
