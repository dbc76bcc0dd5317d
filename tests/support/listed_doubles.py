"""Doubles of listed plugins, put through the mapping: what it makes of a wanted setting, and how right that is."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bridge.plugins.chain.chain import Chain
from bridge.reaper.mapping.chain_mapping import ChainMapping, map_chain
from bridge.reaper.mapping.recognised.band_fit import error_db
from bridge.reaper.mapping.recognised.compressor_part import CompressorPart, reduction_db
from bridge.reaper.mapping.recognised.equaliser_part import EqualiserPart
from bridge.reaper.mapping.recognised.filters import Shape, frequencies_hz
from bridge.reaper.mapping.recognised.parts import indices_of
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot
from bridge.standin.fx.fx import StandInFx
from bridge.standin.fx.listed import KINDS, ListedFxDouble
from bridge.standin.fx.listed_laws import Label

_NEAR_ENDS = tuple(2.0 ** (-5 - step / 2) for step in range(1, 9))
GRID = tuple(sorted({n / 32 for n in range(33)} | {*_NEAR_ENDS} | {1.0 - n for n in _NEAR_ENDS}))
"""Where the scripts ask for texts (`track/snapshot.lua`)."""

SETTABLE = {
    *(
        "freq",
        "gain",
        "q",
        "bandwidth",
        "type",
        "slope",
        "enabled",
        "bypass",
        "threshold",
        "ratio",
        "attack",
        "release",
    ),
    *("makeup", "output", "auto_makeup"),
}
SECTIONS = {"", "eq", "geq", "hpf", "lpf", "filters", "comp", "dyn", "global"}


@dataclass(frozen=True)
class Listed:
    """A list of parameters with its labels."""

    name: str
    data: dict[str, Any]
    labels: dict[int, Label]

    def double(self, seed: int) -> ListedFxDouble:
        """A double with everything drawn anew."""
        return ListedFxDouble(self.data, self.labels, random.Random(f"{self.name} {seed}"), lambda: None)


def load_lists(folder: Path, truth_file: Path) -> list[Listed]:
    """The lists of equalisers, compressors and channel strips."""
    labels: dict[str, dict[int, Label]] = defaultdict(dict)
    for line in truth_file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        labels[row["plugin"]][row["index"]] = Label.of(row)
    lists = ((file.stem, json.loads(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("*.json")))
    return [Listed(name, data, labels[name]) for name, data in lists if data["kind"] in KINDS]


def snapshot_of(fx: StandInFx) -> FxSnapshot:
    """The FX as the scripts describe it in a request."""
    parameters = []
    for index, own in enumerate(fx.parameters):
        grid = tuple((n, fx.text(index, n)) for n in GRID) if fx.formats_values else ()
        parameters.append(
            ParameterSnapshot(
                index=index, ident=own.ident, name=own.name, normalized=fx.read_normalized(index), text=fx.text(index),
                min=0.0, max=1.0, mid=0.5, step=own.step, is_toggle=own.is_toggle, grid=grid,
            )
        )  # fmt: skip
    return FxSnapshot(
        guid=fx.guid, ident=fx.ident, type=fx.type, name=fx.name, original_name=fx.original_name, index=0,
        enabled=True, offline=False, parameters=tuple(parameters),
    )  # fmt: skip


def draw_wanted(chain: Chain, seed: int) -> np.ndarray:
    """Settings of a channel strip as an encoder predicts them: moderate, all of it in use."""
    generator = np.random.default_rng(seed)
    row = chain.neutral.copy()
    for index, control in enumerate(chain.controls):
        if control.name == "gain_db":
            value = float(np.clip(generator.normal(0.0, 3.5), -10.0, 10.0))
        elif control.name == "threshold_db":
            value = float(generator.uniform(-32.0, -8.0))
        elif control.name == "ratio":
            value = float(np.exp(generator.uniform(np.log(1.5), np.log(6.0))))
        elif control.slot == "low_cut":
            value = float(np.exp(generator.uniform(np.log(20.0), np.log(120.0))))
        else:
            row[index] = generator.uniform(control.low, control.high)
            continue
        row[index] = np.clip(control.normalized(value), control.low, control.high)
    return row


@dataclass(frozen=True)
class Outcome:
    """What became of one part of a plugin: "right", "off", "untouched" (with a reason) or "silent" (without)."""

    part: str
    verdict: str
    off_by: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Trial:
    """What the action made of a double: the outcomes of what was wanted, and the controls it should not have moved."""

    outcomes: tuple[Outcome, ...]
    wrong_controls: tuple[str, ...]


AMOUNTS = (1.0, 0.7, 0.4)
"""Shares of what is wanted that are tried, as the guard does."""


def try_double(double: ListedFxDouble, chain: Chain, wanted: np.ndarray) -> Trial:
    """Map the chain onto the double, set what can be had of `wanted`, and see what it really does."""
    before = [double.read_normalized(index) for index in range(len(double.parameters))]
    mapping = map_chain(chain, [snapshot_of(double)])
    row = asked = mapping.current
    for amount in AMOUNTS:
        asked = (mapping.current + amount * (wanted - mapping.current)).astype(np.float32)
        row = mapping.realizable(asked)
        moved = [
            np.abs(row - mapping.current)[indices_of(part)].max() > 0 for c in mapping.carriers for part in c.parts
        ]
        if all(moved):
            break
    for write in mapping.writes(row):
        double.write(write.index, write.normalized)
    double.tick()
    changed = [i for i, value in enumerate(before) if double.read_normalized(i) != value]
    wrong = [i for i in changed if double.labels[i].role not in SETTABLE or double.labels[i].section not in SECTIONS]
    names = tuple(double.parameters[i].name for i in wrong)
    return Trial(tuple(_outcomes(double, mapping, row, asked)), names)


def _outcomes(double: ListedFxDouble, mapping: ChainMapping, row: np.ndarray, asked: np.ndarray) -> list[Outcome]:
    sections = {label.section for label in double.labels}
    wanted = [
        part for part, names in (("equaliser", {"eq", "geq"}), ("compressor", {"comp", "opto"})) if sections & names
    ]
    found = {}
    for part in mapping.carriers[0].parts if mapping.carriers else ():
        is_moved = np.abs(row - mapping.current)[indices_of(part)].max() > 1e-4
        if isinstance(part, EqualiserPart):
            off = error_db(double.response_db(frequencies_hz()), _wanted_db(double, part, row))
            off = off if is_moved else part.realise(asked).error_db
            found["equaliser"] = _verdict("equaliser", off, 1.0, is_moved=is_moved)
        elif isinstance(part, CompressorPart):
            found["compressor"] = _verdict("compressor", _dynamics_off(double, part, asked), 1.0, is_moved=is_moved)
    reason = ", ".join(f"{fact.kind} {fact.parameter}" for fact in mapping.left_alone if fact.what == double.name)
    untouched = "untouched" if reason else "silent"
    return [found.get(part, Outcome(part, untouched, reason=reason)) for part in wanted]


def _verdict(part: str, off: float, most: float, *, is_moved: bool) -> Outcome:
    if not is_moved:
        return Outcome(part, "untouched", off, "out of reach")
    return Outcome(part, "right" if off <= most else "off", off)


def _wanted_db(double: ListedFxDouble, part: EqualiserPart, row: np.ndarray) -> np.ndarray:
    """The wanted response; of a low cut that the equaliser has a filter for, with the slope of that."""
    states = part.wanted(row)
    has_filter = any(Shape.LOW_CUT in band.shapes for band in part.equaliser.bands)
    cuts = [s for s in states if s.shape is Shape.LOW_CUT] if has_filter else []
    rest_db = part.axes.sum_db([s for s in states if s not in cuts])
    high_cuts = [band.present for band in part.equaliser.bands if band.present and band.present.shape is Shape.HIGH_CUT]
    rest_db = rest_db + sum(double.high_cut_db(s.freq_hz, frequencies_hz()) for s in high_cuts)
    return rest_db + sum(double.low_cut_db(s.freq_hz, frequencies_hz()) for s in cuts)


def _dynamics_off(double: ListedFxDouble, part: CompressorPart, row: np.ndarray) -> float:
    """How far the gain reduction lies from the wanted one, in fifths of the most that is wanted."""
    values = {c.name: c.real_value(float(row[part.start + i])) for i, c in enumerate(part.slot.controls)}
    wanted_db = reduction_db(values["threshold_db"], values["ratio"])
    thresholds, ratios = double.real_values("threshold", "comp"), double.real_values("ratio", "comp")
    real_db = reduction_db(thresholds[0], ratios[0])
    return float(np.abs(real_db - wanted_db).max() / max(0.2 * wanted_db.max(), 0.5))
