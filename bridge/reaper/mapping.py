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
from numpy.typing import NDArray

from bridge.plugins.chain import Chain, Slot
from bridge.reaper.homes import Homes, Place, find_homes
from bridge.reaper.messages import Change, Fx, LeftAlone, Write
from bridge.reaper.translation import Translation, fixed_control, same_values, translate

UNMOVED = 1e-4
"""Settings that differ by less are the same."""


class FixedHome(NamedTuple):
    """A fixed setting of a slot and where it is written when the slot is set."""

    translation: Translation
    setting: float


@dataclass(frozen=True)
class Mapping:
    """What a chain finds on a track.

    Attributes:
        current: float32 (controls,), the settings in effect now; neutral where a control has no home, or its
            equaliser band is switched off. May lie outside of a control's range.
        free: bool (controls,), which controls have a home and may be written.
        slot_order: the chain's slots in the order in which their FX stand on the track.
        left_alone: FX and controls that stay as they are, with reasons.
        missing: FX to add, as TrackFX_AddByName takes them.
    """

    chain: Chain
    translations: dict[int, Translation]
    fixed: dict[str, tuple[FixedHome, ...]]
    current: NDArray[np.float32]
    free: NDArray[np.bool_]
    slot_order: tuple[str, ...]
    left_alone: tuple[LeftAlone, ...]
    missing: tuple[str, ...]

    @property
    def share_matched(self) -> float:
        """How much of the chain may be set on this track, 0..1."""
        return float(self.free.mean()) if self.free.size else 0.0

    def realizable(self, settings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Float32 (controls,): what the FX will really have when `settings` are written to them.

        Values are limited to what an FX can display and rounded to its steps; moves that it would not show are none.
        """
        real = self.current.copy()
        for index, translation in self.translations.items():
            if not self.free[index] or abs(float(settings[index]) - float(self.current[index])) <= UNMOVED:
                continue
            normalized = translation.to_parameter(float(settings[index]))
            if translation.place.is_asleep or not self._is_shown_already(translation, normalized):
                real[index] = translation.to_setting(normalized)
        return real

    def writes(self, after: NDArray[np.float32]) -> tuple[Write, ...]:
        """The writes that take the track from `current` to `after`: switches first, then in ascending order."""
        writes: list[tuple[Fx, Write]] = []
        for slot, indices in self._moved_slots(after):
            for index in indices:
                translation = self.translations[index]
                is_moved = abs(float(after[index] - self.current[index])) > UNMOVED
                if self.free[index] and (is_moved or translation.place.is_asleep):
                    writes += self._write(translation, float(after[index]))
            for home in self.fixed.get(slot.name, ()):
                writes += self._write(home.translation, home.setting)
        writes.sort(key=lambda pair: (not pair[1].is_switch, pair[0].index, pair[1].index))
        return tuple(write for _, write in writes)

    def changes(self, after: NDArray[np.float32], confidence: NDArray[np.float32]) -> tuple[Change, ...]:
        """What `writes` changes, control by control, as people read it."""
        rows: list[Change] = []
        for _, indices in self._moved_slots(after):
            for index in indices:
                translation = self.translations[index]
                control, place = translation.control, translation.place
                is_moved = abs(float(after[index] - self.current[index])) > UNMOVED
                if not self.free[index] or not (is_moved or place.is_asleep):
                    continue
                rows.append(
                    Change(
                        slot=control.slot,
                        plugin=place.fx.name,
                        control=control.name,
                        unit=control.unit,
                        before=None if place.is_asleep else control.real_value(float(self.current[index])),
                        after=control.real_value(float(after[index])),
                        text=translation.text(translation.to_parameter(float(after[index]))),
                        confidence=float(np.clip(confidence[index], 0.0, 1.0)),
                    )
                )
        return tuple(rows)

    def _moved_slots(self, after: NDArray[np.float32]) -> list[tuple[Slot, list[int]]]:
        """The slots in which anything moves, each with the indices of its controls that have a home."""
        moved: list[tuple[Slot, list[int]]] = []
        start = 0
        for slot in self.chain.slots:
            indices = [start + i for i in range(len(slot.controls)) if start + i in self.translations]
            start += len(slot.controls)
            if any(self.free[i] and abs(float(after[i] - self.current[i])) > UNMOVED for i in indices):
                moved.append((slot, indices))
        return moved

    def _write(self, translation: Translation, setting: float) -> list[tuple[Fx, Write]]:
        place, parameter = translation.place, translation.place.parameter
        normalized = translation.to_parameter(setting)
        if self._is_shown_already(translation, normalized):
            return []
        band = msgspec.structs.replace(parameter.eq, enabled=True) if place.is_asleep and parameter.eq else None
        write = Write(
            fx_guid=place.fx.guid,
            ident=parameter.ident,
            index=parameter.index,
            before=parameter.normalized,
            normalized=normalized,
            expected_text=translation.text(normalized),
            tolerance=translation.tolerance(normalized),
            is_switch=parameter.is_toggle or bool(translation.control.choices),
            eq_band=band,
        )
        return [(place.fx, write)]

    @staticmethod
    def _is_shown_already(translation: Translation, normalized: float) -> bool:
        return abs(normalized - translation.place.parameter.normalized) <= translation.tolerance(normalized) / 2


def map_chain(chain: Chain, fx_chain: Sequence[Fx]) -> Mapping:
    """Map `chain` onto the FX of a track. Never fails: what does not fit is named in `left_alone` or `missing`."""
    homes = find_homes(chain, fx_chain)
    current, free = chain.neutral.copy(), np.zeros(len(chain.controls), dtype=np.bool_)
    translations: dict[int, Translation] = {}
    for slot in chain.slots:
        found, faults = _translations(slot, homes)
        if faults:  # what the slot does now cannot be told, so neither can be what a change would do
            homes.left_alone.append(LeftAlone(what=slot.name, why="; ".join(faults)))
            continue
        for translation in found:
            index = chain.index(translation.control.label)
            translations[index] = translation
            place = translation.place
            current[index] = current[index] if place.is_asleep else translation.current
            free[index] = not place.parameter.automated
            if place.parameter.automated:
                why = f"{_where(place)} has an armed envelope, which would override the value"
                homes.left_alone.append(LeftAlone(what=translation.control.label, why=why))
    return Mapping(
        chain=chain,
        translations=translations,
        fixed={slot.name: _fixed_homes(slot, homes) for slot in chain.slots},
        current=current,
        free=free,
        slot_order=_slot_order(chain, homes),
        left_alone=tuple(homes.left_alone),
        missing=tuple(dict.fromkeys(homes.missing)),
    )


def _translations(slot: Slot, homes: Homes) -> tuple[list[Translation], list[str]]:
    """The translation of each control of a slot that has an FX, and why some have none."""
    found: list[Translation] = []
    faults: list[str] = []
    for control in slot.controls if slot.name in homes.fx else ():
        place = homes.places[slot.name].get(control.name)
        if place is None:
            faults.append(f"{homes.fx[slot.name].name} shows no parameter for {control.name}")
            continue
        translation = translate(place, control)
        if isinstance(translation, str):
            faults.append(f"{_where(place)}: {translation}")
        else:
            found.append(translation)
    return found, faults


def _fixed_homes(slot: Slot, homes: Homes) -> tuple[FixedHome, ...]:
    found: list[FixedHome] = []
    for name, setting in slot.fixed.items():
        place = homes.places.get(slot.name, {}).get(name)
        if place is None or place.parameter.automated:
            continue
        control = fixed_control(slot.name, name, "Q" if name == "q" else place.shown_unit)
        translation = same_values(place, control) if place.is_same_plugin else translate(place, control)
        if isinstance(translation, Translation):
            found.append(FixedHome(translation, setting))
    return tuple(found)


def _slot_order(chain: Chain, homes: Homes) -> tuple[str, ...]:
    """Slots with an FX by its place on the track; the others, which do nothing, where the chain has them."""
    at_home = iter(sorted((s for s in chain.slots if s.name in homes.fx), key=lambda s: homes.fx[s.name].index))
    return tuple(next(at_home).name if slot.name in homes.fx else slot.name for slot in chain.slots)


def _where(place: Place) -> str:
    return f"{place.fx.name}, {place.parameter.name}"
