"""Doubles of plugins that are known by a list of their parameters: laws, steps, directions, texts, delays and starting
values are drawn at random within what the list and its labels say, and they sound as the labels say.

Equalisers and compressors only; what else a list holds is shown and does nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
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

from bridge.standin.fx.fx import ParameterFault, StandInFx, StandInParameter
from bridge.standin.fx.listed_laws import Label, ListedLaw, draw_listed_law
from bridge.types import Audio

KINDS = ("eq", "compressor", "channel strip")
_LATE_SHARE, _USED_SHARE, _COARSE_SHARE, _SILENT_SHARE = 0.08, 0.25, 0.08, 0.05


class ListedFxDouble(StandInFx):
    """A double of one list. `laws` and `labels` are of its parameters, in its order."""

    type = "VST3"

    def __init__(
        self,
        listed: Mapping[str, Any],
        labels: Mapping[int, Label],
        rng: random.Random,
        touch: Callable[[], None],
    ) -> None:
        rows = [row for row in listed["parameters"] if "reaper_tail" not in labels[row["index"]].flags]
        self.labels = [labels[row["index"]] for row in rows]
        bands = sorted({label.band for label in self.labels if label.section == "eq" and label.band is not None})
        has_units = rng.random() < 0.8
        self.laws: list[ListedLaw] = [
            draw_listed_law(rng, row["name"], label, row.get("texts") or (), _place(label, bands), has_units=has_units)
            for row, label in zip(rows, self.labels, strict=True)
        ]
        kind = listed.get("format") or "VST3"
        self.type = "VST3" if kind == "VST3" else "JS" if kind == "JS" else "VST"
        shelves = {x.band for row, x in zip(rows, self.labels, strict=True) if "shel" in row["name"].lower()}
        self._shapes = {band: _drawn_shape(rng, self.labels, band, bands, is_shelf=band in shelves) for band in bands}
        self._bell_q, self._order = rng.uniform(0.7, 1.4), rng.choice((2, 2, 3))
        parameters = [
            StandInParameter(row["name"], f"{i}:{row['name'].replace(' ', '_')}", law.rest(rng), law.text, law.step)
            for i, (row, law) in enumerate(zip(rows, self.laws, strict=True))
        ]
        is_frozen = any("frozen_text" in label.flags for label in self.labels)
        formats = not is_frozen and rng.random() >= _SILENT_SHARE
        ident = f"/plugins/{listed['fx_name'].replace(' ', '_')}<{rng.getrandbits(31)}"
        super().__init__(
            name=listed["fx_name"], ident=ident, parameters=parameters, touch=touch, formats_values=formats
        )
        self._values = [parameter.default for parameter in parameters]
        self._draw_user(rng)

    def _draw_user(self, rng: random.Random) -> None:
        """Some settings of a user's, and some unreliable parameters."""
        is_used = rng.random() < _USED_SHARE
        for index, label in enumerate(self.labels):
            if is_used and label.role in ("gain", "freq", "threshold", "ratio") and rng.random() < 0.5:
                self._values[index] = self.laws[index].near(self._values[index], rng)
            if rng.random() < _LATE_SHARE:
                self._faults[index] = ParameterFault(is_late=rng.random() < 0.5, is_text_late=rng.random() < 0.5)
            elif label.role == "enabled" and label.band is not None and rng.random() < 0.5:
                self._values[index] = 1.0 - self._values[index]
            elif self.laws[index].step is None and rng.random() < _COARSE_SHARE:
                self._faults[index] = ParameterFault(step=rng.choice((1 / 512, 1 / 256)))

    def real_values(self, role: str, section: str) -> list[float]:
        """The values that count, of all parameters of a role in a section."""
        return [
            law.to_real(self._values[i])
            for i, (law, label) in enumerate(zip(self.laws, self.labels, strict=True))
            if label.role == role and label.section == section
        ]

    def response_db(self, hz: np.ndarray, sample_rate_hz: float = 48_000.0) -> np.ndarray:
        """What its equaliser does at these frequencies, as measured by an impulse."""
        return _measured_db(self._filters(sample_rate_hz), hz, sample_rate_hz)

    def low_cut_db(self, freq_hz: float, hz: np.ndarray, sample_rate_hz: float = 48_000.0) -> np.ndarray:
        """What its low cut does at a frequency."""
        slopes = [
            law.to_real(self._values[i])
            for i, (law, label) in enumerate(zip(self.laws, self.labels, strict=True))
            if label.role == "slope" and self._shape(label.band or 0) == "low cut"
        ]
        order = max(round(slopes[0] / 6.0), 1) if slopes else self._order
        return _measured_db(_cut(HighpassFilter, freq_hz, order, sample_rate_hz), hz, sample_rate_hz)

    def high_cut_db(self, freq_hz: float, hz: np.ndarray, sample_rate_hz: float = 48_000.0) -> np.ndarray:
        """What its high cut does at a frequency."""
        return _measured_db(_cut(LowpassFilter, freq_hz, self._order, sample_rate_hz), hz, sample_rate_hz)

    def _load(self, index: int) -> float:
        return self._values[index]

    def _store(self, index: int, normalized: float) -> None:
        self._values[index] = self.laws[index].stored(normalized)

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        chain: list[Plugin] = [*self._filters(sample_rate_hz), *self._compressor()]
        gains = [*self.real_values("makeup", "comp"), *self.real_values("output", "global")]
        chain.append(Gain(sum(value for value in gains if np.isfinite(value))))
        return np.asarray(Pedalboard(chain)(audio, sample_rate_hz), dtype=np.float32)

    # ------------------------------------------------------------ what it sounds like

    def _compressor(self) -> list[Plugin]:
        threshold, ratio = self.real_values("threshold", "comp"), self.real_values("ratio", "comp")
        if not threshold or not ratio or not self._is_section_on("comp"):
            return []
        attack, release = self.real_values("attack", "comp") or [5.0], self.real_values("release", "comp") or [100.0]
        return [Compressor(threshold[0], max(ratio[0], 1.0), max(attack[0], 0.01), max(release[0], 0.1))]

    def _is_section_on(self, *sections: str) -> bool:
        switches = [
            law.to_real(self._values[i])
            for i, (law, label) in enumerate(zip(self.laws, self.labels, strict=True))
            if label.role == "enabled" and label.section in sections and label.band is None
        ]
        return all(value >= 0.5 for value in switches)

    def _filters(self, sample_rate_hz: float) -> list[Plugin]:
        if not self._is_section_on("eq"):
            return []
        filters: list[Plugin] = []
        for band in self._shapes:
            filters += self._band(band, sample_rate_hz)
        for index, label in enumerate(self.labels):
            if label.section == "geq" and label.role == "gain":
                gain_db = self.laws[index].to_real(self._values[index])
                filters.append(PeakFilter(label.freq_hz or 1000.0, gain_db, 2.0))
        for section, effect in (("hpf", HighpassFilter), ("lpf", LowpassFilter)):
            hz = [value for value in self.real_values("freq", section) if np.isfinite(value)]
            on = self.real_values("enabled", section)
            if hz and all(value >= 0.5 for value in on):
                filters += _cut(effect, hz[0], self._order, sample_rate_hz)
        return filters

    def _band(self, band: int, sample_rate_hz: float) -> list[Plugin]:
        values: dict[str, float] = {}
        for index, label in enumerate(self.labels):
            if label.band == band and label.section == "eq":
                values.setdefault(label.role, self.laws[index].to_real(self._values[index]))
        if values.get("enabled", 1.0) < 0.5 or not {"freq", "gain"} <= values.keys():
            return []
        shape = self._shape(band)
        freq_hz = min(max(values["freq"], 1.0), 0.49 * sample_rate_hz)
        q = values.get("q", values.get("bandwidth", self._bell_q if shape == "bell" else 0.707))
        if shape in ("low cut", "high cut"):
            effect = HighpassFilter if shape == "low cut" else LowpassFilter
            return _cut(effect, freq_hz, max(round(values.get("slope", 6.0 * self._order) / 6.0), 1), sample_rate_hz)
        kinds = {"bell": PeakFilter, "low shelf": LowShelfFilter, "high shelf": HighShelfFilter}
        return [kinds[shape](freq_hz, values["gain"], max(q, 0.02))] if shape in kinds else []

    def _shape(self, band: int) -> str:
        for index, label in enumerate(self.labels):
            if label.band == band and label.role == "type" and label.section == "eq":
                text = self.laws[index].text(self._values[index])
                return _shape_of(text, self.parameters[index].name, self._shapes[band])
        return self._shapes.get(band, "bell")


