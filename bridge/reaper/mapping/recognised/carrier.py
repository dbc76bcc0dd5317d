"""An FX of any maker that carries slots of a chain: its parts, and how it is rendered in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.reaper.mapping.context_slot import ContextSlot
from bridge.reaper.mapping.recognised.parts import Part, Realisation, indices_of
from bridge.reaper.mapping.recognised.setting import Setting
from bridge.reaper.protocol.fx_snapshot import FxSnapshot
from bridge.types import Float32

UNMOVED = 1e-4


@dataclass(frozen=True)
class Carrier:
    """The parts of one FX. `hosted`: the plugin as Bridge renders it; None where its effect is computed.

    `failures`: the least that a wanted setting was off, in dB, for parts that could not do what was wanted.
    """

    fx: FxSnapshot
    parts: tuple[Part, ...]
    hosted: ContextSlot | None = None
    failures: dict[int, float] = field(default_factory=dict, compare=False)

    def key(self, part: int | None = None) -> str:
        """What stands for the slots of one part, or of all of them."""
        return f"carrier {self.fx.guid}" if part is None else f"carrier {self.fx.guid}, part {part}"

    def moved_keys(self, current: Float32, normalized: Float32) -> set[str]:
        """The keys of what is set for `normalized`."""
        moved = {self.key(number) for number, part in self.moved(current, normalized)}
        return moved | {self.key()} if moved else set()

    @property
    def slot_names(self) -> list[str]:
        """The names of the slots that it carries."""
        return [slot.name for part in self.parts for slot, _ in part.slots]

    @property
    def indices(self) -> list[int]:
        """The places of the carried controls in the chain."""
        return [index for part in self.parts for index in indices_of(part)]

    def present_settings(self, row: Float32) -> None:
        """Put the chain's settings that come nearest to what the FX does now into (controls,)."""
        for part in self.parts:
            part.present_settings(row)

    def moved(self, current: Float32, normalized: Float32) -> Iterator[tuple[int, Part]]:
        """The parts of which anything moves, by number."""
        for number, part in enumerate(self.parts):
            places = indices_of(part)
            if np.abs(normalized[places] - current[places]).max() > UNMOVED:
                yield number, part

    def realisable(self, current: Float32, normalized: Float32, row: Float32) -> None:
        """Put what can be had of `normalized` into `row`. A part that cannot do what is wanted stays as it is."""
        for number, part in self.moved(current, normalized):
            found = part.realise(normalized)
            if found.is_right:
                row[indices_of(part)] = found.real
            else:
                self.failures[number] = min(self.failures.get(number, np.inf), found.error_db)

    def realisations(self, current: Float32, normalized: Float32) -> list[Realisation]:
        """What is set for `normalized`, part by part."""
        found = [part.realise(normalized) for _, part in self.moved(current, normalized)]
        return [one for one in found if one.is_right]

    def settings(self, current: Float32, normalized: Float32) -> list[tuple[Setting, str]]:
        """What is set for `normalized`, each with the control of the chain that it stands for."""
        found: dict[int, tuple[Setting, str]] = {}
        for one in self.realisations(current, normalized):
            for setting in one.settings:
                found.setdefault(setting.parameter.index, (setting, one.names.get(setting.parameter.index, "")))
        return list(found.values())

    def hosted_values(self, current: Float32, normalized: Float32) -> Sequence[float]:
        """The values of the hosted plugin's controls with `normalized` set."""
        assert self.hosted is not None
        values = list(self.hosted.values)
        for setting, _ in self.settings(current, normalized):
            place = self.hosted.places.get(setting.parameter.index)
            if place is not None:
                values[place] = setting.normalized
        return values
