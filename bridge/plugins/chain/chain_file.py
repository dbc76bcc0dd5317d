"""Chains as the TOML that people write, with ranges in displayed units.

Built-in effects are checked against their table; a VST3 plugin's ranges are turned into normalized ones through its
calibration, which the caller supplies. This module starts no process and loads no plugin.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from bridge.errors import ChainError
from bridge.plugins.chain.builtin import EFFECTS, AcceptedValues
from bridge.plugins.chain.calibration import Calibration, ParameterReport
from bridge.plugins.chain.chain import (
    BUILTIN,
    VST3,
    Chain,
    Slot,
    check_accepted_range,
    check_chain,
    check_known_name,
    suggest_names,
)
from bridge.plugins.chain.control import Control, Role, unit_of
from bridge.plugins.chain.display_law import DisplayLaw, RangeLaw, check_range

Calibrate = Callable[[str], Calibration]
"""From a plugin as a chain names it ('vst3:ZamCompX2') to what is known of it."""


class TomlControl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[slot.control.NAME]. `range` and `neutral` are real values; a switch takes no range."""

    range: tuple[float, float] | None = None
    scale: Literal["linear", "log"] | None = None
    neutral: float | str | bool | None = None
    role: Role = ""


class TomlSlot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[[slot]]. `fixed` values are real values, or the text of a switch."""

    plugin: str
    name: str = ""
    fixed: dict[str, float | str | bool] = {}
    control: dict[str, TomlControl] = {}


class TomlChain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slot: list[TomlSlot]
    name: str = ""
    description: str = ""


_KEYS = sorted({*TomlChain.__struct_fields__, *TomlSlot.__struct_fields__, *TomlControl.__struct_fields__})


def load_chain(path: Path, *, calibrate: Calibrate | None = None) -> Chain:
    """Read and check a chain file.

    Args:
        path: of the TOML file.
        calibrate: is asked for each `vst3:` plugin (`PluginHost.calibrate`); a chain of built-in effects needs none.

    Raises:
        ChainError: names the file, the key or value, and the remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ChainError(f"{path} cannot be read: {error.strerror}. Give the path of a chain file.") from error
    except UnicodeDecodeError as error:
        raise ChainError(f"{path} is not text in UTF-8: {error.reason}. Give the path of a chain file.") from error
    return parse_chain(text, source=str(path), default_name=path.stem, calibrate=calibrate)


