"""A chain mapped onto a track's FX: the settings the user has, which of them may move, and the writes to come.

`map_chain` finds homes and measures laws; the `Mapping` then speaks the model's language (settings vectors in the
order of the chain) on one side and REAPER's (writes, texts) on the other. It neither predicts nor renders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.parameter import Control
from bridge.reaper.mapping.fx_matching import ControlBinding, FxMatch, match_fx
from bridge.reaper.mapping.parameter_conversion import (
    ParameterConversion,
    convert_displayed,
    convert_identical,
    fixed_control,
)
from bridge.reaper.mapping.proxy_chain import FixedBinding, ProxyMapping, build_proxy_chain, find_context_controls
from bridge.reaper.protocol.messages import Change, FxSnapshot, LeftAlone, Write
from bridge.types import Float32, Mask

UNMOVED = 1e-4
"""Settings that differ by less are the same."""


@dataclass(frozen=True)
class ChainMapping:
    """What a chain finds on a track.

    Attributes:
        current: float32 (controls,), the settings in effect now; neutral where a control has no home, or its
            equaliser band is switched off. May lie outside of a control's range.
        free: bool (controls,), which controls have a home and may be written.
        judged: what of the track is rendered to judge settings by; see `judged_chain`, `judged_settings`.
        left_alone: FX and controls that stay as they are, with reasons.
        missing: FX to add, as TrackFX_AddByName takes them.
        homeless: slots that no FX of REAPER's can stand for.
    """

    chain: Chain
    translations: dict[int, ParameterConversion]
    fixed: dict[str, tuple[FixedBinding, ...]]
    current: Float32
    free: Mask
    judged: ProxyMapping
    left_alone: tuple[LeftAlone, ...]
    missing: tuple[str, ...]
    homeless: tuple[str, ...]

    @property
    def share_matched(self) -> float:
        """How much of the chain may be set on this track, 0..1."""
        return float(self.free.mean()) if self.free.size else 0.0

    @property
    def judged_chain(self) -> Chain:
        """The chain as it stands on the track: in its order, with all else that its FX do there."""
        return self.judged.chain

    def judged_settings(self, settings: Float32) -> Float32:
        """Float32 (controls of `judged_chain`,): what is heard with `settings` (controls,) on the track."""
        return self.judged.settings(settings, {slot.name for slot, _ in self._moved_slots(settings)})

    def realizable(self, settings: Float32) -> Float32:
        """Float32 (controls,): what the FX will really have when `settings` are written to them.

        Values are limited to what an FX can display and rounded to its steps; moves that it would not show are none.
        """
        real = self.current.copy()
        for _, indices in self._moved_slots(settings):
            for index in indices:
                translation, setting = self.translations[index], float(settings[index])
                if self._is_written(index, settings):
                    real[index] = translation.to_setting(translation.written(setting))
        return real

    def writes(
        self, after: Float32, confidence: Float32 | None = None, reasons: Sequence[str] = ()
    ) -> tuple[Write, ...]:
        """The writes that take the track from `current` to `after`: switches first, then in ascending order.

        `confidence` and `reasons` are (controls,), or empty.
        """
        writes: list[tuple[FxSnapshot, Write]] = []
        for slot, indices in self._moved_slots(after):
            for index in indices:
                if self._is_written(index, after):
                    sure = 1.0 if confidence is None else float(np.clip(confidence[index], 0.0, 1.0))
                    start, setting = float(self.current[index]), float(after[index])
                    write = _write(self.translations[index], setting, start=start, confidence=sure)
                    writes.append((write[0], msgspec.structs.replace(write[1], reason=_of(reasons, index))))
            for translation, setting in self.fixed[slot.name]:
                if translation.place.is_asleep or not translation.is_shown(setting):
                    writes.append(_write(translation, setting, start=setting, confidence=1.0))
        writes.sort(key=lambda pair: (not pair[1].is_switch, pair[0].index, pair[1].index))
        return tuple(write for _, write in writes)

    def changes(self, after: Float32, confidence: Float32, reasons: Sequence[str] = ()) -> tuple[Change, ...]:
        """What `writes` changes, control by control, as people read it."""
        rows: list[Change] = []
        for _, indices in self._moved_slots(after):
            for index in indices:
                translation = self.translations[index]
                control, place = translation.control, translation.place
                if not self._is_written(index, after):
                    continue
                rows.append(
                    Change(
                        slot=control.slot,
                        plugin=place.fx.name,
                        control=control.name,
                        unit=control.unit,
                        before=None if place.is_asleep else control.real_value(float(self.current[index])),
                        after=control.real_value(float(after[index])),
                        text=translation.text(translation.written(float(after[index]))),
                        confidence=float(np.clip(confidence[index], 0.0, 1.0)),
                        reason=_of(reasons, index),
                    )
                )
        return tuple(rows)

    def _moved_slots(self, after: Float32) -> list[tuple[Slot, list[int]]]:
        """The slots in which anything moves, each with the indices of its controls that have a home."""
        moved: list[tuple[Slot, list[int]]] = []
        start = 0
        for slot in self.chain.slots:
            indices = [start + i for i in range(len(slot.controls)) if start + i in self.translations]
            start += len(slot.controls)
            if any(self.free[i] and abs(float(after[i] - self.current[i])) > UNMOVED for i in indices):
                moved.append((slot, indices))
        return moved

    def _is_written(self, index: int, after: Float32) -> bool:
        """Whether a control of a slot that is set gets a write. A band that is switched off is written as a whole,
        for it wakes with every value that it has."""
        translation, setting = self.translations[index], float(after[index])
        if not self.free[index]:
            return False
        is_moved = abs(setting - float(self.current[index])) > UNMOVED
        return translation.place.is_asleep or (is_moved and not translation.is_shown(setting))


def map_chain(chain: Chain, fx_chain: Sequence[FxSnapshot]) -> ChainMapping:
    """Map `chain` onto the FX of a track. Never fails: what does not fit is named in `left_alone` or `missing`."""
    homes = match_fx(chain, fx_chain)
    tenants = {slot.name: _read(slot, homes) for slot in chain.slots if slot.name in homes.fx}
    _leave_unread(homes, tenants)
    standing = find_context_controls(homes)
    current, free = chain.neutral.copy(), np.zeros(len(chain.controls), dtype=np.bool_)
    translations: dict[int, ParameterConversion] = {}
    for name in homes.fx:
        tenant = tenants[name]
        for translation in tenant.controls:
            index = chain.index(translation.control.label)
            translations[index] = translation
            place = translation.place
            current[index] = current[index] if place.is_asleep else translation.current
            free[index] = not place.parameter.automated and not tenant.unwritable
            if place.parameter.automated:
                homes.left_alone.append(LeftAlone(what=translation.control.label, why=_overridden(place)))
        if tenant.unwritable:
            homes.left_alone.append(LeftAlone(what=name, why="; ".join(tenant.unwritable)))
    fixed = {slot.name: tenants[slot.name].fixed if slot.name in homes.fx else () for slot in chain.slots}
    return ChainMapping(
        chain=chain,
        translations=translations,
        fixed=fixed,
        current=current,
        free=free,
        judged=build_proxy_chain(chain, homes, translations, fixed, standing),
        left_alone=tuple(homes.left_alone),
        missing=tuple(dict.fromkeys(homes.missing)),
        homeless=tuple(homes.homeless),
    )


class _Tenant(NamedTuple):
    """A slot in its FX. `unread`: why it cannot be told what it does; `unwritable`: why it cannot be set."""

    controls: tuple[ParameterConversion, ...]
    fixed: tuple[FixedBinding, ...]
    unread: tuple[str, ...]
    unwritable: tuple[str, ...]


def _read(slot: Slot, homes: FxMatch) -> _Tenant:
    found: list[ParameterConversion] = []
    fixed: list[FixedBinding] = []
    unread: list[str] = []
    places = homes.places[slot.name]
    for name in (*(control.name for control in slot.controls), *slot.fixed):
        if name not in places:
            unread.append(f"{homes.fx[slot.name].name} shows no parameter for {name}")
            continue
        place = places[name]
        translation = _fixed(slot, place) if name in slot.fixed else convert_displayed(place, _control(slot, name))
        if isinstance(translation, str):
            unread.append(f"{_where(place)}: {translation}")
        elif name in slot.fixed:
            fixed.append(FixedBinding(translation, slot.fixed[name]))
        else:
            found.append(translation)
    held = tuple(_overridden(home.translation.place) for home in fixed if home.translation.place.parameter.automated)
    return _Tenant(tuple(found), tuple(fixed), tuple(unread), held)


def _control(slot: Slot, name: str) -> Control:
    return next(control for control in slot.controls if control.name == name)


def _fixed(slot: Slot, place: ControlBinding) -> ParameterConversion | str:
    control = fixed_control(slot.name, place.name, "Q" if place.name == "q" else place.shown_unit)
    return convert_identical(place, control) if place.is_same_plugin else convert_displayed(place, control)


def _leave_unread(homes: FxMatch, tenants: dict[str, _Tenant]) -> None:
    """Take slots out that cannot be read, and the FX with them if what they do is heard: no change of that FX could
    be judged."""
    for name, tenant in tenants.items():
        if not tenant.unread or name not in homes.fx:
            continue
        fx, is_asleep = homes.fx[name], any(place.is_asleep for place in homes.places[name].values())
        homes.leave(name, "; ".join(tenant.unread))
        if not is_asleep and any(home.guid == fx.guid for home in homes.fx.values()):
            homes.leave_fx(fx, f"left alone as a whole, for {name} in it is heard and cannot be read")


def _write(
    translation: ParameterConversion, setting: float, *, start: float, confidence: float
) -> tuple[FxSnapshot, Write]:
    """`start`: the setting where the amount begins in a band that was off, whose own values count for nothing."""
    place, parameter = translation.place, translation.place.parameter
    normalized = translation.written(setting)
    write = Write(
        fx_guid=place.fx.guid,
        ident=parameter.ident,
        index=parameter.index,
        before=parameter.normalized,
        normalized=normalized,
        expected_text=translation.expected_text(normalized),
        tolerance=translation.tolerance(normalized),
        is_switch=parameter.is_toggle or bool(translation.control.choices),
        eq_band=msgspec.structs.replace(parameter.eq, enabled=True) if place.is_asleep and parameter.eq else None,
        start=translation.written(start) if place.is_asleep else None,
        control=translation.control.label,
        unit=translation.control.unit,
        confidence=confidence,
    )
    return place.fx, write


def _of(reasons: Sequence[str], index: int) -> str:
    return reasons[index] if index < len(reasons) else ""


def _overridden(place: ControlBinding) -> str:
    return f"{_where(place)} has an armed envelope, which would override the value"


def _where(place: ControlBinding) -> str:
    return f"{place.fx.name}, {place.parameter.name}"
