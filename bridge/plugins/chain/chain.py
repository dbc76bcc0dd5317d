"""A chain: the ordered slots that a model sets, as data that a model manifest can embed.

This module holds and checks the data; `chain_file` reads the TOML that people write. Nothing here loads a plugin.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from bridge.errors import ChainError
from bridge.plugins.chain.builtin import EFFECTS
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw, check_range
from bridge.types import Float32

BUILTIN = "builtin"
VST3 = "vst3"


class Fingerprint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which plugin a calibration speaks of: two versions of one plugin may display and sound differently."""

    identifier: str
    version: str
    parameters: tuple[str, ...]

    def difference(self, other: Fingerprint) -> str | None:
        """What tells `other` (the installed one) from this one, in words; None if they are the same."""
        if self.identifier != other.identifier:
            return f"identifier {other.identifier!r} instead of {self.identifier!r}"
        if self.version != other.version:
            return f"version {other.version} instead of {self.version}"
        if self.parameters != other.parameters:
            changed = sorted(set(self.parameters) ^ set(other.parameters))
            return f"other parameters ({', '.join(changed) or 'in another order'})"
        return None


def unique_names(names: list[str]) -> list[str]:
    """Two parameters of one name get 'Gain' and 'Gain #2'."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return result


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One plugin of a chain.

    `fixed` holds the settings that never move: real values for `builtin:` plugins (a switch: the index of its
    choice), normalized values for `vst3:` ones. `fingerprint` is there when the slot has been calibrated.
    """

    name: str
    plugin: str
    fixed: dict[str, float] = {}
    controls: tuple[Control, ...] = ()
    fingerprint: Fingerprint | None = None

    @property
    def scheme(self) -> str:
        """Where its plugin comes from: 'builtin', 'vst3', or what a worker's modules add."""
        return self.plugin.partition(":")[0]

    @property
    def plugin_name(self) -> str:
        return self.plugin.partition(":")[2]


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """Ordered slots. `controls` is the order of every settings vector."""

    name: str
    description: str = ""
    slots: tuple[Slot, ...]

    @cached_property
    def controls(self) -> tuple[Control, ...]:
        """All controls, slot by slot: the order of every array of settings."""
        return tuple(control for slot in self.slots for control in slot.controls)

    @cached_property
    def neutral(self) -> Float32:
        """Float32 (controls,): the settings at which the chain does least."""
        return np.array([control.neutral for control in self.controls], dtype=np.float32)

    @cached_property
    def bounds(self) -> tuple[Float32, Float32]:
        """The lowest and highest normalized values that a model may choose, each Float32 (controls,)."""
        low = np.array([control.low for control in self.controls], dtype=np.float32)
        high = np.array([control.high for control in self.controls], dtype=np.float32)
        return low, high

    @cached_property
    def key(self) -> str:
        """16 hexadecimal digits that change with anything that changes the sound; for caches."""
        return hashlib.sha256(msgspec.json.encode(self.slots, order="deterministic")).hexdigest()[:16]

    def index(self, label: str) -> int:
        """The place of the control 'slot.name' in a settings vector; ChainError if there is none."""
        labels = [control.label for control in self.controls]
        if label not in labels:
            raise ChainError(f"The chain {self.name} has no control {label!r}.{suggest_names(label, labels)}")
        return labels.index(label)

    def check_normalized(self, normalized: npt.ArrayLike) -> Float32:
        """Float32 (controls,) or (blocks, controls), C-contiguous; ChainError for another shape or a NaN."""
        values = np.ascontiguousarray(normalized, dtype=np.float32)
        count = len(self.controls)
        if values.ndim not in (1, 2) or values.shape[-1] != count or values.shape[0] == 0 < count:
            raise ChainError(
                f"Settings for the chain {self.name} have the shape {values.shape}; give ({count},), or "
                f"(blocks, {count}) to move block by block."
            )
        if not np.isfinite(values).all():
            broken = self.controls[int(np.argwhere(~np.isfinite(values))[0][-1])].label
            raise ChainError(f"The setting of {broken} is not a number; give finite normalized values.")
        return values