def parse_chain(text: str, *, source: str, default_name: str = "chain", calibrate: Calibrate | None = None) -> Chain:
    """As `load_chain`, from the text itself; `source` names it in errors."""
    try:
        plain = msgspec.toml.decode(text, type=TomlChain)
    except msgspec.ValidationError as error:
        raise ChainError(f"{source}: {_explain(str(error))}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ChainError(f"{source} is not valid TOML: {error}. Mend that line.") from error
    slots = []
    for index, entry in enumerate(plain.slot, start=1):
        slot_name = entry.name or f"slot_{index}"
        where = f"{source}, slot {slot_name!r}"
        scheme = entry.plugin.partition(":")[0]
        if scheme == BUILTIN:
            slots.append(_builtin_slot(entry, slot_name, where))
        elif scheme == VST3:
            slots.append(_vst3_slot(entry, slot_name, where, calibrate))
        else:
            raise ChainError(f"{where} has the plugin {entry.plugin!r}; write builtin:NAME or vst3:NAME.")
    chain = Chain(name=plain.name or default_name, description=plain.description, slots=tuple(slots))
    check_chain(chain, source=source)
    return chain


def _explain(message: str) -> str:
    """msgspec's message with what to write instead."""
    if found := re.match(r"Object contains unknown field `(.+?)`", message):
        return f"{message}.{suggest_names(found[1], _KEYS)}"
    return f"{message}. Keys of a chain: {', '.join(_KEYS)}."


# ---------------------------------------------------------------- built-in effects


def _builtin_slot(entry: TomlSlot, slot_name: str, where: str) -> Slot:
    effect_name = entry.plugin.partition(":")[2]
    check_known_name("built-in plugin", effect_name, EFFECTS, source=where)
    effect = EFFECTS[effect_name]
    for name in (*entry.fixed, *entry.control):
        check_known_name(f"{effect_name} parameter", name, effect, source=where)
    return Slot(
        name=slot_name,
        plugin=entry.plugin,
        fixed={name: _real(f"{where}, {name}", value, effect[name]) for name, value in entry.fixed.items()},
        controls=tuple(
            _builtin_control(slot_name, name, given, effect[name], where) for name, given in entry.control.items()
        ),
    )


def _builtin_control(slot: str, name: str, given: TomlControl, accepts: AcceptedValues, where: str) -> Control:
    label = f"{where}, {name}"
    low, high = given.range or accepts.usual
    scale = given.scale or (accepts.scale if given.range is None else "linear")
    check_range(label, low, high, scale)
    law = RangeLaw(low=low, high=high, scale=scale)
    if given.neutral is not None:
        neutral = law.to_normalized(_real(label, given.neutral, accepts))
    elif accepts.neutral is not None:
        neutral = min(max(law.to_normalized(accepts.neutral), 0.0), 1.0)
    else:
        neutral = 0.5
    return Control(
        slot=slot,
        name=name,
        unit=unit_of(name),
        law=law,
        neutral=_within(label, neutral),
        role=given.role,
        choices=accepts.choices,
    )


def _real(label: str, value: float | str | bool, accepts: AcceptedValues) -> float:
    if isinstance(value, str):
        if value not in accepts.choices:
            raise ChainError(
                f"{label} is set to {value!r}.{suggest_names(value, accepts.choices) or ' Give a number.'}"
            )
        return float(accepts.choices.index(value))
    check_accepted_range(label, float(value), accepts.lowest, accepts.highest)
    return float(value)


def _within(label: str, neutral: float) -> float:
    if not -1e-6 <= neutral <= 1 + 1e-6:
        raise ChainError(f"{label} has its neutral value outside of its range; move one of the two.")
    return min(max(neutral, 0.0), 1.0)


# ---------------------------------------------------------------- VST3 plugins


def _vst3_slot(entry: TomlSlot, slot_name: str, where: str, calibrate: Calibrate | None) -> Slot:
    if calibrate is None:
        raise ChainError(f"{where} has the plugin {entry.plugin}, which must be calibrated first; pass `calibrate`.")
    calibration = calibrate(entry.plugin)
    reports = {report.name: report for report in calibration.parameters}
    for name in (*entry.fixed, *entry.control):
        check_known_name(f"{entry.plugin} parameter", name, reports, source=where)
    return Slot(
        name=slot_name,
        plugin=entry.plugin,
        fixed={name: _normalized(f"{where}, {name}", v, reports[name]) for name, v in entry.fixed.items()},
        controls=tuple(_vst3_control(slot_name, given, reports[n], where) for n, given in entry.control.items()),
        fingerprint=calibration.fingerprint,
    )


def _vst3_control(slot: str, given: TomlControl, report: ParameterReport, where: str) -> Control:
    label = f"{where}, {report.name}"
    if report.kind not in ("continuous", "switch"):
        raise ChainError(f"{label} cannot be a control: {report.note or report.kind}. Leave it out.")
    law = report.law or RangeLaw(low=0.0, high=1.0)
    low, high = 0.0, 1.0
    if given.range is not None:
        check_range(label, *given.range, given.scale or "linear")
        low, high = sorted(_inverted(label, bound, law) for bound in given.range)
    neutral = report.default if given.neutral is None else _normalized(label, given.neutral, report)
    if not low - 1e-3 <= neutral <= high + 1e-3:
        if given.neutral is not None:
            raise ChainError(f"{label} has its neutral value outside of its range; move one of the two.")
        neutral = min(max(neutral, low), high)
    return Control(
        slot=slot,
        name=report.name,
        unit=report.unit,
        law=law,
        low=low,
        high=high,
        neutral=neutral,
        role=given.role,
        choices=report.choices,
    )


def _normalized(label: str, value: float | str | bool, report: ParameterReport) -> float:
    """The normalized value at which the plugin displays `value`."""
    if isinstance(value, str):
        if value not in report.choices:
            raise ChainError(f"{label} is set to {value!r}.{suggest_names(value, report.choices) or ' Give a number.'}")
        return report.choices.index(value) / max(len(report.choices) - 1, 1)
    if isinstance(value, bool) or report.law is None:
        check_accepted_range(label, float(value), 0.0, 1.0)
        return float(value)
    return _inverted(label, float(value), report.law)


def _inverted(label: str, real_value: float, law: RangeLaw | DisplayLaw) -> float:
    lowest, highest = sorted((law.to_real(0.0), law.to_real(1.0)))
    slack = 1e-3 * (highest - lowest)  # numbers as displayed are rounded
    if lowest - slack <= real_value <= highest + slack:
        real_value = min(max(real_value, lowest), highest)
    check_accepted_range(label, real_value, lowest, highest)
    return law.to_normalized(real_value)
