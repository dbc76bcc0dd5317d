"""What an FX of the track can stand for, by what is read of its parameters: parts for slots of a chain, or why none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.recognition.recognise import ControlReading, ListedParameter, ParameterList, PluginReading
from bridge.reaper.mapping.context_slot import ContextSlot
from bridge.reaper.mapping.display_law import read_quantity
from bridge.reaper.mapping.recognised.channels import has_twins
from bridge.reaper.mapping.recognised.compressor_part import CompressorPart
from bridge.reaper.mapping.recognised.equaliser import SURE, read_equaliser
from bridge.reaper.mapping.recognised.equaliser_part import SHAPES, EqualiserPart
from bridge.reaper.mapping.recognised.gain_part import GainPart
from bridge.reaper.mapping.recognised.parts import Part
from bridge.reaper.mapping.recognised.settable import MOST_STEPS, Settable, Switch, settable, switch
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind

Recognise = Callable[[ParameterList], PluginReading]
"""Reads a plugin, with what the user has said of it."""

MOST_PARAMETERS = 4096
FEW_TEXTS = 8
EQUALISERS, COMPRESSORS = ("eq", "channel strip"), ("compressor", "channel strip")
_UNITS = {"threshold": "dB", "ratio": "", "attack": "ms", "release": "ms"}
_CONTROLS = {"threshold": "threshold_db", "ratio": "ratio", "attack": "attack_ms", "release": "release_ms"}
_SILENT_DB = 0.5

Row = tuple[ControlReading, ParameterSnapshot]
T = TypeVar("T")


@dataclass(frozen=True)
class RecognisedFx:
    """An FX with what was read of it. `hosted`: the plugin as Bridge renders it, if it can."""

    fx: FxSnapshot
    kind: str
    rows: tuple[Row, ...]
    hosted: ContextSlot | None

    def left_alone(self, kind: LeftAloneKind, parameter: ParameterSnapshot | None = None) -> LeftAlone:
        """Why the FX is left alone."""
        name, text = (parameter.name, parameter.text) if parameter is not None else ("", "")
        return LeftAlone(what=self.fx.name, kind=kind, fx=self.fx.name, parameter=name, text=text)


def read_fx(fx: FxSnapshot, recognise: Recognise, hosted: ContextSlot | None) -> RecognisedFx:
    """Read an FX. What REAPER cannot say of its texts, the hosted plugin does."""
    parameters = fx.parameters[:MOST_PARAMETERS]
    if hosted is not None and hosted.texts:
        parameters = tuple(
            p if p.grid else msgspec.structs.replace(p, grid=hosted.texts.get(p.index, ())) for p in parameters
        )
    listed = tuple(ListedParameter(p.index, p.name, _few_texts(p)) for p in parameters)
    reading = recognise(ParameterList(fx.original_name, listed, fx.type))
    return RecognisedFx(fx, reading.kind, tuple(zip(reading.parameters, parameters, strict=True)), hosted)


def _few_texts(parameter: ParameterSnapshot) -> tuple[str, ...]:
    """All choices of a parameter; of a range of numbers a few, which tell as much."""
    texts = tuple(dict.fromkeys(text for _, text in parameter.grid)) or (parameter.text,)
    return texts if len(texts) <= MOST_STEPS else (*texts[:: len(texts) // FEW_TEXTS], texts[-1])


def equaliser_parts(found: RecognisedFx, chain: Chain, slots: Sequence[Slot]) -> list[Part] | LeftAlone:
    """The equaliser slots in this FX, or why they cannot be."""
    rows = [row for row in found.rows if row[0].section not in ("comp", "opto", "lim", "gate", "mb", "deess")]
    if (objection := _objection(found, rows)) is not None:
        return objection
    equaliser = read_equaliser(rows)
    if equaliser.unreadable is not None and found.hosted is None:
        return found.left_alone(LeftAloneKind.NO_DISPLAY_LAW, equaliser.unreadable)
    if not equaliser.bands:
        named = next((p for r, p in rows if r.role in ("gain", "boost", "freq")), None)
        return found.left_alone(LeftAloneKind.NO_DISPLAY_LAW, named)
    carried = tuple((slot, first_index(chain, slot)) for slot in slots if slot.plugin in SHAPES)
    return [EqualiserPart(equaliser, carried, found.hosted.response if found.hosted is not None else None)]


def compressor_parts(found: RecognisedFx, chain: Chain, slot: Slot) -> list[Part] | LeftAlone:
    """The compressor slot in this FX, or why it cannot be."""
    rows = [row for row in found.rows if row[0].section in ("comp", "dyn", None)]
    if (objection := _objection(found, rows)) is not None:
        return objection
    driven = next((p for r, p in rows if r.role == "input" and not _is_nothing(p)), None)
    if driven is not None and found.hosted is None:
        return found.left_alone(LeftAloneKind.UNKNOWN_SETTING, driven)
    controls: dict[str, Settable] = {}
    for role, unit in _UNITS.items():
        alike = [row for row in rows if row[0].role == role and row[0].section in ("comp", None)]
        if role in ("threshold", "ratio") and len(alike) > 1:
            return found.left_alone(LeftAloneKind.UNSURE_READING, alike[0][1])
        if role in ("threshold", "ratio") and not alike:
            return msgspec.structs.replace(found.left_alone(LeftAloneKind.NO_PARAMETER), parameter=role)
        if len(alike) != 1:
            continue
        reading, parameter = alike[0]
        if reading.confidence < SURE and role in ("attack", "release"):
            continue
        if reading.confidence < SURE:
            return found.left_alone(LeftAloneKind.UNSURE_READING, parameter)
        known = settable(parameter, unit)
        if known is None and role in ("threshold", "ratio"):
            return found.left_alone(LeftAloneKind.NO_DISPLAY_LAW, parameter)
        if known is not None:
            controls[_CONTROLS[role]] = known
    on = [s for r, p in rows if r.role == "enabled" and r.section in ("comp", "dyn") and (s := switch(p)) is not None]
    off = [s for r, p in rows if r.role == "auto_makeup" and (s := switch(p)) is not None]
    return [CompressorPart(slot, first_index(chain, slot), controls, tuple(on), tuple(off))]


def gain_parts(found: RecognisedFx, chain: Chain, slot: Slot) -> list[Part]:
    """The output gain in this FX; none where it has no such parameter, or several."""
    section = "comp" if found.kind == "compressor" else None
    for role in ("makeup", "output"):
        alike = [p for r, p in found.rows if r.role == role and r.confidence >= SURE and r.section in (section, None)]
        if len(alike) == 1 and not alike[0].is_held and (gain := settable(alike[0], "dB")) is not None:
            return [GainPart(slot, first_index(chain, slot), gain)]
    return []


def first_index(chain: Chain, slot: Slot) -> int:
    """The place of a slot's first control in the chain."""
    return chain.index(slot.controls[0].label)