def _measured_db(filters: Sequence[Plugin], hz: np.ndarray, sample_rate_hz: float) -> np.ndarray:
    impulse = np.zeros((1, 65_536), np.float32)
    impulse[0, 0] = 1.0
    rendered = Pedalboard(list(filters))(impulse, sample_rate_hz)
    power = np.abs(np.fft.rfft(rendered[0].astype(np.float64))) ** 2
    at_hz = np.fft.rfftfreq(impulse.shape[1], 1 / sample_rate_hz)
    return np.asarray(10 * np.log10(np.interp(hz, at_hz, power) + 1e-12))


def _cut(effect: type[Plugin], freq_hz: float, order: int, sample_rate_hz: float) -> list[Plugin]:
    """A cut of several filters of first order that takes off 3 dB at a frequency."""
    share = (2.0 ** (1.0 / order) - 1.0) ** 0.5
    each_hz = freq_hz * share if effect is HighpassFilter else freq_hz / share
    return [effect(min(each_hz, 0.49 * sample_rate_hz)) for _ in range(order)]  # type: ignore[call-arg]


def _place(label: Label, bands: Sequence[int]) -> float:
    """Where a band stands among the others: 0 lowest, 1 highest."""
    if label.band not in bands or len(bands) < 2:
        return 0.5
    return bands.index(label.band) / (len(bands) - 1)


