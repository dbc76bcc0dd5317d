"""Draws settings to learn from: which slots act, where their controls stand, and settings that undo others.

Works in positions, 0..1 over each control's range, for any chain; knows no plugin.
"""

from __future__ import annotations

import numpy as np

from bridge.model.bundle import categories_of, neutral_positions
from bridge.plugins.chain.chain import Chain
from bridge.types import NormalizedArray

ACTIVE_SHARE = 0.6  # of the slots in a drawn setting
UNCHANGED_SHARE = 0.12  # of the drawn settings are neutral: "change nothing" must be learned too
OUTPUT_GAIN_REACH = 0.25  # of its range, to either side of neutral
UNDONE_SLOTS = (1, 4)  # how many slots a degradation uses


class SettingsSampler:
    """Random settings for a chain. Slots are active or neutral as a whole."""

    def __init__(self, chain: Chain) -> None:
        self.neutral = neutral_positions(chain)
        controls = chain.controls
        self._places = {category.control: category.places for category in categories_of(chain)}
        self._slots = _members([control.slot for control in controls])
        self._outputs = [i for i, control in enumerate(controls) if control.role == "output_gain"]
        self._gains = [
            i
            for i, control in enumerate(controls)
            if control.unit == "dB"
            and not control.choices
            and i not in self._outputs
            and abs(self.neutral[i] - 0.5) < 1e-3
        ]
        self._undoable = [slot for slot in self._slots if any(i in self._gains for i in slot)]

    @property
    def can_undo(self) -> bool:
        """Whether the chain has gains that can be mirrored about neutral."""
        return bool(self._undoable)

    def draw(self, generator: np.random.Generator) -> NormalizedArray:
        """One setting, (controls,)."""
        position = self.neutral.copy()
        if generator.random() < UNCHANGED_SHARE:
            return position
        for slot in self._slots:
            if generator.random() < ACTIVE_SHARE:
                position[slot] = self._draw_slot(slot, generator)
        for index in self._outputs:
            reach = generator.uniform(-OUTPUT_GAIN_REACH, OUTPUT_GAIN_REACH)
            position[index] = np.clip(self.neutral[index] + reach, 0, 1)
        return position

    def draw_undoable(self, generator: np.random.Generator) -> tuple[NormalizedArray, NormalizedArray]:
        """A degradation and the setting that undoes it: the same bands with mirrored gains.

        A filter whose gain is mirrored about 0 dB is the exact inverse of itself (peak and shelf filters of
        Bristow-Johnson's form); that a chain's filters are of this form is measured by a test.
        """
        degrading = self.neutral.copy()
        if self._undoable and generator.random() >= UNCHANGED_SHARE:
            count = min(len(self._undoable), int(generator.integers(*UNDONE_SLOTS, endpoint=True)))
            for slot in generator.permutation(len(self._undoable))[:count]:
                members = self._undoable[slot]
                degrading[members] = self._draw_slot(members, generator)
        undoing = degrading.copy()
        undoing[self._gains] = 1.0 - undoing[self._gains]
        return degrading, undoing

    def _draw_slot(self, controls: list[int], generator: np.random.Generator) -> NormalizedArray:
        """Anywhere in the range; of choices, at the place of one of them."""
        drawn = generator.random(len(controls)).astype(np.float32)
        for at, control in enumerate(controls):
            if (places := self._places.get(control)) is not None:
                drawn[at] = places[min(int(drawn[at] * len(places)), len(places) - 1)]
        return drawn


def _members(slots: list[str]) -> list[list[int]]:
    return [[i for i, slot in enumerate(slots) if slot == name] for name in dict.fromkeys(slots)]