def _objection(found: RecognisedFx, rows: Sequence[Row]) -> LeftAlone | None:
    """Why the FX does not act as what is read of it: it mixes dry signal in, is off, has each control once more for the
    other channel, or moves by itself."""
    used = [parameter for reading, parameter in rows if reading.role in _SET]
    if has_twins([parameter.name for parameter in used]):
        return found.left_alone(LeftAloneKind.UNSURE_READING, used[0])
    for reading, parameter in rows:
        if reading.role in _SET and parameter.is_held:
            kind = LeftAloneKind.AUTOMATED if parameter.automated else LeftAloneKind.MODULATED
            fact = found.left_alone(kind, parameter)
            modulation = parameter.modulation.kind if parameter.modulation is not None else None
            return msgspec.structs.replace(fact, modulation=modulation, text="")
        if (
            reading.role in ("mix", "dry")
            and reading.section in (None, "comp", "eq")
            and not _is_wet(reading.role, parameter)
        ):
            return found.left_alone(LeftAloneKind.MIXES_DRY, parameter)
        if reading.role == "bypass" and reading.section is None and _is_on(switch(parameter)):
            return found.left_alone(LeftAloneKind.BYPASSED)
    return None


_SET = {"freq", "gain", "q", "bandwidth", "type", "slope", "threshold", "ratio", "attack", "release", "makeup"}


def _is_on(found: Switch | None) -> bool:
    """Whether a plugin's own bypass is on: its states stand for the plugin's, which is off then."""
    return found is not None and not found.is_on


def _is_wet(role: str, parameter: ParameterSnapshot) -> bool:
    quantity = read_quantity(parameter.text)
    if role == "dry":
        return quantity is None or quantity.value <= (-60.0 if quantity.unit == "dB" else 0.0)
    if quantity is None:
        return parameter.normalized >= 0.99
    return abs(quantity.value - 100.0) < 1.0 if quantity.value > 1.0 else parameter.normalized >= 0.99


def _is_nothing(parameter: ParameterSnapshot) -> bool:
    """Whether an input gain shows no dB, or next to none."""
    level = settable(parameter, "dB")
    return level is None or abs(level.present) < _SILENT_DB