def _drawn_shape(
    rng: random.Random, labels: Sequence[Label], band: int, bands: Sequence[int], *, is_shelf: bool
) -> str:
    """What a band without a type is: the outer ones without a Q are shelves, as a rule."""
    roles = {label.role for label in labels if label.band == band and label.section == "eq"}
    is_outer = band in (bands[0], bands[-1]) and len(bands) > 1
    if is_shelf or "type" in roles or (is_outer and not {"q", "bandwidth"} & roles and rng.random() < 0.9):
        return "low shelf" if bands.index(band) < len(bands) / 2 else "high shelf"
    return "bell"


def _shape_of(text: str, name: str, shelf: str) -> str:
    """The shape that a choice names; of a switch, by what the parameter is called."""
    shown = text.strip().lower()
    if shown in ("on", "off", "in", "out", "0", "1"):
        is_on = shown in ("on", "in", "1")
        return "bell" if is_on == ("bell" in name.lower() or "peak" in name.lower()) else shelf
    for word, shape in _WORDS:
        if word in shown.replace("-", " "):
            return shape
    return shelf if "shel" in shown else "bell" if shown in ("bell", "peak") else "other"


_WORDS = (
    ("low shel", "low shelf"), ("hi shel", "high shelf"), ("high shel", "high shelf"), ("hi rshel", "high shelf"),
    ("low rshel", "low shelf"), ("hi pass", "low cut"), ("high pass", "low cut"), ("low cut", "low cut"),
    ("low pass", "high cut"), ("lo pass", "high cut"), ("high cut", "high cut"), ("bell", "bell"), ("peak", "bell"),
)  # fmt: skip
