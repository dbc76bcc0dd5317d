"""Parameters that something else moves: an LFO, the sound (audio control signal), a link to another FX's parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

LINKED_TO_MIDI = -100  # in the place of the number of an FX


class LinkSource(Protocol):
    """An FX to whose parameter another one is linked."""

    def read_normalized(self, index: int) -> float:
        """The normalized value of a parameter."""


@dataclass
class Modulation:
    """What moves one parameter.

    Attributes:
        kind: as in the keys of TrackFX_GetNamedConfigParm.
        baseline: normalized, around which it moves.
        strength: how far, normalized; of a link, the factor on the source's value.
        period_ticks: of an LFO.
        source, source_parameter: of a link; without a source it is linked to MIDI.
        is_active: whether parameter modulation is on.
    """

    kind: Literal["lfo", "acs", "plink"]
    baseline: float = 0.5
    strength: float = 0.2
    period_ticks: float = 60.0
    source: LinkSource | None = None
    source_parameter: int = 0
    is_active: bool = True

    def value(self, ticks: int) -> float:
        """The normalized value of the parameter at a tick."""
        moved = self.baseline
        if self.kind == "plink":
            moved += self.strength * self.source.read_normalized(self.source_parameter) if self.source else 0.0
        else:
            moved += self.strength * math.sin(2.0 * math.pi * ticks / self.period_ticks)
        return min(max(moved, 0.0), 1.0)

    def configuration(self, module: str, key: str, source_place: int) -> str | None:
        """What TrackFX_GetNamedConfigParm answers for `param.X.module.key`."""
        if key == "active":
            return str(int(self.is_active if module == "mod" else module == self.kind))
        if module == "plink" == self.kind:
            values = {
                "effect": source_place if self.source else LINKED_TO_MIDI,
                "param": self.source_parameter if self.source else -1,
            }
            return str(values[key]) if key in values else None
        return None
