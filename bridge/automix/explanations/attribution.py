"""What each slot of a chain does to a track, measured by leaving it out: no law of any plugin is known here.

The plugins are rendered once more for each slot that was set, on the loudest window in mono, with that slot as it was
before: enough to tell where a slot acts. How far it got is read off all that the guard has heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bridge.automix.guard.guard import Guard
from bridge.features.profile import SpectralProfile
from bridge.types import Float32, Mask, NormalizedArray

UNMOVED = 1e-6
ABOVE_FLOOR_DB = 15.0
LIVELY_DB = 0.2


@dataclass(frozen=True)
class SlotEffect:
    """What a slot adds, in dB.

    Attributes:
        tone_db: (bands,) to the level of each band.
        spread_db: (bands,) to how much each goes up and down.
        sounds: (bands,) bool, which bands hold anything: near the features' floor nothing can be told.
    """

    tone_db: Float32
    spread_db: Float32
    sounds: Mask

    @property
    def level_db(self) -> float:
        """What all bands have in common."""
        return float(np.median(self.tone_db[self.sounds])) if self.sounds.any() else 0.0

    @property
    def colour_db(self) -> Float32:
        """(bands,) what remains of `tone_db` at the same level; 0 where nothing can be told."""
        return np.where(self.sounds, self.tone_db - np.float32(self.level_db), np.float32(0.0))

    @property
    def liveliness_db(self) -> float:
        """How much more the bands go up and down, in the mean."""
        return float(self.spread_db[self.sounds].mean()) if self.sounds.any() else 0.0

    @property
    def is_dynamic(self) -> bool:
        """Whether it acts on dynamics rather than on tone: bands go up and down otherwise, or all fall alike."""
        colour = np.abs(self.colour_db)
        is_wide = abs(self.liveliness_db) >= colour.mean() or abs(self.level_db) > colour.max(initial=0.0)
        return bool(abs(self.liveliness_db) >= LIVELY_DB and is_wide)


def measure_slot_effects(guard: Guard, before: NormalizedArray, after: NormalizedArray) -> Mapping[str, SlotEffect]:
    """The effect of each slot in which `before` and `after` (controls,) differ; of none whose render failed, nor of
    those that only set the level."""
    slots = _moved_slots(guard, before, after)
    rows = [after, *(np.where(places, before, after).astype(np.float32) for places in slots.values())]
    loudest = max(guard.windows, key=lambda window: float(np.square(window).mean()))
    ears = replace(guard, windows=[loudest.mean(0, keepdims=True, dtype=np.float32)])
    whole, *without = ears.hear(rows)
    if whole is None:
        return {}
    heard = zip(slots, without, strict=True)
    floor_db = guard.features.floor_db + ABOVE_FLOOR_DB
    return {slot: _difference(whole.profile, sound.profile, floor_db) for slot, sound in heard if sound is not None}


def _moved_slots(guard: Guard, before: NormalizedArray, after: NormalizedArray) -> dict[str, Mask]:
    """The slots in which anything moves, each with where its controls stand in the settings."""
    names = np.array([control.slot for control in guard.chain.controls])
    moved = {str(name) for name in names[np.abs(after - before) > UNMOVED]}
    toned = {control.slot for control in guard.chain.controls if not control.role}
    return {slot.name: names == slot.name for slot in guard.chain.slots if slot.name in moved & toned}


def _difference(whole: SpectralProfile, without: SpectralProfile, floor_db: float) -> SlotEffect:
    heard = whole.valid_bands
    tone = whole.mean_db[:heard] - without.mean_db[:heard]
    spread = whole.spread_db[:heard] - without.spread_db[:heard]
    return SlotEffect(tone, spread, np.minimum(whole.mean_db, without.mean_db)[:heard] > floor_db)