def chain_to_dict(chain: Chain) -> dict[str, Any]:
    """Plain JSON values, measured laws and fingerprints included. `chain_from_dict` is the way back."""
    plain: dict[str, Any] = msgspec.to_builtins(chain)
    return plain


def chain_from_dict(plain: dict[str, Any], *, source: str = "the chain") -> Chain:
    """A chain as `chain_to_dict` gave it. Raises ChainError naming `source` where it does not fit."""
    try:
        chain = msgspec.convert(plain, Chain)
    except msgspec.ValidationError as error:
        raise ChainError(f"{source} is damaged: {error}. Take a fresh copy of it.") from error
    check_chain(chain, source=source)
    return chain


def check_chain(chain: Chain, *, source: str) -> None:
    """Raise ChainError for what the types alone do not catch: names, schemes, parameters, ranges."""
    if not chain.slots:
        raise ChainError(f"{source} has no slot; give at least one [[slot]] with a plugin.")
    names = [slot.name for slot in chain.slots]
    for name in names:
        if names.count(name) > 1:
            raise ChainError(f"{source} has two slots named {name!r}; give each its own name.")
    for slot in chain.slots:
        _check_slot(slot, source=source)


def check_known_name(thing: str, value: str, known: Iterable[str], *, source: str) -> None:
    """Raise ChainError naming the nearest known name where `value` is not one of `known`."""
    known = list(known)
    if value not in known:
        raise ChainError(f"{source} names the {thing} {value!r}, which does not exist.{suggest_names(value, known)}")


def suggest_names(value: str, known: Sequence[str]) -> str:
    """' Did you mean ...?', or the list of what is known; '' if nothing is."""
    lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(value.lower(), list(lower), n=2, cutoff=0.55)
    if near:
        return f" Did you mean {' or '.join(lower[name] for name in near)}?"
    return f" Known: {', '.join(sorted(known))}." if known else ""


def _check_slot(slot: Slot, *, source: str) -> None:
    where = f"{source}, slot {slot.name!r}"
    if not slot.plugin_name:
        raise ChainError(f"{where} has the plugin {slot.plugin!r}; write builtin:NAME or vst3:NAME.")
    for control in slot.controls:
        if control.slot != slot.name:
            raise ChainError(f"{where} holds a control of slot {control.slot!r}; take a fresh copy of it.")
        if control.name in slot.fixed:
            raise ChainError(f"{where} both fixes and controls {control.name!r}; keep one of the two.")
        if not control.low < control.high:
            raise ChainError(f"{where} gives {control.name} no room: normalized {control.low}..{control.high}.")
    if slot.scheme == BUILTIN:
        _check_builtin(slot, where=where)


def _check_builtin(slot: Slot, *, where: str) -> None:
    check_known_name("built-in plugin", slot.plugin_name, EFFECTS, source=where)
    effect = EFFECTS[slot.plugin_name]
    for name, value in slot.fixed.items():
        check_known_name(f"{slot.plugin_name} parameter", name, effect, source=where)
        check_accepted_range(f"{where}, {name}", value, effect[name].lowest, effect[name].highest)
    for control in slot.controls:
        check_known_name(f"{slot.plugin_name} parameter", control.name, effect, source=where)
        if not isinstance(control.law, RangeLaw):
            raise ChainError(f"{where} gives {control.name} a measured law; built-in effects take a range.")
        check_range(control.label, control.law.low, control.law.high, control.law.scale)
        for bound in (control.law.low, control.law.high):
            check_accepted_range(control.label, bound, effect[control.name].lowest, effect[control.name].highest)


def check_accepted_range(label: str, value: float, lowest: float, highest: float) -> None:
    """Raise ChainError where `value` lies outside of what the plugin accepts."""
    if not lowest <= value <= highest:
        raise ChainError(f"{label} is set to {value:g}; the plugin takes {lowest:g} to {highest:g}.")
