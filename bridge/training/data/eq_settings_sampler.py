"""Draws settings of tone to learn from: broad curves for a graphic equaliser, anything for what stands beside it.

A graphic equaliser is known by its controls: gains in dB that are called by their frequency ('1257Hz'). Bands drawn one
by one would be a comb that nobody sets and nobody distinguishes; neighbours are drawn together, as curves.
"""

from __future__ import annotations

import re

import numpy as np

from bridge.model.bundle import neutral_positions, normalized_to_positions
from bridge.plugins.chain.chain import Chain
from bridge.types import Float64, NormalizedArray

UNCHANGED_SHARE = 0.12
CURVED_SHARE = 0.85  # of the settings move the equaliser
ACTIVE_SHARE = 0.6  # of the other slots
TILT_DB = 1.0  # standard deviation, per octave
BUMPS = (1, 4)
BUMP_DB = 4.5
BUMP_OCTAVES = (0.35, 2.0)
MOST_DB = 9.0

_BAND = re.compile(r"([\d.]+)\s*(k?)Hz", re.IGNORECASE)


class EqSettingsSampler:
    """Random settings (controls,) of a chain, 0..1 over each range. Controls with a role stay where they do least."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.neutral = neutral_positions(chain)
        named = [_BAND.fullmatch(control.name) for control in chain.controls]
        self.bands = [i for i, found in enumerate(named) if found and chain.controls[i].unit == "dB"]
        self.hertz = np.array([float(found[1]) * (1000 if found[2] else 1) for found in named if found])
        slots = dict.fromkeys(control.slot for control in chain.controls)
        members = {
            slot: [i for i, c in enumerate(chain.controls) if c.slot == slot and not c.role and i not in self.bands]
            for slot in slots
        }
        self._others = [places for places in members.values() if places]

    def draw(self, generator: np.random.Generator) -> NormalizedArray:
        """One setting, (controls,)."""
        position = self.neutral.copy()
        if generator.random() < UNCHANGED_SHARE:
            return position
        for places in self._others:
            if generator.random() < ACTIVE_SHARE:
                position[places] = generator.random(len(places))
        if self.bands and generator.random() < CURVED_SHARE:
            position = self.with_gains(position, draw_curve_db(self.hertz, generator))
        return position

    def with_gains(self, position: NormalizedArray, gains_db: Float64) -> NormalizedArray:
        """`position` with the equaliser's bands at `gains_db` (bands,), each within its range."""
        controls = self.chain.controls
        wanted = self.chain.neutral.copy()
        wanted[self.bands] = [controls[i].normalized(g) for i, g in zip(self.bands, gains_db, strict=True)]
        changed = position.copy()
        changed[self.bands] = normalized_to_positions(self.chain, wanted)[self.bands]
        return changed


def draw_curve_db(hertz: Float64, generator: np.random.Generator) -> Float64:
    """Gains (n,) at `hertz` (n,): a tilt about 1 kHz, and a few broad bumps and dips, within 9 dB."""
    octaves = np.log2(hertz / 1000.0)
    curve = generator.normal(0, TILT_DB) * octaves
    for _ in range(int(generator.integers(*BUMPS, endpoint=True))):
        centre = generator.uniform(octaves.min(), octaves.max())
        width = np.exp(generator.uniform(*np.log(BUMP_OCTAVES)))
        curve = curve + generator.normal(0, BUMP_DB) * np.exp(-0.5 * ((octaves - centre) / width) ** 2)
    return np.asarray(np.clip(curve, -MOST_DB, MOST_DB))
