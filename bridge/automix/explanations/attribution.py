"""What each slot of a chain does to a track, measured by leaving it out: no law of any plugin is known here.

The plugins are rendered once more for each slot that was set, on the loudest window in mono, with that slot as it was
before: enough to tell where a slot acts. How far it brought the sound is read from what the guard has measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bridge.automix.guard.metrics import CandidateMetrics
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.features.profile import SpectralProfile
from bridge.plugins.chain.chain import Chain
from bridge.types import Float32, Mask, NormalizedArray

UNMOVED = 1e-6
ABOVE_FLOOR_DB = 15.0
DYNAMIC_DB = 0.2


@dataclass(frozen=True)
class SlotEffect:
    """What a slot adds, in dB.

    Attributes:
        gain_db: what all bands have in common.
        colour_db: (bands,) what else each band gains in the mean; 0 where nothing can be told.
        sounds: (bands,) which bands hold anything: near the features' floor nothing can be told.
        is_dynamic: whether it acts on dynamics rather than on tone: bands go up and down otherwise, or all fall alike.
    """

    gain_db: float
    colour_db: Float32
    sounds: Mask
    is_dynamic: bool


def measure_slot_effects(
    renderer: CandidateRenderer, metrics: CandidateMetrics, before: NormalizedArray, after: NormalizedArray
) -> Mapping[str, SlotEffect]:
    """Return what each slot does to the sound, by its name: how it changes when the slot alone is set back.

    Args:
        renderer: renders the loudest of its windows, in mono, once for each slot and once for all.
        metrics: extracts the features of these.
        before, after: (controls,) of the chain, normalized. Slots in which they agree have no effect.

    Returns:
        By slot; those that only set the gain, and those whose render failed, are left out.
    """
    slots = _moved_slots(renderer.chain, before, after)
    rows = [after, *(np.where(places, before, after).astype(np.float32) for places in slots.values())]
    loudest = max(renderer.windows, key=lambda window: float(np.square(window).mean()))
    mono = replace(renderer, windows=[loudest.mean(0, keepdims=True, dtype=np.float32)])
    whole, *without = metrics.extract(mono.render_windows(rows))
    if whole is None:
        return {}
    floor_db = metrics.features.floor_db + ABOVE_FLOOR_DB
    pairs = zip(slots, without, strict=True)
    return {slot: _difference(whole.profile, sound.profile, floor_db) for slot, sound in pairs if sound is not None}


def _moved_slots(chain: Chain, before: NormalizedArray, after: NormalizedArray) -> dict[str, Mask]:
    """The slots in which anything moves, each with which of the chain's controls are its own."""
    names = np.array([control.slot for control in chain.controls])
    moved = {str(name) for name in names[np.abs(after - before) > UNMOVED]}
    toned = {control.slot for control in chain.controls if not control.role}
    return {slot.name: names == slot.name for slot in chain.slots if slot.name in moved & toned}


def _difference(whole: SpectralProfile, without: SpectralProfile, floor_db: float) -> SlotEffect:
    bands = whole.valid_bands
    sounds = np.minimum(whole.mean_db, without.mean_db)[:bands] > floor_db
    tone = whole.mean_db[:bands] - without.mean_db[:bands]
    spread = whole.spread_db[:bands] - without.spread_db[:bands]
    gain_db, spread_db = (float(np.median(tone[sounds])), float(spread[sounds].mean())) if sounds.any() else (0.0, 0.0)
    colour = np.where(sounds, tone - np.float32(gain_db), np.float32(0.0))
    is_wide = abs(spread_db) >= np.abs(colour).mean() or abs(gain_db) > np.abs(colour).max(initial=0.0)
    return SlotEffect(gain_db, colour, sounds, is_dynamic=bool(abs(spread_db) >= DYNAMIC_DB and is_wide))
