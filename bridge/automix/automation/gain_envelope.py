"""A gain that moves in the place of a plugin that only takes level away: what a gate does, as an envelope.

A gate's gain depends on its own input alone. It is measured by rendering the chain up to the plugin and up to behind
it, drawn with few breakpoints, and rendered as a gain from there on: what is judged is what an envelope will do.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from bridge.automix.automation.curves import block_frames, smooth_curve, thin_curve
from bridge.automix.job import AutomationCurve, SoundSource
from bridge.decibels import amplitude_to_db, db_to_amplitude
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.types import Audio, Float32, Float64

FLOOR_DB = -60.0
"""No gain falls below this: what is softer is not heard beside anything."""

TOLERANCE = 0.02  # of the gain's factor: a thinned curve stays as close
SMOOTHED_BLOCKS = 2  # to either side: a period of a low voice is no movement
_LEAST_POWER = 1e-12


def replace_by_gain(
    sound: SoundSource, chain: Chain, rows: Float32, slot_name: str, *, floor_db: float = FLOOR_DB
) -> tuple[Chain, Float32, AutomationCurve]:
    """Put a gain in the place of a slot, and its movement in the place of the slot's settings.

    Args:
        sound: what is rendered.
        chain: holds the slot.
        rows: (blocks, controls) settings of `chain`.
        slot_name: of a plugin that takes level away and does nothing else.
        floor_db: as far as the gain may fall.

    Returns:
        The chain and its rows (blocks, controls), and the gain over time as a factor up to 1, with which it begins and
        ends.

    Raises:
        PluginError: The chain cannot be rendered.
    """
    place = [slot.name for slot in chain.slots].index(slot_name)
    first = sum(len(slot.controls) for slot in chain.slots[:place])
    last = first + len(chain.slots[place].controls)
    block = block_frames(sound.sample_rate_hz)
    before = _powers(_rendered(sound, chain, rows, place), block)
    after = _powers(_rendered(sound, chain, rows, place + 1), block)
    middles_s = (np.arange(len(rows), dtype=np.float64) + 0.5) * (block / sound.sample_rate_hz)
    curve = _gain_curve(before[: len(rows)], after[: len(rows)], middles_s, max(floor_db, FLOOR_DB))
    gain = Control(slot=slot_name, name="gain_db", unit="dB", law=RangeLaw(low=FLOOR_DB, high=0.0))
    column = np.array([gain.normalized(db) for db in factor_to_db(curve.at(middles_s))], dtype=np.float32)
    slots = (
        *chain.slots[:place],
        Slot(name=slot_name, plugin="builtin:Gain", controls=(gain,)),
        *chain.slots[place + 1 :],
    )
    moved = np.concatenate([rows[:, :first], column[:, None], rows[:, last:]], axis=1)
    return msgspec.structs.replace(chain, slots=slots), moved, curve


def factor_to_db(factor: Float64) -> Float64:
    """Return the gain in dB, not below `FLOOR_DB`."""
    return np.maximum(amplitude_to_db(np.maximum(factor, 1e-9)), FLOOR_DB)


def _rendered(sound: SoundSource, chain: Chain, rows: Float32, slots: int) -> Iterable[Audio]:
    """The sound behind the first `slots` of a chain."""
    if slots == 0:
        return sound.blocks()
    kept = chain.slots[:slots]
    controls = sum(len(slot.controls) for slot in kept)
    sound.render(msgspec.structs.replace(chain, slots=kept), rows[:, :controls], block_frames(sound.sample_rate_hz))
    return sound.rendered()


def _powers(blocks: Iterable[Audio], block: int) -> Float64:
    """The energy (blocks,) of each block of samples; of the last one, what there is."""
    waiting, found = np.zeros(0), []
    for part in blocks:
        waiting = np.concatenate([waiting, np.square(part, dtype=np.float64).sum(0)])
        whole = waiting.size - waiting.size % block
        found.append(waiting[:whole].reshape(-1, block).sum(1))
        waiting = waiting[whole:]
    return np.concatenate([*found, [waiting.sum()]])


def _gain_curve(before: Float64, after: Float64, times_s: Float64, floor_db: float) -> AutomationCurve:
    smooth_before, smooth_after = (smooth_curve(power, SMOOTHED_BLOCKS) for power in (before, after))
    factor = np.sqrt((smooth_after + _LEAST_POWER) / (smooth_before + _LEAST_POWER)).clip(
        float(db_to_amplitude(floor_db)), 1.0
    )
    factor[[0, -1]] = 1.0
    return thin_curve(times_s, factor, TOLERANCE)
